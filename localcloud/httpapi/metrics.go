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
	count := func(is bool) int {
		if is {
			return 1
		}
		return 0
	}
	status := x.response.Status
	values := []cloud.MetricValue{
		cloud.Counted("Count", 1),
		cloud.Counted("4xx", count(status >= 400 && status < 500)),
		cloud.Counted("5xx", count(status >= 500)),
		cloud.Took("Latency", now.Sub(x.start)),
		{Name: "DataProcessed", Unit: "Bytes", Value: float64(x.received + len(x.response.Body))},
		cloud.Took("IntegrationLatency", x.invocation.latency),
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
