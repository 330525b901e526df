package casd

import (
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"

	"casd.org/casd/internal/capi"
)

// closedBit is set in native.users when the object was closed.
const closedBit = 1 << 62

// native is an object of the library and the calls that use it. The last of them destroys it after
// Close, so that Close during a call is safe.
type native struct {
	kind    string
	address uintptr
	destroy func(uintptr)
	users   atomic.Int64
	owner   sync.RWMutex // the objects that one goroutine at a time may use
}

// handle is what the types of the facade embed.
type handle struct {
	native *native
}

// own takes over an object of the library; keeper is the Go object that embeds the handle. The object is
// destroyed by Close, or some time after keeper became unreachable.
func own[T any](keeper *T, h *handle, kind string, address uintptr, destroy func(uintptr)) {
	h.native = &native{kind: kind, address: address, destroy: destroy}
	runtime.AddCleanup(keeper, (*native).close, h.native)
}

// Close releases the object. It never fails, and the second call has no effect. A call that is in
// progress on another goroutine ends normally; later calls return [ErrClosed].
func (h *handle) Close() error {
	if h.native != nil {
		h.native.close()
	}
	runtime.KeepAlive(h)
	return nil
}

func (n *native) close() {
	if n.users.Or(closedBit) == 0 {
		n.destroy(n.address)
	}
}

// use begins a call on an object that any number of goroutines may use; done ends it.
func (h *handle) use() (uintptr, error) {
	n := h.native
	if n == nil {
		return 0, fmt.Errorf("%w: use a constructor", ErrClosed)
	}
	for {
		users := n.users.Load()
		if users&closedBit != 0 {
			return 0, fmt.Errorf("%s: %w", n.kind, ErrClosed)
		}
		if n.users.CompareAndSwap(users, users+1) {
			break
		}
	}
	runtime.KeepAlive(h) // from here on the user counts, whether h is reachable or not
	return n.address, nil
}

func (h *handle) done() {
	if n := h.native; n.users.Add(-1) == closedBit {
		n.destroy(n.address)
	}
}

// write begins a call on an object that one goroutine at a time may use; doneWriting ends it.
func (h *handle) write() (uintptr, error) {
	address, err := h.use()
	if err != nil {
		return 0, err
	}
	if !h.native.owner.TryLock() {
		h.done()
		return 0, fmt.Errorf("%s: %w", h.native.kind, ErrBusy)
	}
	return address, nil
}

func (h *handle) doneWriting() {
	h.native.owner.Unlock()
	h.done()
}

// read begins a call that does not change the object; doneReading ends it.
func (h *handle) read() (uintptr, error) {
	address, err := h.use()
	if err != nil {
		return 0, err
	}
	if !h.native.owner.TryRLock() {
		h.done()
		return 0, fmt.Errorf("%s: %w", h.native.kind, ErrBusy)
	}
	return address, nil
}

func (h *handle) doneReading() {
	h.native.owner.RUnlock()
	h.done()
}

// number32 is n as the library takes it. What does not fit becomes the nearest number, which is beyond
// every range that the library accepts.
func number32(n int) int32 {
	return int32(min(max(n, math.MinInt32), math.MaxInt32))
}

// failed turns what a call of the library returned into an *Error.
func failed(err error) error {
	failure, isFailure := err.(*capi.Failure)
	if !isFailure {
		return err
	}
	return &Error{Status: Status(failure.Status), Message: failure.Message}
}
