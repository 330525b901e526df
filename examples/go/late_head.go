package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"
)

// lateHeads is a listener whose connections answer with 408 when the head of a request does not arrive in
// time. net/http closes such a connection without an answer, even if the head is on its way.
type lateHeads struct {
	net.Listener
	limit time.Duration
}

// Accept waits for a connection.
func (l lateHeads) Accept() (net.Conn, error) {
	plain, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &connection{Conn: plain, limit: l.limit}, nil
}

// connection is a connection of lateHeads.
type connection struct {
	net.Conn
	limit  time.Duration
	inHead atomic.Bool // The time limit of a head runs. Later, the handler answers.
	idle   atomic.Bool // The next byte begins a head.
}

// follow is the ConnState hook of the server.
func follow(c net.Conn, state http.ConnState) {
	if c, ok := c.(*connection); ok {
		c.inHead.Store(state == http.StateNew)
		c.idle.Store(state == http.StateIdle)
	}
}

// Read reads; a head that is late is answered.
func (c *connection) Read(buffer []byte) (int, error) {
	n, err := c.Conn.Read(buffer)
	if n > 0 && c.idle.Swap(false) {
		c.inHead.Store(true)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) && c.inHead.Swap(false) {
		c.refuse()
	}
	return n, err
}

// CloseWrite lets net/http end a connection without losing the answer.
func (c *connection) CloseWrite() error {
	if plain, ok := c.Conn.(*net.TCPConn); ok {
		return plain.CloseWrite()
	}
	return nil
}

// refuse answers, and then ignores what still arrives: closing the connection at once can make the client
// lose the answer.
func (c *connection) refuse() {
	body := problemJSON(http.StatusRequestTimeout, fmt.Sprintf("the head did not arrive within %v", c.limit))
	c.SetDeadline(time.Now().Add(c.limit + drainTime))
	fmt.Fprintf(c.Conn, "HTTP/1.1 408 Request Timeout\r\nContent-Type: application/problem+json\r\n"+
		"Content-Length: %d\r\nConnection: close\r\n\r\n%s", len(body), body)
	c.CloseWrite()
	io.CopyN(io.Discard, c.Conn, drainBytes)
}
