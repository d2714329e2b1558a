package httpapi

import (
	"sync"
	"time"
)

// RouteSettings limit how many requests a route takes. Where they are set, a
// limit of 0 admits no request at all, as on AWS.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html
type RouteSettings struct {
	BurstLimit      int     // requests at once
	RateLimit       float64 // requests a second
	DetailedMetrics bool    // recorded: there are no metrics here
}

func (rs RouteSettings) validate() error {
	if rs.BurstLimit < 0 || rs.RateLimit < 0 {
		return badRequest("Invalid throttling limits: burst limit %d and rate limit %g must not be negative", rs.BurstLimit, rs.RateLimit)
	}
	return nil
}

// A limit names a bucket: that of one route of a stage, or with route "" the
// one that all its other routes share.
type limit struct{ stage, route string }

// A bucket holds a token for each request that may come at once, and gains
// them at the rate of its settings.
type bucket struct {
	settings RouteSettings

	mu     sync.Mutex
	tokens float64
	at     time.Time // when there were so many
}

func newBucket(rs RouteSettings) *bucket {
	return &bucket{settings: rs, tokens: float64(rs.BurstLimit), at: time.Now()}
}

// take tells whether one more request may come now. A nil bucket has no limit.
func (b *bucket) take() bool {
	if b == nil {
		return true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	gained := now.Sub(b.at).Seconds() * b.settings.RateLimit
	b.tokens, b.at = min(b.tokens+gained, float64(b.settings.BurstLimit)), now
	if b.settings.RateLimit == 0 || b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

// buckets are those of an API's stages. A bucket whose limits stay as they are
// stays as full as it is.
func buckets(stages map[string]Stage, old map[limit]*bucket) map[limit]*bucket {
	all := map[limit]*bucket{}
	add := func(l limit, rs RouteSettings) {
		if all[l] = old[l]; all[l] == nil || all[l].settings != rs {
			all[l] = newBucket(rs)
		}
	}
	for _, st := range stages {
		if st.DefaultRouteSettings != nil {
			add(limit{st.Name, ""}, *st.DefaultRouteSettings)
		}
		for route, rs := range st.RouteSettings {
			add(limit{st.Name, route}, rs)
		}
	}
	return all
}

// bucketOf is the bucket that a request to a route takes from; nil for none.
func (d *deployment) bucketOf(stage, route string) *bucket {
	if b := d.buckets[limit{stage, route}]; b != nil {
		return b
	}
	return d.buckets[limit{stage, ""}]
}
