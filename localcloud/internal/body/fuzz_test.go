package body

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/iotest"
)

// FuzzRead reads bodies of any size whose declared length is right, unknown or wrong, in
// small parts, and compares with what was sent. Package http delivers no more than the
// declared length, and reports a body that is cut off.
func FuzzRead(f *testing.F) {
	for _, size := range []uint32{0, 1, Small, Small + 1, 200_000, 200_001} {
		f.Add(size, uint32(200_000), int32(-1), uint8(0))
		f.Add(size, size, int32(size), uint8(1))
		f.Add(size, uint32(200_000), int32(size+1), uint8(2))
	}
	f.Add(uint32(100), uint32(50), int32(-1), uint8(0))
	f.Fuzz(func(t *testing.T, size, limit uint32, declared int32, how uint8) {
		size, limit = size%300_000, limit%300_000
		sent := bytes.Repeat([]byte("abcdefg"), int(size)/7+1)[:size]
		var r io.Reader = bytes.NewReader(sent)
		switch length := int(declared); {
		case length < 0:
			declared = -1
		case length < len(sent):
			sent = sent[:length]
			r = bytes.NewReader(sent)
		case length > len(sent):
			r = io.MultiReader(r, iotest.ErrReader(io.ErrUnexpectedEOF))
		}
		cut := int(declared) > len(sent)
		switch how % 3 {
		case 1:
			r = iotest.HalfReader(r)
		case 2:
			r = iotest.DataErrReader(r)
		}
		got, release, err := Read(&http.Request{ContentLength: int64(declared), Body: io.NopCloser(r)}, int64(limit))
		if err == nil {
			release()
		}
		if !reading.TryAcquire(atOnce) {
			t.Fatal("not all was released")
		}
		reading.Release(atOnce)
		large := max(int(declared), len(sent)) > int(limit)
		switch {
		case large:
			if err == nil {
				t.Errorf("%d bytes, declared as %d, are within %d", len(sent), declared, limit)
			}
		case cut:
			if err == nil || errors.Is(err, ErrTooLarge) {
				t.Errorf("%d bytes, declared as %d: %d bytes, %v", len(sent), declared, len(got), err)
			}
		case err != nil || !bytes.Equal(got, sent):
			t.Errorf("%d bytes, declared as %d, of at most %d: %d bytes, %v", len(sent), declared, limit, len(got), err)
		}
	})
}
