package sns

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// A throttle spaces the deliveries of a subscription, and forgets those that have long
// received none.
func TestThrottleForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var th throttle
		for range 3 {
			th.reserve("busy", 1)
		}
		for i := range 10_000 {
			th.reserve(fmt.Sprint(i), 1000)
			time.Sleep(100 * time.Microsecond)
			if len(th.next) > 2*minThrottled {
				t.Fatalf("%d subscriptions after %d", len(th.next), i)
			}
		}
		if wait := time.Until(th.reserve("busy", 1)); wait != 2*time.Second {
			t.Errorf("the busy subscription waits %v", wait)
		}
	})
}
