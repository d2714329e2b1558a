package backlog_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tally/localcloud/internal/backlog"
	"tally/localcloud/store"
)

// runs collects which tasks ran and when.
type runs struct {
	mu    sync.Mutex
	began time.Time
	data  []string
	at    []time.Duration
}

func (r *runs) note(t backlog.Task) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.data, r.at = append(r.data, string(t.Data)), append(r.at, time.Since(r.began))
}

func open(t testing.TB, o backlog.Options) *backlog.Backlog {
	t.Helper()
	o.Name = "tasks"
	b, err := backlog.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func add(t testing.TB, b *backlog.Backlog, lane string, data ...string) {
	t.Helper()
	for _, d := range data {
		if err := b.Add([]backlog.Task{{Lane: lane, Size: 10, Data: []byte(d)}}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestOrder checks that all tasks of a long lane run in the order of arrival, whether they
// were added before the start, after it or by an earlier process.
func TestOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := store.InMemory()
		earlier := open(t, backlog.Options{Store: st, Run: func(backlog.Task) backlog.Result { panic("not started") }})
		var want []string
		for i := range 3000 {
			want = append(want, fmt.Sprint(i))
		}
		add(t, earlier, "lane", want[:1200]...)
		earlier.Close()

		var r runs
		b := open(t, backlog.Options{Store: st, Run: func(t backlog.Task) backlog.Result { r.note(t); return backlog.Result{} }})
		if b.Len() != 1200 {
			t.Errorf("%d tasks, want 1200", b.Len())
		}
		add(t, b, "lane", want[1200:2000]...)
		b.Start()
		add(t, b, "lane", want[2000:]...)
		synctest.Wait()
		if !slices.Equal(r.data, want) || b.Len() != 0 {
			t.Errorf("%d tasks ran, %d are left", len(r.data), b.Len())
		}
		b.Close()
	})
}

// TestRetries checks that many tasks that fail run again when they are due, among others
// that arrive meanwhile.
func TestRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := runs{began: time.Now()}
		b := open(t, backlog.Options{Run: func(t backlog.Task) backlog.Result {
			if data := string(t.Data); data[0] == 'f' {
				return backlog.Result{Again: true, Delay: time.Minute, Data: []byte("again " + data)}
			}
			r.note(t)
			return backlog.Result{}
		}})
		b.Start()
		for i := range 2000 {
			add(t, b, "lane", fmt.Sprint("f", i))
		}
		time.Sleep(30 * time.Second)
		add(t, b, "lane", "new")
		time.Sleep(time.Hour)
		synctest.Wait()
		if n := len(r.data); n != 2001 || r.data[0] != "new" || r.at[0] != 30*time.Second {
			t.Fatalf("%d tasks ended, the first is %q", n, r.data[0])
		}
		for i, data := range r.data[1:] {
			if want := fmt.Sprint("again f", i); data != want || r.at[i+1] != time.Minute {
				t.Fatalf("task %d: %q after %v, want %q after a minute", i, data, r.at[i+1], want)
			}
		}
		b.Close()
	})
}

// TestRoom checks that Room waits for the lane to have room, and only for that.
func TestRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		proceed := make(chan struct{})
		b := open(t, backlog.Options{MaxTasks: 3, MaxBytes: 25, Run: func(backlog.Task) backlog.Result { <-proceed; return backlog.Result{} }})
		b.Start()
		room := func(patience time.Duration, lanes ...string) (bool, time.Duration) {
			began := time.Now()
			ok := b.Room(t.Context(), patience, lanes...)
			return ok, time.Since(began)
		}
		add(t, b, "a", "1", "2")
		if ok, took := room(time.Second, "a"); !ok || took > 0 {
			t.Errorf("two of three: %v after %v", ok, took)
		}
		add(t, b, "a", "3") // 3 tasks, 30 bytes
		if ok, took := room(time.Second, "b"); !ok || took > 0 {
			t.Errorf("another lane: %v after %v", ok, took)
		}
		if ok, took := room(time.Second, "b", "a"); ok || took != time.Second {
			t.Errorf("full: %v after %v", ok, took)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if b.Room(ctx, time.Second, "a") {
			t.Error("room after the context ended")
		}
		go func() {
			time.Sleep(500 * time.Millisecond)
			proceed <- struct{}{}
		}()
		if ok, took := room(time.Second, "a"); !ok || took != 500*time.Millisecond {
			t.Errorf("after one has ended: %v after %v", ok, took)
		}
		close(proceed)
		synctest.Wait()
		b.Close()
	})
}

