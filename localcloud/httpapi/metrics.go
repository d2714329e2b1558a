package httpapi

import (
	"cmp"
	"time"

	"tally/localcloud/cloud"
)

// measure reports the metrics of an exchange that has ended.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html
func (s *Service) measure(x *exchange, d *deployment) {
	now := time.Now()
	count := func(is bool) float64 {
		if is {
			return 1
		}
		return 0
	}
	status := x.response.status
	values := []cloud.MetricValue{
		{Name: "Count", Unit: "Count", Value: 1},
		{Name: "4xx", Unit: "Count", Value: count(status >= 400 && status < 500)},
		{Name: "5xx", Unit: "Count", Value: count(status >= 500)},
		{Name: "Latency", Unit: "Milliseconds", Value: milliseconds(now.Sub(x.start))},
		{Name: "DataProcessed", Unit: "Bytes", Value: float64(x.received + len(x.response.body))},
		{Name: "IntegrationLatency", Unit: "Milliseconds", Value: milliseconds(x.invocation.latency)},
	}
	if x.invocation.latency == 0 { // the function was not invoked
		values = values[:len(values)-1]
	}
	s.metrics.Report("AWS/ApiGateway", now, x.dimensions(d.api.ID), values)
}

// detailed reports whether a route has metrics of its own.
func (st Stage) detailed(route string) bool {
	if settings, ok := st.RouteSettings[route]; ok {
		return settings.DetailedMetrics
	}
	return st.DefaultRouteSettings != nil && st.DefaultRouteSettings.DetailedMetrics
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// dimensions returns the sets of dimensions of an exchange: for the API, the stage and,
// with detailed metrics, the route.
func (x *exchange) dimensions(api string) [][]cloud.Dimension {
	all := []cloud.Dimension{{Name: "ApiId", Value: api}, {Name: "Stage", Value: x.stage.Name}}
	switch {
	case x.stage.Name == "":
		return [][]cloud.Dimension{all[:1]}
	case x.key.text == "" || !x.stage.detailed(x.key.text):
		return [][]cloud.Dimension{all[:1], all}
	}
	method := cmp.Or(x.key.method, defaultStage)
	return [][]cloud.Dimension{all[:1], all, {
		all[0], {Name: "Method", Value: method}, {Name: "Resource", Value: x.key.sourcePath("")}, all[1],
	}}
}
