package httpapi

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tally/localcloud/cloud"
)

// reports is a cloud.Metrics that collects "Name{dimension=value,…}" of every metric with
// its sum.
type reports struct {
	mu   sync.Mutex
	sums map[string]float64
}

func (r *reports) Report(_ string, _ time.Time, dimensions [][]cloud.Dimension, values []cloud.MetricValue) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, set := range dimensions {
		var names []string
		for _, d := range set {
			names = append(names, d.Name+"="+d.Value)
		}
		for _, v := range values {
			r.sums[v.Name+"{"+strings.Join(names, ",")+"}"] += v.Value
		}
	}
}

func TestMetrics(t *testing.T) {
	r := &reports{sums: map[string]float64{}}
	s, _ := openWith(t, Options{Metrics: r, Invoker: invoker(func(_ context.Context, in cloud.Invocation) (cloud.Outcome, error) {
		if strings.Contains(string(in.Payload), "fail") {
			return cloud.Outcome{FunctionError: "Unhandled", Payload: []byte(`{}`)}, nil
		}
		time.Sleep(time.Millisecond)
		return cloud.Outcome{Payload: []byte(`"five!"`)}, nil
	})})
	api, _ := build(t, s, "$default", "GET /sums/{id}")
	stage := must(s.Stage(api.ID, "$default"))(t)
	stage.RouteSettings = map[string]RouteSettings{"GET /sums/{id}": {BurstLimit: 100, RateLimit: 100, DetailedMetrics: true}}
	must(s.UpdateStage(stage))(t)
	for path, want := range map[string]int{"/sums/1": http.StatusOK, "/sums/fail": http.StatusInternalServerError, "/other": http.StatusNotFound} {
		if status, _ := get(t, api.Endpoint()+path); status != want {
			t.Errorf("%s returned %d, want %d", path, status, want)
		}
	}
	must(0, s.Close())(t) // waits for the requests

	route := "{ApiId=" + api.ID + ",Method=GET,Resource=/sums/{id},Stage=$default}"
	want := map[string]float64{}
	for dimensions, counts := range map[string][3]float64{ // Count, 4xx, 5xx
		"{ApiId=" + api.ID + "}": {3, 1, 1}, "{ApiId=" + api.ID + ",Stage=$default}": {3, 1, 1}, route: {2, 0, 1},
	} {
		want["Count"+dimensions], want["4xx"+dimensions], want["5xx"+dimensions] = counts[0], counts[1], counts[2]
	}
	counts := maps.Clone(r.sums)
	maps.DeleteFunc(counts, func(name string, _ float64) bool {
		return strings.Contains(name, "Latency") || strings.Contains(name, "Data")
	})
	if diff := cmp.Diff(want, counts); diff != "" {
		t.Errorf("counts (-want +got)\n%s", diff)
	}
	if r.sums["IntegrationLatency"+route] < 1 || r.sums["Latency"+route] < r.sums["IntegrationLatency"+route] || r.sums["DataProcessed"+route] < 5 {
		t.Errorf("%v of %v", r.sums, slices.Sorted(maps.Keys(r.sums)))
	}
}
