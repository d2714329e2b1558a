package dynamodb

import (
	"context"
	"sync"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/dynamodb/attribute"
)

const (
	// sweepInterval is the time between two searches for expired items. AWS removes them
	// within a few days.
	sweepInterval = time.Hour
	// sweepChunk is how many items a table removes at once, so that nobody waits for long.
	sweepChunk = 500
	// tooOld is the age of an expiration time beyond which an item does not expire.
	tooOld = 5 * 365 * 24 * time.Hour
)

// A sweeper runs the search for expired items.
type sweeper struct {
	every   time.Duration
	journal cloud.Journal
	ctx     context.Context
	end     context.CancelFunc
	running sync.WaitGroup
}

func newSweeper(every time.Duration, journal cloud.Journal) sweeper {
	ctx, end := context.WithCancel(context.Background())
	return sweeper{every: every, journal: journal, ctx: ctx, end: end}
}

// Start begins to remove expired items in the background.
func (s *Service) Start() {
	s.sweeper.running.Go(func() {
		ticker := time.NewTicker(s.sweeper.every)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				if err := s.Sweep(); err != nil && s.sweeper.journal != nil {
					s.sweeper.journal.Append(cloud.Entry{Level: cloud.Warning, Service: "dynamodb", Message: "expired items cannot be removed: " + err.Error()})
				}
			case <-s.sweeper.ctx.Done():
				return
			}
		}
	})
}

// Close ends the removal of expired items. Requests can still be made.
func (s *Service) Close() error {
	s.sweeper.end()
	s.sweeper.running.Wait()
	return nil
}

// Sweep removes the items that have expired by now. It needs no wait for the disk: if a
// crash brings items back, they expire again.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html
func (s *Service) Sweep() error {
	s.mu.RLock()
	tables := make([]*table, 0, len(s.tables))
	for _, t := range s.tables {
		tables = append(tables, t)
	}
	s.mu.RUnlock()
	for _, t := range tables {
		if err := s.sweepTable(t); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) sweepTable(t *table) error {
	row := t.current()
	if row.TTLAttribute == "" {
		return nil
	}
	var expired []string
	var bad error
	moment := time.Now()
	err := s.items.Ascend(rowPrefix(row.Name, ""), "", func(key string, raw []byte) bool {
		item, _, err := decodeItem(raw)
		if err == nil && isExpired(item, row.TTLAttribute, moment) {
			expired = append(expired, key)
		}
		if err == nil && len(expired) >= sweepChunk {
			err = s.expire(t, expired)
			expired = nil
		}
		bad = err
		return err == nil && s.sweeper.ctx.Err() == nil
	})
	if err == nil {
		err = bad
	}
	if err == nil {
		err = s.expire(t, expired)
	}
	return err
}

// isExpired reports whether the item's expiration time, in seconds since 1970, has passed,
// but not more than five years ago. Only numbers are expiration times.
func isExpired(item attribute.Item, name string, now time.Time) bool {
	v := item[name]
	if v.Type() != attribute.N {
		return false
	}
	seconds, ok := v.N().Int64()
	if !ok {
		return false
	}
	age := now.Unix() - seconds
	return age > 0 && age <= int64(tooOld/time.Second)
}

// expire removes the items that still exist and have still expired.
func (s *Service) expire(t *table, keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.deleted || t.row.TTLAttribute == "" {
		return nil
	}
	e, removed := s.begin(t.row), 0
	for _, key := range keys {
		item, _, err := s.read(key)
		if err != nil {
			return err
		}
		if !isExpired(item, t.row.TTLAttribute, time.Now()) {
			continue
		}
		if err := s.plan(t.row, e, transition{old: item}); err != nil {
			return err
		}
		removed++
	}
	if err := s.apply(s.finish(t.row, e)); err != nil || removed == 0 {
		return err
	}
	s.metrics.Report(namespace, time.Now(), s.of("", t.row.Name), []cloud.MetricValue{cloud.Counted("TimeToLiveDeletedItemCount", removed)})
	return nil
}
