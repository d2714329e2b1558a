package poller

import (
	"context"
	"sync"
	"time"
)

// How many batches are processed at once: few at first, and more while all of them are
// in use for long. AWS starts with five, too, and adds up to 300 in a minute. Here, batches
// that take a moment do not cause more, because they compete for the same processors.
//
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
const (
	firstConcurrency = 5
	growth           = 5           // batches
	growthInterval   = time.Second // of full use
	longBatch        = 100 * time.Millisecond
)

// concurrency limits the batches that are processed at once.
type concurrency struct {
	freed chan struct{} // receives after a release; holds one

	mu               sync.Mutex
	used, limit, max int
	full             time.Time     // since when the limit is in use; zero if it is not
	took             time.Duration // by the latest batch
}

func newConcurrency(max int) *concurrency {
	return &concurrency{freed: make(chan struct{}, 1), limit: min(firstConcurrency, max), max: max, took: longBatch}
}

// acquire waits until another batch may be processed. It returns false if ctx ends before
// that. Only one goroutine may call it.
func (c *concurrency) acquire(ctx context.Context) bool {
	for ctx.Err() == nil {
		next, ok := c.tryAcquire()
		if ok {
			return true
		}
		select {
		case <-c.freed:
		case <-next:
		case <-ctx.Done():
		}
	}
	return false
}

// tryAcquire reports whether another batch may be processed. If not, it returns what fires
// when the limit may grow.
func (c *concurrency) tryAcquire() (next <-chan time.Time, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if c.used < c.limit {
		if c.used+1 < c.limit {
			c.full = time.Time{}
		}
		c.used++
		return nil, true
	}
	if c.full.IsZero() {
		c.full = now
	}
	if c.limit == c.max || c.took < longBatch {
		return nil, false
	}
	if wait := c.full.Add(growthInterval).Sub(now); wait > 0 {
		return time.After(wait), false
	}
	c.limit, c.full = min(c.limit+growth, c.max), now
	c.used++
	return nil, true
}

func (c *concurrency) release() {
	c.mu.Lock()
	c.used--
	c.mu.Unlock()
	select {
	case c.freed <- struct{}{}:
	default:
	}
}

// adjust adapts the limit to the result of a batch: as on AWS, failures reduce it step by
// step.
func (c *concurrency) adjust(succeeded bool, took time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.took = took
	switch {
	case !succeeded:
		c.limit, c.full = max(c.limit-1, 1), time.Time{}
	case c.limit < min(firstConcurrency, c.max):
		c.limit++
	}
}
