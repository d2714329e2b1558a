package store_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"tally/localcloud/store"
)

// TestPrefix copies the state at many moments while writers change it, as SIGKILL would
// leave it. Each copy holds all that had been acknowledged before, and no change without
// all changes before it.
func TestPrefix(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	tab, values := table(t, s), store.NewValues(s, "bodies")
	var (
		order        sync.Mutex // of the changes
		n            int
		acknowledged [4]atomic.Int64 // the highest number that each writer has synced
		stop         atomic.Bool
		writers      sync.WaitGroup
	)
	for w := range acknowledged {
		writers.Go(func() {
			for !stop.Load() {
				order.Lock()
				n++
				at := n
				err := s.Apply(tab.Set(fmt.Sprintf("%08d", at), row{at}), values.Set(fmt.Sprint(at), make([]byte, 3000)))
				order.Unlock()
				if err := errors.Join(err, s.Sync()); err != nil {
					t.Error(err)
					return
				}
				acknowledged[w].Store(int64(at))
			}
		})
	}
	for range 15 {
		least := 0
		for w := range acknowledged {
			least = max(least, int(acknowledged[w].Load()))
		}
		copied := t.TempDir()
		copyState(t, dir, copied)
		checkPrefix(t, copied, least)
	}
	stop.Store(true)
	writers.Wait()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	checkPrefix(t, dir, n)
}

// checkPrefix checks that the state holds the changes 1 to n without a gap, where n is not less than least.
func checkPrefix(t *testing.T, dir string, least int) {
	t.Helper()
	s, err := store.Open(dir)
	if err != nil {
		t.Errorf("after %d changes: %v", least, err)
		return
	}
	defer s.Close()
	rows := table(t, s).All()
	if len(rows) < least {
		t.Errorf("%d changes were acknowledged, and %d are there", least, len(rows))
	}
	values := store.NewValues(s, "bodies")
	for i, r := range rows {
		if body, err := values.Get(fmt.Sprint(r.N)); r.N != i+1 || len(body) != 3000 || err != nil {
			t.Errorf("at the place of change %d is change %d with %d bytes; error %v", i+1, r.N, len(body), err)
			return
		}
	}
}

// TestApplyAll checks that changes are made together or not at all, on disk and in
// memory.
func TestApplyAll(t *testing.T) {
	onDisk := open(t, t.TempDir())
	defer onDisk.Close()
	for name, s := range map[string]*store.Store{"on disk": onDisk, "in memory": store.InMemory()} {
		tab, values := table(t, s), store.NewValues(s, "bodies")
		bad, err := store.NewTable[func()](s, "functions") // which cannot be encoded
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Apply(tab.Set("a", row{1}), values.Set("a", []byte("x")), bad.Set("b", nil)); err == nil {
			t.Errorf("%s: no error", name)
		}
		if got, _ := values.Get("a"); got != nil || tab.Len() != 0 {
			t.Errorf("%s: a part of the changes was made", name)
		}
		if err := s.Apply(values.Set("a/1", []byte("x")), values.Set("a/2", []byte{}), values.Set("b/1", []byte("z"))); err != nil {
			t.Fatal(err)
		}
		if err := s.Commit(values.Unset("b/1"), values.Set("b/2", []byte("y"))); err != nil {
			t.Fatal(err)
		}
		keys := func(prefix, from string) string {
			var all []string
			if err := values.Ascend(prefix, from, func(key string, value []byte) bool {
				all = append(all, fmt.Sprintf("%s=%s", key, value))
				return true
			}); err != nil {
				t.Error(err)
			}
			return strings.Join(all, " ")
		}
		if got, want := keys("", ""), "a/1=x a/2= b/2=y"; got != want {
			t.Errorf("%s: all keys: %s, want %s", name, got, want)
		}
		if got, want := keys("a/", "a/2"), "a/2="; got != want {
			t.Errorf("%s: a page of keys: %s, want %s", name, got, want)
		}
		if err := s.Apply(values.Clear("a/")); err != nil {
			t.Fatal(err)
		}
		if got, want := keys("", ""), "b/2=y"; got != want {
			t.Errorf("%s: after Clear: %s, want %s", name, got, want)
		}
	}
}

// TestErase checks that nothing on disk holds what was deleted or replaced.
func TestErase(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	defer s.Close()
	values := store.NewValues(s, "environment")
	for _, secret := range []string{"first-secret", "second-secret"} {
		if err := s.Commit(values.Set("deleted", []byte(secret)), values.Set("replaced", []byte(secret))); err != nil {
			t.Fatal(err)
		}
	}
	if !holds(t, dir, "second-secret") {
		t.Fatal("the disk does not hold the secret that it should hold")
	}
	if err := s.Commit(values.Unset("deleted"), values.Set("replaced", []byte("harmless"))); err != nil {
		t.Fatal(err)
	}
	if err := s.Erase(); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"first-secret", "second-secret"} {
		if holds(t, dir, secret) {
			t.Errorf("%s is still on disk", secret)
		}
	}
	if got, err := values.Get("replaced"); string(got) != "harmless" || err != nil {
		t.Errorf("Get returned %q, %v", got, err)
	}
}

// holds reports whether a file below dir holds the text.
func holds(t *testing.T, dir, text string) bool {
	t.Helper()
	for _, raw := range contents(t, filepath.Join(dir, store.Folder)) {
		if strings.Contains(raw, text) {
			return true
		}
	}
	return false
}

// BenchmarkCommit measures commits of 700 bytes by concurrent writers, which share syncs.
func BenchmarkCommit(b *testing.B) {
	for _, writers := range []int{1, 16, 64} {
		b.Run(fmt.Sprintf("%d writers", writers), func(b *testing.B) {
			s, err := store.Open(b.TempDir())
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			values := store.NewValues(s, "bodies")
			body := make([]byte, 700)
			var next atomic.Int64
			var all sync.WaitGroup
			b.ResetTimer()
			for range writers {
				all.Go(func() {
					for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
						if err := s.Commit(values.Set(fmt.Sprint(i), body)); err != nil {
							b.Error(err)
						}
					}
				})
			}
			all.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
		})
	}
}
