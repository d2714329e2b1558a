// Package body reads the bodies of requests. Many large ones may arrive at once, so it
// refuses those that are too large before it reads them, and reads only so many bytes of
// all others at a time.
package body

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"golang.org/x/sync/semaphore"
)

const (
	// Small is the size up to which a body does not wait for others, in bytes.
	Small = 64 << 10
	// atOnce is how many bytes of larger bodies are read at once.
	atOnce = 64 << 20
)

// ErrTooLarge means that a body exceeds the limit.
var ErrTooLarge = errors.New("the request body is too large")

// reading is what remains of atOnce.
var reading = semaphore.NewWeighted(atOnce)

// Read reads the body of a request. The caller calls release when it needs no more
// memory for the body than that of the result, such as for another encoding; it must not
// wait for other requests before that. The error is ErrTooLarge if the body has more than
// limit bytes, and the context's error if the client disconnects or is too slow.
func Read(r *http.Request, limit int64) (body []byte, release func(), err error) {
	if r.ContentLength > limit {
		return nil, nil, ErrTooLarge
	}
	release = func() {}
	if r.ContentLength >= 0 && r.ContentLength <= Small {
		body = make([]byte, r.ContentLength)
		_, err = io.ReadFull(r.Body, body)
		return body, release, err
	}
	// Most bodies of unknown length are small.
	start, err := io.ReadAll(io.LimitReader(r.Body, Small+1))
	if err == nil && int64(len(start)) > limit {
		err = ErrTooLarge
	}
	if err != nil || len(start) <= Small {
		return start, release, err
	}
	size := r.ContentLength
	if size < 0 {
		size = limit
	}
	if release, err = wait(r.Context(), min(size, atOnce)); err != nil {
		return nil, nil, err
	}
	if body, err = rest(r.Body, start, size, limit); err != nil {
		release()
		return nil, nil, err
	}
	return body, release, nil
}

// wait waits until n more bytes may be read.
func wait(ctx context.Context, n int64) (release func(), err error) {
	if err := reading.Acquire(ctx, n); err != nil {
		return nil, fmt.Errorf("wait for the bodies of other requests: %w", err)
	}
	return func() { reading.Release(n) }, nil
}

// rest reads the rest of a body that begins with start, and has size bytes or fewer.
func rest(r io.Reader, start []byte, size, limit int64) ([]byte, error) {
	body := make([]byte, size)
	n := copy(body, start)
	m, err := io.ReadFull(r, body[n:])
	if err == io.ErrUnexpectedEOF || err == io.EOF {
		err = nil // a body of unknown length; package http reports one that is cut off
	}
	if err != nil {
		return nil, err
	}
	if n+m == int(limit) {
		if extra, _ := io.ReadFull(r, make([]byte, 1)); extra > 0 {
			return nil, ErrTooLarge
		}
	}
	return body[:n+m], nil
}
