package body

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// endless fails the test if it is read.
type endless struct{ t *testing.T }

func (e endless) Read([]byte) (int, error) {
	e.t.Error("the body was read")
	return 0, io.EOF
}

func TestRead(t *testing.T) {
	const limit = 200_000
	for _, size := range []int{0, 1, Small, Small + 1, limit - 1, limit, limit + 1, 2 * limit} {
		for name, length := range map[string]int64{"declared": int64(size), "chunked": -1} {
			want := strings.Repeat("x", size)
			r := &http.Request{ContentLength: length, Body: io.NopCloser(strings.NewReader(want))}
			got, release, err := Read(r, limit)
			if size > limit {
				if err != ErrTooLarge {
					t.Errorf("%s, %d bytes: %v, want ErrTooLarge", name, size, err)
				}
				continue
			}
			if err != nil || string(got) != want {
				t.Errorf("%s, %d bytes: %d bytes, %v", name, size, len(got), err)
			}
			release()
		}
	}
	if !reading.TryAcquire(atOnce) {
		t.Fatal("not all was released")
	}
	reading.Release(atOnce)
}

// A limit may be lower than the size up to which bodies do not wait.
func TestLowLimit(t *testing.T) {
	for size, want := range map[int]error{50: nil, 51: ErrTooLarge} {
		r := &http.Request{ContentLength: -1, Body: io.NopCloser(strings.NewReader(strings.Repeat("x", size)))}
		if _, _, err := Read(r, 50); err != want {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}

func TestTooLargeIsNotRead(t *testing.T) {
	if _, _, err := Read(&http.Request{ContentLength: 1001, Body: io.NopCloser(endless{t})}, 1000); err != ErrTooLarge {
		t.Error(err)
	}
}

// A body that is cut off is an error, whatever its length.
func TestCutOff(t *testing.T) {
	for _, size := range []int64{10, Small + 10, 2 * Small} {
		body := io.MultiReader(bytes.NewReader(make([]byte, size-5)), errorReader{})
		if _, _, err := Read(&http.Request{ContentLength: size, Body: io.NopCloser(body)}, 1<<20); err == nil {
			t.Errorf("%d bytes of %d: no error", size-5, size)
		}
	}
}

type errorReader struct{}

func (errorReader) Read([]byte) (int, error) { return 0, errors.New("cut off") }

// Large bodies wait for one another, small ones do not, and memory stays bounded.
func TestAtOnce(t *testing.T) {
	large := func(ctx context.Context) (func(), error) {
		r := (&http.Request{ContentLength: atOnce / 2, Body: io.NopCloser(bytes.NewReader(make([]byte, atOnce/2)))}).WithContext(ctx)
		_, release, err := Read(r, atOnce)
		return release, err
	}
	one, err := large(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	two, err := large(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := large(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a third one: %v", err)
	}
	small := &http.Request{ContentLength: 5, Body: io.NopCloser(strings.NewReader("small"))}
	if got, _, err := Read(small, 100); err != nil || string(got) != "small" {
		t.Errorf("%q, %v", got, err)
	}
	one()
	if three, err := large(t.Context()); err != nil {
		t.Error(err)
	} else {
		three()
	}
	two()
}
