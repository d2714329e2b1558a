package logs_test

import (
	"crypto/rand"
	"encoding/hex"
	"io/fs"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/logs"
	"tally/localcloud/store"
)

// put writes an event of 1,000 bytes that do not compress well.
func put(t *testing.T, s *logs.Service, group, stream string) {
	t.Helper()
	raw := make([]byte, 500)
	rand.Read(raw)
	if err := s.WriteLog(t.Context(), cloud.Caller{}, group, stream, []cloud.LogEvent{{Time: time.Now(), Message: hex.EncodeToString(raw)}}); err != nil {
		t.Fatal(err)
	}
}

// TestLimit checks that the oldest events of all groups are deleted, with the streams
// that had only these.
func TestLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, store.InMemory(), allow)
		defer s.Close()
		s.Start(100_000, func(err error) { t.Error(err) })
		put(t, s, "a", "first")
		for range 200 {
			time.Sleep(time.Second)
			put(t, s, "a", "through")
			put(t, s, "b", "through")
			synctest.Wait()
		}
		if size, err := s.Size(); err != nil || size > 110_000 || size < 80_000 {
			t.Errorf("%d bytes, error %v, want about the limit of 100,000", size, err)
		}
		oldest := map[string]time.Time{}
		for _, group := range []string{"a", "b"} {
			page, err := s.Filter(logs.Query{Group: group})
			if err != nil || len(page.Events) == 0 {
				t.Fatalf("%d events, error %v", len(page.Events), err)
			}
			oldest[group] = page.Events[0].Time
			streams, err := s.Streams(group, "")
			if err != nil || len(streams) != 1 || !streams[0].First.Equal(page.Events[0].Time) || !streams[0].Last.Equal(page.Events[len(page.Events)-1].Time) {
				t.Errorf("streams %+v, error %v; the first event is from %v", streams, err, page.Events[0].Time)
			}
			if last := page.Events[len(page.Events)-1]; time.Since(last.Time) != 0 {
				t.Errorf("the newest event is from %v", last.Time)
			}
		}
		if !oldest["a"].Equal(oldest["b"]) {
			t.Errorf("the oldest events are from %v", oldest)
		}
	})
}

// TestStreamsPastRetention checks that streams state no times of events that are past
// the retention but not deleted yet.
func TestStreamsPastRetention(t *testing.T) {
	const day = 24 * time.Hour
	synctest.Test(t, func(t *testing.T) {
		s := open(t, nil, allow)
		if _, err := s.CreateGroup(logs.Group{Name: "g", RetentionDays: 1}); err != nil {
			t.Fatal(err)
		}
		put(t, s, "g", "ended")
		put(t, s, "g", "goes on")
		time.Sleep(day / 2)
		put(t, s, "g", "goes on")
		want := time.Now()
		time.Sleep(day/2 + time.Minute)
		streams, err := s.Streams("g", "")
		if err != nil || len(streams) != 2 {
			t.Fatalf("%+v, error %v", streams, err)
		}
		if got := []time.Time{streams[0].First, streams[0].Last, streams[0].LastIngestion}; !slices.Equal(got, make([]time.Time, 3)) {
			t.Errorf("times of a stream without events: %v", got)
		}
		if !streams[1].First.Equal(want) || !streams[1].Last.Equal(want) {
			t.Errorf("%+v, want the times %v", streams[1], want)
		}
	})
}

// TestLimitOnDisk writes ten times the limit, and checks the size of the folder.
func TestLimitOnDisk(t *testing.T) {
	const limit = 16 << 20
	dir := t.TempDir()
	st, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	s := open(t, st, allow)
	s.Start(limit, func(err error) { t.Error(err) })
	raw := make([]byte, 32<<10)
	for range 10 * limit / len(raw) / 2 {
		rand.Read(raw)
		if err := s.WriteLog(t.Context(), cloud.Caller{}, "g", "s", []cloud.LogEvent{{Time: time.Now(), Message: hex.EncodeToString(raw)}}); err != nil {
			t.Fatal(err)
		}
	}
	// Space is given back a little later. Two memory tables and their logs come on top.
	deadline := time.Now().Add(time.Minute)
	for size := folderSize(t, dir); size > 2*limit; size = folderSize(t, dir) {
		if time.Now().After(deadline) {
			t.Fatalf("the folder has %d MiB, the limit is %d MiB", size>>20, limit>>20)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func folderSize(t *testing.T, dir string) (n int64) {
	t.Helper()
	_ = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			if info, err := e.Info(); err == nil { // files vanish meanwhile
				n += info.Size()
			}
		}
		return nil
	})
	return n
}