// TestClockSetBack checks that tasks whose due times are far in the future, because the
// clock was set back, wait no longer than their schedule wants.
func TestClockSetBack(t *testing.T) {
	st := store.InMemory()
	synctest.Test(t, func(t *testing.T) { // each bubble begins at the same time
		time.Sleep(48 * time.Hour)
		again := func(t backlog.Task) backlog.Result {
			return backlog.Result{Again: true, Delay: time.Minute, Data: t.Data}
		}
		b := open(t, backlog.Options{Store: st, Run: again})
		b.Start()
		for i := range 1500 {
			add(t, b, "retried", fmt.Sprint(i))
		}
		synctest.Wait()
		b.Close()
		add(t, b, "fresh", "1")
	})
	synctest.Test(t, func(t *testing.T) {
		r := runs{began: time.Now()}
		b := open(t, backlog.Options{Store: st, Run: func(t backlog.Task) backlog.Result { r.note(t); return backlog.Result{} }})
		b.Start()
		time.Sleep(time.Hour)
		synctest.Wait()
		if len(r.at) != 1501 || r.at[0] != 0 || r.at[1] != time.Minute || slices.Max(r.at) != time.Minute {
			t.Errorf("%d tasks ran, the last after %v", len(r.at), slices.Max(r.at))
		}
		b.Close()
	})
}

// TestStoreErrors checks that a task whose end cannot be stored ends later, without
// running again.
func TestStoreErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st, log := store.InMemoryWithLog()
		var r runs
		reports := 0
		b := open(t, backlog.Options{Store: st, Report: func(error) { reports++ }, Run: func(t backlog.Task) backlog.Result {
			r.note(t)
			log.Refuse(store.ErrFull)
			return backlog.Result{}
		}})
		b.Start()
		add(t, b, "lane", "1")
		time.Sleep(time.Minute)
		synctest.Wait()
		if b.Len() != 1 || reports != 1 {
			t.Errorf("%d tasks, %d reports, want 1 and 1", b.Len(), reports)
		}
		log.Refuse(nil)
		time.Sleep(time.Minute)
		synctest.Wait()
		if b.Len() != 0 || len(r.data) != 1 {
			t.Errorf("%d tasks are left, %d ran", b.Len(), len(r.data))
		}
		b.Close()
	})
}

// TestLimitedMemory checks that a long lane is in memory only in part.
func TestLimitedMemory(t *testing.T) {
	st := store.InMemory()
	b := open(t, backlog.Options{Store: st, Run: func(backlog.Task) backlog.Result { return backlog.Result{} }})
	for i := range 5000 {
		add(t, b, fmt.Sprint("lane", i%2), fmt.Sprint(i))
	}
	if n := b.InMemory(); n != 2*512 {
		t.Errorf("%d tasks in memory, want 1024", n)
	}
	if b, err := backlog.New(backlog.Options{Store: st, Name: "tasks"}); err != nil || b.Len() != 5000 || b.InMemory() != 0 {
		t.Errorf("opened %d tasks, %d in memory, error %v", b.Len(), b.InMemory(), err)
	}
}

// BenchmarkTask adds and runs tasks that do nothing, on disk.
func BenchmarkTask(b *testing.B) {
	st, err := store.Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer st.Close()
	var ran sync.WaitGroup
	ran.Add(b.N)
	q := open(b, backlog.Options{Store: st, Workers: 8, Run: func(backlog.Task) backlog.Result { ran.Done(); return backlog.Result{} }})
	q.Start()
	b.ReportAllocs()
	for range b.N {
		add(b, q, "lane", "task")
	}
	ran.Wait()
	q.Close()
}
