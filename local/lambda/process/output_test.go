//go:build unix

package process

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// TestDrainNoisy: a process that never stops writing does not keep drain from
// its end.
func TestDrainNoisy(t *testing.T) {
	o, writer, err := openOutput(func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		line := []byte(strings.Repeat("x", 4095) + "\n")
		for {
			if _, err := writer.Write(line); err != nil {
				return // nobody reads any more
			}
		}
	}()
	for range 100 {
		o.drain()
	}
	o.close()
	<-stopped
	o.drain()
	writer.Close()
}

func FuzzLines(f *testing.F) {
	f.Add([]byte("a\n\nb"), uint16(1))
	f.Add([]byte("a\r\nb\n"), uint16(3))
	f.Add(bytes.Repeat([]byte("x"), 3*maxLine+1), uint16(60000))
	f.Fuzz(func(t *testing.T, data []byte, size uint16) {
		var got []string
		o := output{line: func(line string) { got = append(got, line) }}
		for chunk := range slices.Chunk(data, max(1, int(size))) {
			o.take(chunk)
		}
		o.flush()
		total := 0
		for _, line := range got {
			if len(line) > maxLine || strings.Contains(line, "\n") {
				t.Errorf("a line of %d bytes: %.100q", len(line), line)
			}
			total += len(line)
		}
		if want := bytes.ReplaceAll(data, []byte("\n"), nil); strings.Join(got, "") != string(want) || total != len(want) {
			t.Errorf("%d bytes in lines, want %d", total, len(want))
		}
	})
}
