package store

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// FuzzValues makes any changes of values on disk and in memory, and compares what is read
// with a map. Each change is three bytes: what to do, and two parts of a key.
func FuzzValues(f *testing.F) {
	disk, err := Open(f.TempDir())
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { disk.Close() })
	f.Add([]byte("\x00ab\x00ac\x01ab\x02a\x00\x03ac"), "a", "ab")
	f.Add([]byte("\x00a\x00\x00a\xff\x02\x00\x00\x00\x00\x00"), "", "\x00")
	n := 0
	f.Fuzz(func(t *testing.T, changes []byte, prefix, from string) {
		if strings.HasSuffix(prefix, "\xff") {
			return
		}
		n++
		memory := InMemory()
		all := []*Values{NewValues(disk, fmt.Sprint(n)), NewValues(memory, "v"), NewValues(memory, "va")}
		other := all[2].Set("x", []byte("untouched"))
		if err := memory.Apply(other); err != nil {
			t.Fatal(err)
		}
		want := map[string][]byte{}
		for c := range slices.Chunk(changes, 3) {
			if len(c) < 3 {
				break
			}
			key, value := string(c[1:]), c[:1]
			for i, v := range all[:2] {
				var change Change
				switch c[0] % 4 {
				case 0:
					change = v.Set(key, slices.Clone(value))
				case 1:
					change = v.Set(key, []byte{}) // empty, but set
				case 2:
					change = v.Unset(key)
				case 3:
					if c[1] == 255 {
						continue
					}
					change = v.Clear(key[:1])
				}
				if err := []*Store{disk, memory}[i].Apply(change); err != nil {
					t.Fatal(err)
				}
			}
			switch c[0] % 4 {
			case 0:
				want[key] = value
			case 1:
				want[key] = []byte{}
			case 2:
				delete(want, key)
			case 3:
				if c[1] != 255 {
					maps.DeleteFunc(want, func(k string, _ []byte) bool { return strings.HasPrefix(k, key[:1]) })
				}
			}
		}
		selected := slices.DeleteFunc(slices.Sorted(maps.Keys(want)), func(k string) bool { return !strings.HasPrefix(k, prefix) || k < from })
		for _, v := range all[:2] {
			var got []string
			err := v.Ascend(prefix, from, func(key string, value []byte) bool {
				if !bytes.Equal(value, want[key]) {
					t.Errorf("%q is %q, want %q", key, value, want[key])
				}
				got = append(got, key)
				return true
			})
			if err != nil || !slices.Equal(got, selected) {
				t.Errorf("from %q with %q: %q, %v, want %q", from, prefix, got, err, selected)
			}
			for _, key := range append(slices.Collect(maps.Keys(want)), prefix, from) {
				value, err := v.Get(key)
				if expected, exists := want[key]; err != nil || !bytes.Equal(value, expected) || (value != nil) != exists {
					t.Errorf("%q is %q, %v, want %q", key, value, err, expected)
				}
			}
		}
		if value, err := all[2].Get("x"); err != nil || string(value) != "untouched" {
			t.Errorf("another map has changed: %q, %v", value, err)
		}
	})
}

// FuzzMark reads a mark again, and compares the order of two with that of their bytes.
func FuzzMark(f *testing.F) {
	f.Add(int64(1_764_470_405_000), uint64(1), int64(1_764_470_405_000), uint64(2))
	f.Add(int64(-1), uint64(math.MaxUint64), int64(0), uint64(0))
	f.Fuzz(func(t *testing.T, at int64, seq uint64, at2 int64, seq2 uint64) {
		a, b := Mark{time.UnixMilli(at), seq}, Mark{time.UnixMilli(at2), seq2}
		if got, want := bytes.Compare(a.bytes(), b.bytes()), a.Compare(b); got != want || want != -b.Compare(a) {
			t.Errorf("%v and %v: %d as bytes, %d as marks", a, b, got, want)
		}
		if got := parseMark(a.bytes()); got.Compare(a) != 0 || got.Seq != seq || at >= 0 && !got.Time.Equal(a.Time) || len(a.bytes()) != markSize {
			t.Errorf("%v is read as %v", a, got)
		}
	})
}

// FuzzClosed replaces the list of the files of a closed state, or cuts a part from it. The
// state can only be used if each line of the list is one that was written.
func FuzzClosed(f *testing.F) {
	dir := f.TempDir()
	for name, content := range map[string]string{formatFile: format, "000004.log": "abc", "000005.sst": "table", "MANIFEST-000001": "", "OPTIONS-000003": "x", lockFile: ""} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			f.Fatal(err)
		}
	}
	if err := writeClosed(dir); err != nil {
		f.Fatal(err)
	}
	list, err := os.ReadFile(filepath.Join(dir, closedFile))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(list, uint16(0), uint16(0))
	f.Add(list, uint16(bytes.IndexByte(list, '\n')+1), uint16(1000))
	f.Add([]byte{}, uint16(0), uint16(0))
	f.Add([]byte("../x 1\n"), uint16(0), uint16(0))
	f.Fuzz(func(t *testing.T, other []byte, from, n uint16) {
		start := min(int(from), len(list))
		cut := slices.Delete(slices.Clone(list), start, min(start+int(n), len(list)))
		for _, damaged := range [][]byte{other, cut} {
			if err := os.WriteFile(filepath.Join(dir, closedFile), damaged, 0o600); err != nil {
				t.Fatal(err)
			}
			err := checkFiles(dir)
			valid := true // a list without a line checks less
			for line := range strings.Lines(string(damaged)) {
				valid = valid && slices.Contains(slices.Collect(strings.Lines(string(list))), line)
			}
			if valid != (err == nil) {
				t.Errorf("%q instead of %q: %v", damaged, list, err)
			}
			if err != nil && !errors.Is(err, ErrUnusable) {
				t.Errorf("%q: %v", damaged, err)
			}
		}
	})
}
