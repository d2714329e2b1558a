package sns

import (
	"context"
	"maps"
	"sync"
	"time"
)

// throttle spaces the deliveries of each subscription.
type throttle struct {
	mu   sync.Mutex
	next map[string]time.Time // when a subscription may receive the next message
	full int                  // the length of next at which reserve removes what is past
}

// wait waits until the subscription may receive a message, if it may receive only so many
// in a second; a rate of 0 is any number. It fails if ctx ends first.
func (t *throttle) wait(ctx context.Context, subscription string, rate int) error {
	if rate == 0 {
		return nil
	}
	timer := time.NewTimer(time.Until(t.reserve(subscription, rate)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t *throttle) reserve(subscription string, rate int) time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.next == nil {
		t.next = map[string]time.Time{}
	}
	at := t.next[subscription]
	if now := time.Now(); at.Before(now) {
		at = now
	}
	t.next[subscription] = at.Add(time.Second / time.Duration(rate))
	if len(t.next) > t.full {
		maps.DeleteFunc(t.next, func(_ string, next time.Time) bool { return next.Before(time.Now()) })
		t.full = max(2*len(t.next), minThrottled)
	}
	return at
}

// minThrottled is how many subscriptions a throttle holds before it removes some.
const minThrottled = 100
