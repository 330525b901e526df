package casd

import (
	"errors"
	"fmt"
	"strings"

	"casd.org/casd/internal/capi"
)

// Status is what became of a call of the library.
type Status int32

// The values of [Status]. They never change; new ones may be added.
const (
	StatusOK              Status = 0  // It worked.
	StatusInvalidArgument Status = 1  // An argument is out of range or does not fit.
	StatusOutOfMemory     Status = 2  // Memory ran out.
	StatusIO              Status = 3  // A file could not be read or written.
	StatusFormat          Status = 4  // The bytes are not a valid file of the expected kind.
	StatusVersion         Status = 5  // A valid file, but made by a newer library.
	StatusUnavailable     Status = 6  // A plug-in, device or build option is missing.
	StatusState           Status = 7  // The right call at the wrong time.
	StatusCancelled       Status = 8  // A context or Trainer.Cancel stopped it.
	StatusNumeric         Status = 9  // A loss or a result is not finite.
	StatusDevice          Status = 10 // The device failed, or has too little memory.
	StatusInternal        Status = 11 // A defect of the library: please report it.
	StatusNotFound        Status = 12 // There is no item of that name or index.
	StatusBufferTooSmall  Status = 13 // The caller's slice is too short.
)

// String returns the status' name, such as "INVALID_ARGUMENT".
func (s Status) String() string {
	if ready() == nil {
		return capi.Casd_status_name(int32(s))
	}
	// The library that is loaded is another one. This is the only error then.
	if s == StatusVersion {
		return "VERSION"
	}
	return fmt.Sprintf("status %d", int32(s))
}

// One error per status, for [errors.Is].
var (
	ErrInvalidArgument = errors.New("casd: invalid argument")
	ErrOutOfMemory     = errors.New("casd: out of memory")
	ErrIO              = errors.New("casd: input or output failed")
	ErrFormat          = errors.New("casd: wrong format")
	ErrVersion         = errors.New("casd: wrong version")
	ErrUnavailable     = errors.New("casd: unavailable")
	ErrState           = errors.New("casd: wrong state")
	ErrCancelled       = errors.New("casd: cancelled")
	ErrNumeric         = errors.New("casd: not finite")
	ErrDevice          = errors.New("casd: device failed")
	ErrInternal        = errors.New("casd: internal error")
	ErrNotFound        = errors.New("casd: not found")
	ErrBufferTooSmall  = errors.New("casd: buffer too small")
)

// ErrClosed is returned by calls on an object after its Close.
var ErrClosed = errors.New("casd: the object is closed")

// ErrBusy is returned by a call on a [Batch], [Dataset], [Prediction] or [Trainer] while another
// goroutine is inside a call on it. These objects have one owner at a time.
var ErrBusy = errors.New("casd: the object is in use by another goroutine")

var sentinels = map[Status]error{
	StatusInvalidArgument: ErrInvalidArgument,
	StatusOutOfMemory:     ErrOutOfMemory,
	StatusIO:              ErrIO,
	StatusFormat:          ErrFormat,
	StatusVersion:         ErrVersion,
	StatusUnavailable:     ErrUnavailable,
	StatusState:           ErrState,
	StatusCancelled:       ErrCancelled,
	StatusNumeric:         ErrNumeric,
	StatusDevice:          ErrDevice,
	StatusInternal:        ErrInternal,
	StatusNotFound:        ErrNotFound,
	StatusBufferTooSmall:  ErrBufferTooSmall,
}

// Error is a failure that the library reported. [errors.Is] compares it with the error of its status:
//
//	if errors.Is(err, casd.ErrNotFound) { ... }
type Error struct {
	Status  Status // Never StatusOK.
	Message string // What was wrong, with the value and the allowed range.

	cause error // The context's error where that cancelled the call.
}

// Error returns the status' name and the message.
func (e *Error) Error() string { return "casd: " + e.Status.String() + ": " + e.Message }

// Unwrap returns the error of the status, and the context's error if that cancelled the call.
func (e *Error) Unwrap() []error {
	var result []error
	if sentinel := sentinels[e.Status]; sentinel != nil {
		result = append(result, sentinel)
	}
	if e.cause != nil {
		result = append(result, e.cause)
	}
	return result
}

func invalid(format string, values ...any) error {
	return &Error{Status: StatusInvalidArgument, Message: fmt.Sprintf(format, values...)}
}

// plainTexts rejects texts with a zero byte, which would end them in C.
func plainTexts(texts ...string) error {
	for _, text := range texts {
		if strings.IndexByte(text, 0) >= 0 {
			return invalid("the text %q has a zero byte", text)
		}
	}
	return nil
}
