package endpoint

import (
	"sync"
	"time"
)

// A Bucket holds one token for each request that it can admit at once, and gains tokens at
// a rate.
type Bucket struct {
	burst int
	rate  float64 // per second

	mu     sync.Mutex
	tokens float64
	at     time.Time // when tokens was computed
}

// NewBucket returns a full bucket.
func NewBucket(burst int, rate float64) *Bucket {
	return &Bucket{burst: burst, rate: rate, tokens: float64(burst), at: time.Now()}
}

// Take takes a token and reports whether there was one. Without a rate, there is none.
func (b *Bucket) Take() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	gained := now.Sub(b.at).Seconds() * b.rate
	b.tokens, b.at = min(b.tokens+gained, float64(b.burst)), now
	if b.rate == 0 || b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}
