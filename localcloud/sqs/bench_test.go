package sqs_test

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"tally/localcloud/iam"
	"tally/localcloud/sqs"
	"tally/localcloud/store"
)

// onDisk returns a service with the queue work, and the function that restarts it.
func onDisk(tb testing.TB) (s *sqs.Service, restart func() *sqs.Service) {
	tb.Helper()
	dir := tb.TempDir()
	var st *store.Store
	open := func() *sqs.Service {
		var err error
		if st, err = store.Open(dir); err != nil {
			tb.Fatal(err)
		}
		authorizer, err := iam.New(place, nil)
		if err != nil {
			tb.Fatal(err)
		}
		s, err := sqs.New(place, st, authorizer, func() string { return "http://127.0.0.1:4566" })
		if err != nil {
			tb.Fatal(err)
		}
		return s
	}
	s = open()
	tb.Cleanup(func() { st.Close() })
	if _, err := s.CreateQueue(sqs.Queue{Name: "work", VisibilityTimeoutSeconds: 3600}); err != nil {
		tb.Fatal(err)
	}
	return s, func() *sqs.Service {
		if err := st.Close(); err != nil {
			tb.Fatal(err)
		}
		return open()
	}
}

// fill sends n messages of 700 bytes, which are not necessarily on disk.
func fill(tb testing.TB, s *sqs.Service, n int) {
	tb.Helper()
	m := entry(strings.Repeat("x", 700)).QueueMessage
	for range n {
		if _, err := s.SendMessage(tb.Context(), developer, workARN, m); err != nil {
			tb.Fatal(err)
		}
	}
}

// inParallel runs b.N times do in a number of goroutines.
func inParallel(b *testing.B, goroutines int, do func() error) {
	var wg sync.WaitGroup
	for i := range goroutines {
		wg.Go(func() {
			for j := i; j < b.N; j += goroutines {
				if err := do(); err != nil {
					b.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkSend(b *testing.B) {
	for _, senders := range []int{1, 16} {
		b.Run(fmt.Sprint(senders), func(b *testing.B) {
			s, _ := onDisk(b)
			e := entry(strings.Repeat("x", 700))
			b.ResetTimer()
			inParallel(b, senders, func() error {
				_, err := s.Send(b.Context(), developer, work, e)
				return err
			})
		})
	}
}

func BenchmarkReceiveAndDelete(b *testing.B) {
	for _, receivers := range []int{1, 16} {
		b.Run(fmt.Sprint(receivers), func(b *testing.B) {
			s, _ := onDisk(b)
			fill(b, s, b.N)
			b.ResetTimer()
			inParallel(b, receivers, func() error {
				m, err := s.Receive(b.Context(), developer, work, sqs.ReceiveRequest{MaxMessages: 1})
				if err != nil {
					return err
				}
				return s.Delete(b.Context(), developer, work, m[0].ReceiptHandle)
			})
		})
	}
}

func BenchmarkPurge100000(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		s, _ := onDisk(b)
		fill(b, s, 100_000)
		b.StartTimer()
		if err := s.Purge(b.Context(), developer, work); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkStart100000 also reports the memory of a message.
func BenchmarkStart100000(b *testing.B) {
	const n = 100_000
	s, restart := onDisk(b)
	fill(b, s, n)
	for b.Loop() {
		b.StopTimer()
		s = nil
		before := inUse()
		b.StartTimer()
		start := time.Now()
		s = restart()
		b.ReportMetric(float64(time.Since(start).Milliseconds()), "ms/start")
		b.StopTimer()
		b.ReportMetric((float64(inUse())-float64(before))/n, "B/message")
		b.StartTimer()
	}
	if c, err := s.Count(work); err != nil || c.Available != n {
		b.Fatal(c, err)
	}
}

func inUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
