//go:build unix

package process

import (
	"bytes"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestDrainNoisy checks that drain returns even if the process never stops
// writing.
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
				return // closed for reading
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

// TestDrainTwice checks concurrent drains, which occur if an invocation and its
// process end at the same time. A process that left the group may still hold the
// other end of the pipe.
func TestDrainTwice(t *testing.T) {
	for range 500 {
		o, writer, err := openOutput(func(string) {})
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			var both sync.WaitGroup
			both.Go(o.drain)
			both.Go(o.close)
			both.Wait()
		}()
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			t.Fatal("drain or close did not return")
		}
		writer.Close()
	}
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
				t.Errorf("line of %d bytes: %.100q", len(line), line)
			}
			total += len(line)
		}
		if want := bytes.ReplaceAll(data, []byte("\n"), nil); strings.Join(got, "") != string(want) || total != len(want) {
			t.Errorf("%d bytes in lines, want %d", total, len(want))
		}
	})
}
