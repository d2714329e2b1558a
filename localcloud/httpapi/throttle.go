package httpapi

import (
	"cmp"

	"tally/localcloud/internal/endpoint"
)

// RouteSettings limits the requests to a route. As on AWS, a limit of 0 admits no
// requests at all.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html
type RouteSettings struct {
	BurstLimit      int     // concurrent requests
	RateLimit       float64 // requests per second
	DetailedMetrics bool    // whether the route has metrics of its own
}

func (rs RouteSettings) validate() error {
	return cmp.Or(CheckBurstLimit(rs.BurstLimit), CheckRateLimit(rs.RateLimit))
}

// A bucketKey identifies a bucket: that of one route of a stage or, if route is "",
// the bucket that the other routes of the stage share.
type bucketKey struct{ stage, route string }

// A bucket limits requests according to its settings.
type bucket struct {
	*endpoint.Bucket
	settings RouteSettings
}

func newBucket(rs RouteSettings) *bucket {
	return &bucket{endpoint.NewBucket(rs.BurstLimit, rs.RateLimit), rs}
}

// take takes a token and reports whether there was one. A nil bucket admits every
// request.
func (b *bucket) take() bool { return b == nil || b.Take() }

// buckets returns the buckets of an API's stages. It reuses old buckets whose
// settings have not changed.
func buckets(stages map[string]deployedStage, old map[bucketKey]*bucket) map[bucketKey]*bucket {
	all := map[bucketKey]*bucket{}
	add := func(k bucketKey, rs RouteSettings) {
		if all[k] = old[k]; all[k] == nil || all[k].settings != rs {
			all[k] = newBucket(rs)
		}
	}
	for _, st := range stages {
		if st.DefaultRouteSettings != nil {
			add(bucketKey{st.Name, ""}, *st.DefaultRouteSettings)
		}
		for route, rs := range st.RouteSettings {
			add(bucketKey{st.Name, route}, rs)
		}
	}
	return all
}

// bucketOf returns the bucket for requests to a route, or nil if they have no limit.
func (d *deployment) bucketOf(stage, route string) *bucket {
	if b := d.buckets[bucketKey{stage, route}]; b != nil {
		return b
	}
	return d.buckets[bucketKey{stage, ""}]
}
