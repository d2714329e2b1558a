package httpapi

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tally/localcloud/cloud"
)

func TestBucket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBucket(RouteSettings{BurstLimit: 3, RateLimit: 2})
		admitted := func() (n int) {
			for range 10 {
				if b.take() {
					n++
				}
			}
			return n
		}
		for _, c := range []struct {
			wait time.Duration
			want int
		}{
			{0, 3}, {0, 0}, {499 * time.Millisecond, 0}, {time.Millisecond, 1}, {time.Second, 2}, {time.Hour, 3},
		} {
			time.Sleep(c.wait)
			if got := admitted(); got != c.want {
				t.Errorf("after %v more: %d requests admitted, want %d", c.wait, got, c.want)
			}
		}
	})
}

// As on AWS, settings without limits mean limits of 0. Without settings there are no
// limits.
func TestZeroLimitsAdmitNothing(t *testing.T) {
	for _, rs := range []RouteSettings{{DetailedMetrics: true}, {BurstLimit: 5}, {RateLimit: 5}} {
		if newBucket(rs).take() {
			t.Errorf("%+v admits a request", rs)
		}
	}
	if !(*bucket)(nil).take() {
		t.Error("a route without settings refuses")
	}
}

func TestThrottledRoutes(t *testing.T) {
	calls := 0
	s, j := open(t, nil, func(context.Context, cloud.Invocation) (cloud.Outcome, error) {
		calls++
		return cloud.Outcome{Payload: []byte(`{}`)}, nil
	}, 0)
	api, _ := build(t, s, "$default", "GET /own", "GET /a", "GET /b", "GET /free")
	stage := must(s.Stage(api.ID, "$default"))(t)
	const never = 1e-9 // so slow that no token comes back
	stage.DefaultRouteSettings = &RouteSettings{BurstLimit: 2, RateLimit: never}
	stage.RouteSettings = map[string]RouteSettings{"GET /own": {BurstLimit: 1, RateLimit: never}, "GET /free": {BurstLimit: 5000, RateLimit: 10000}}
	must(s.UpdateStage(stage))(t)

	statuses := func(paths ...string) (all []string) {
		for _, p := range paths {
			status, body := get(t, api.Endpoint()+p)
			all = append(all, http.StatusText(status))
			if status == http.StatusTooManyRequests && body != `{"message":"Too Many Requests"}` {
				t.Errorf("%s: %s", p, body)
			}
		}
		return all
	}
	// The routes without settings of their own share the bucket of the stage.
	got := strings.Join(statuses("/own", "/own", "/a", "/b", "/a", "/free", "/missing"), ", ")
	if want := "OK, Too Many Requests, OK, OK, Too Many Requests, OK, Not Found"; got != want || calls != 4 {
		t.Errorf("%s with %d invocations, want %s", got, calls, want)
	}
	if !j.warned("GET /own returned 429", "throttling limits") {
		t.Errorf("journal %v", j.entries)
	}

	// A deployment adds tokens only if it changes the limits.
	must(s.UpdateAPI(API{ID: api.ID, Name: "renamed", ProtocolType: "HTTP"}))(t)
	stage.RouteSettings["GET /own"] = RouteSettings{BurstLimit: 1, RateLimit: 2 * never}
	must(s.UpdateStage(stage))(t)
	if got := strings.Join(statuses("/own", "/a"), ", "); got != "OK, Too Many Requests" {
		t.Errorf("after the change: %s", got)
	}
}
