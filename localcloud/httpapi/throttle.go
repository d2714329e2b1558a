package httpapi

import (
	"cmp"
	"sync"
	"time"
)

// RouteSettings limit the requests to a route. As on AWS, a limit of 0 admits no
// request at all.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html
type RouteSettings struct {
	BurstLimit      int     // concurrent requests
	RateLimit       float64 // requests per second
	DetailedMetrics bool    // recorded: there are no metrics here
}

func (rs RouteSettings) validate() error {
	return cmp.Or(CheckBurstLimit(rs.BurstLimit), CheckRateLimit(rs.RateLimit))
}

// A limit identifies a bucket: that of one route of a stage, or with route ""
// the one that its other routes share.
type limit struct{ stage, route string }

// A bucket holds a token for each request that it admits at once, and gains
// tokens at the rate of its settings.
type bucket struct {
	settings RouteSettings

	mu     sync.Mutex
	tokens float64
	at     time.Time // when tokens was computed
}

func newBucket(rs RouteSettings) *bucket {
	return &bucket{settings: rs, tokens: float64(rs.BurstLimit), at: time.Now()}
}

// take takes a token and reports whether there was one. A nil bucket has no
// limit.
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

// buckets returns the buckets of an API's stages. A bucket keeps its tokens if
// its settings remain the same.
func buckets(stages map[string]deployedStage, old map[limit]*bucket) map[limit]*bucket {
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

// bucketOf returns the bucket of the requests to a route, or nil.
func (d *deployment) bucketOf(stage, route string) *bucket {
	if b := d.buckets[limit{stage, route}]; b != nil {
		return b
	}
	return d.buckets[limit{stage, ""}]
}
