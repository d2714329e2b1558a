package store_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"tally/localcloud/store"
)

func series(t *testing.T, s *store.Store) *store.Series {
	t.Helper()
	r, err := store.NewSeries(s, "events")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func appendAt(t *testing.T, r *store.Series, key string, millis ...int64) {
	t.Helper()
	for _, ms := range millis {
		p := store.Point{Mark: store.Mark{Time: time.UnixMilli(ms)}, Data: fmt.Appendf(nil, "at %d", ms)}
		if err := r.Append(key, []store.Point{p}); err != nil {
			t.Fatal(err)
		}
	}
}

// collect returns the points that walk visits, as "millis/seq".
func collect(t *testing.T, walk func(func(store.Point) bool) error) []string {
	t.Helper()
	var seen []string
	err := walk(func(p store.Point) bool {
		if want := fmt.Sprintf("at %d", p.Time.UnixMilli()); string(p.Data) != want {
			t.Errorf("point %v holds %q, want %q", p.Mark, p.Data, want)
		}
		seen = append(seen, fmt.Sprintf("%d/%d", p.Time.UnixMilli(), p.Seq))
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return seen
}

// TestSeries checks that a series on disk and one in memory behave the same.
func TestSeries(t *testing.T) {
	onDisk := open(t, t.TempDir())
	defer onDisk.Close()
	for name, s := range map[string]*store.Store{"on disk": onDisk, "in memory": nil} {
		t.Run(name, func(t *testing.T) {
			r := series(t, s)
			appendAt(t, r, "a", 30, 10)
			appendAt(t, r, "b", 5)
			appendAt(t, r, "a", 20, 10)

			ascend := func(from store.Mark) func(func(store.Point) bool) error {
				return func(v func(store.Point) bool) error { return r.Ascend("a", from, v) }
			}
			descend := func(before store.Mark) func(func(store.Point) bool) error {
				return func(v func(store.Point) bool) error { return r.Descend("a", before, v) }
			}
			arrivals := func(after uint64) func(func(store.Point) bool) error {
				return func(v func(store.Point) bool) error { return r.Arrivals("a", after, v) }
			}
			at := func(ms int64, seq uint64) store.Mark { return store.Mark{Time: time.UnixMilli(ms), Seq: seq} }
			for what, c := range map[string]struct {
				walk func(func(store.Point) bool) error
				want []string
			}{
				"all":               {ascend(store.Mark{}), []string{"10/2", "10/5", "20/4", "30/1"}},
				"from a point":      {ascend(at(10, 5)), []string{"10/5", "20/4", "30/1"}},
				"between points":    {ascend(at(15, 0)), []string{"20/4", "30/1"}},
				"from the end":      {ascend(at(31, 0)), nil},
				"down from the end": {descend(at(99, 0)), []string{"30/1", "20/4", "10/5", "10/2"}},
				"down from a point": {descend(at(20, 4)), []string{"10/5", "10/2"}},
				"down from zero":    {descend(store.Mark{}), nil},
				"arrivals":          {arrivals(0), []string{"30/1", "10/2", "20/4", "10/5"}},
				"later arrivals":    {arrivals(3), []string{"20/4", "10/5"}},
				"no arrivals":       {arrivals(5), nil},
			} {
				if got := collect(t, c.walk); !slices.Equal(got, c.want) {
					t.Errorf("%s: %v, want %v", what, got, c.want)
				}
			}

			if err := r.Trim("a", time.UnixMilli(20)); err != nil {
				t.Fatal(err)
			}
			if got, want := collect(t, ascend(store.Mark{})), []string{"20/4", "30/1"}; !slices.Equal(got, want) {
				t.Errorf("after Trim: %v, want %v", got, want)
			}
			if got, want := collect(t, arrivals(0)), []string{"30/1", "20/4"}; !slices.Equal(got, want) {
				t.Errorf("arrivals after Trim: %v, want %v", got, want)
			}
			for _, key := range []string{"a", "a"} { // the second time, there is nothing to drop
				if err := r.Drop(key); err != nil {
					t.Fatal(err)
				}
			}
			appendAt(t, r, "a", 7)
			if got, want := collect(t, ascend(store.Mark{})), []string{"7/6"}; !slices.Equal(got, want) {
				t.Errorf("after Drop: %v, want %v: numbers are never reused", got, want)
			}
		})
	}
}

func TestSeriesStopsWhenVisitReturnsFalse(t *testing.T) {
	onDisk := open(t, t.TempDir())
	defer onDisk.Close()
	for name, s := range map[string]*store.Store{"on disk": onDisk, "in memory": nil} {
		r := series(t, s)
		appendAt(t, r, "a", 1, 2, 3)
		for order, walk := range map[string]func(visit func(store.Point) bool) error{
			"Ascend":   func(v func(store.Point) bool) error { return r.Ascend("a", store.Mark{}, v) },
			"Descend":  func(v func(store.Point) bool) error { return r.Descend("a", store.Mark{Time: time.UnixMilli(9)}, v) },
			"Arrivals": func(v func(store.Point) bool) error { return r.Arrivals("a", 0, v) },
		} {
			seen := 0
			if err := walk(func(store.Point) bool { seen++; return seen < 2 }); err != nil || seen != 2 {
				t.Errorf("%s, %s: visited %d points, want 2; error %v", name, order, seen, err)
			}
		}
	}
}

func TestSeriesAppendWithoutPoints(t *testing.T) {
	onDisk := open(t, t.TempDir())
	defer onDisk.Close()
	for name, s := range map[string]*store.Store{"on disk": onDisk, "in memory": nil} {
		r := series(t, s)
		if err := r.Append("a", nil); err != nil {
			t.Fatal(err)
		}
		got := collect(t, func(v func(store.Point) bool) error { return r.Ascend("a", store.Mark{}, v) })
		if err := r.Trim("a", time.Now()); err != nil || len(got) > 0 {
			t.Errorf("%s: points %v, error %v", name, got, err)
		}
	}
}

func TestSeriesSurvivesReopening(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	appendAt(t, series(t, s), "a", 2, 1)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	defer s.Close()
	r := series(t, s)
	appendAt(t, r, "a", 3)
	got := collect(t, func(v func(store.Point) bool) error { return r.Ascend("a", store.Mark{}, v) })
	if want := []string{"1/2", "2/1", "3/3"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// BenchmarkSeriesAppend measures the benefit of shared commits.
func BenchmarkSeriesAppend(b *testing.B) {
	for _, writers := range []int{1, 16} {
		b.Run(fmt.Sprintf("%d writers", writers), func(b *testing.B) {
			s, err := store.Open(b.TempDir())
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			r, err := store.NewSeries(s, "events")
			if err != nil {
				b.Fatal(err)
			}
			points := []store.Point{{Mark: store.Mark{Time: time.Now()}, Data: make([]byte, 200)}}
			work := make(chan struct{})
			var wg sync.WaitGroup
			for range writers {
				wg.Go(func() {
					for range work {
						if err := r.Append("key", points); err != nil {
							b.Error(err)
						}
					}
				})
			}
			for b.Loop() {
				work <- struct{}{}
			}
			close(work)
			wg.Wait()
		})
	}
}
