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

// TestReadAll checks that the reader passes on everything, also if that is more than a pipe
// holds, and reads on after it has found the pipe empty.
func TestReadAll(t *testing.T) {
	lines := make(chan string, 1<<16)
	o, writer, err := openOutput(func(line string) { lines <- line })
	if err != nil {
		t.Fatal(err)
	}
	defer o.close()
	line := strings.Repeat("x", 99)
	for range 3 {
		const n = 10_000
		if _, err := writer.WriteString(strings.Repeat(line+"\n", n)); err != nil {
			t.Fatal(err)
		}
		for range n {
			if got := <-lines; got != line {
				t.Fatalf("line %q", got)
			}
		}
	}
	writer.Close()
	<-o.ended
}

// FuzzLines splits lines after a few bytes. With the real limit, only inputs of hundreds
// of kilobytes would reach it, and the fuzzer manages few of them.
func FuzzLines(f *testing.F) {
	f.Add([]byte("a\n\nb"), uint8(1), uint8(255))
	f.Add([]byte("a\r\nb\n"), uint8(3), uint8(2))
	f.Add(bytes.Repeat([]byte("x"), 31), uint8(7), uint8(10))
	f.Add([]byte("123456\n\n7"), uint8(7), uint8(6))
	f.Fuzz(func(t *testing.T, data []byte, size, limit uint8) {
		var got []string
		o := output{line: func(line string) { got = append(got, line) }, limit: max(1, int(limit))}
		for chunk := range slices.Chunk(data, max(1, int(size))) {
			o.take(chunk)
		}
		o.flush()
		if want := reference(data, o.limit); !slices.Equal(got, want) {
			t.Errorf("%q with lines of %d bytes: %q, want %q", data, o.limit, got, want)
		}
		total := 0
		for _, line := range got {
			if len(line) > o.limit || strings.Contains(line, "\n") {
				t.Errorf("line of %d bytes: %.100q", len(line), line)
			}
			total += len(line)
		}
		if want := bytes.ReplaceAll(data, []byte("\n"), nil); strings.Join(got, "") != string(want) || total != len(want) {
			t.Errorf("%d bytes in lines, want %d", total, len(want))
		}
	})
}

// reference returns the lines of the data, each split into parts of at most limit bytes.
// As long as a line may continue, a part is not passed on before the next byte.
func reference(data []byte, limit int) (lines []string) {
	text := string(data)
	for text != "" {
		line, rest, complete := strings.Cut(text, "\n")
		for len(line) > limit {
			lines, line = append(lines, line[:limit]), line[limit:]
		}
		if complete || line != "" {
			lines = append(lines, line)
		}
		text = rest
	}
	return lines
}

// TestCloseNoisy checks that close returns even if the lines of a process that never stops
// writing are taken more slowly than it writes them.
func TestCloseNoisy(t *testing.T) {
	o, writer, err := openOutput(func(string) { time.Sleep(100 * time.Microsecond) })
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	go func() {
		lines := bytes.Repeat(append(bytes.Repeat([]byte("x"), 1023), '\n'), 16)
		for {
			if _, err := writer.Write(lines); err != nil {
				return // closed for reading
			}
		}
	}()
	closed := make(chan struct{})
	go func() { o.close(); close(closed) }()
	select {
	case <-closed:
	case <-time.After(30 * time.Second):
		t.Fatal("close did not return")
	}
}
