package peer

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"syscall"
	"testing"
)

// FuzzChildren parses the list of any processes, and compares what is parsed of other
// text with the numbers in it.
func FuzzChildren(f *testing.F) {
	f.Add([]byte("12 345 "), uint32(1), uint32(4194304))
	f.Add([]byte(""), uint32(0), uint32(99))
	f.Fuzz(func(t *testing.T, list []byte, a, b uint32) {
		want := []int{}
		for _, field := range bytes.SplitAfter(list, []byte(" ")) {
			number, ended := bytes.CutSuffix(field, []byte(" "))
			if n, err := strconv.ParseUint(string(number), 10, 32); err == nil && ended {
				want = append(want, int(n))
			} else if len(field) > 0 {
				want = nil // the kernel writes only numbers
				break
			}
		}
		if got := parseChildren(list); want != nil && !slices.Equal(got, want) {
			t.Errorf("%q: %v, want %v", list, got, want)
		}
		if got := parseChildren(fmt.Appendf(nil, "%d %d ", a, b)); !slices.Equal(got, []int{int(a), int(b)}) {
			t.Errorf("%d %d: %v", a, b, got)
		}
	})
}

// FuzzAnswer compares the decoder with one that knows the offsets of the kernel's answer.
func FuzzAnswer(f *testing.F) {
	local := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 4565}
	reply := func(kind uint16, user, inode uint32) []byte {
		b := make([]byte, 88)
		binary.NativeEndian.PutUint32(b, uint32(len(b)))
		binary.NativeEndian.PutUint16(b[4:], kind)
		binary.NativeEndian.PutUint32(b[80:], user)
		binary.NativeEndian.PutUint32(b[84:], inode)
		return b
	}
	f.Add(reply(sockDiagByFamily, 1000, 12345))
	f.Add(reply(sockDiagByFamily, 1000, 0))
	f.Add(reply(2, 0, 7))
	f.Add(append(reply(2, 0, 7)[:16], 0xfe, 0xff, 0xff, 0xff)) // -ENOENT
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := decode(slices.Clone(b), local)
		valid := len(b) >= 88 && binary.NativeEndian.Uint16(b[4:]) == sockDiagByFamily && binary.NativeEndian.Uint32(b[84:]) != 0
		if (err == nil) != valid {
			t.Fatalf("%x: %v", b, err)
		}
		if valid && (p.User != int(binary.NativeEndian.Uint32(b[80:])) || p.inode != binary.NativeEndian.Uint32(b[84:])) {
			t.Errorf("%x: %+v", b, p)
		}
		if !valid && p != (Peer{}) {
			t.Errorf("%x: %+v, %v", b, p, err)
		}
		if len(b) >= 20 && len(b) < 88 && int32(binary.NativeEndian.Uint32(b[16:])) == -int32(syscall.ENOENT) && !errors.Is(err, syscall.ENOENT) {
			t.Errorf("%x: %v", b, err)
		}
	})
}
