package provider

import (
	"fmt"
	"maps"
	"slices"

	"tally/localcloud/httpapi"
	"tally/localcloud/provider/schema"
)

func settingsFrom(v schema.Values) httpapi.RouteSettings {
	return httpapi.RouteSettings{
		BurstLimit: v.Int("throttlingBurstLimit"), RateLimit: v.Float("throttlingRateLimit"), DetailedMetrics: v.Bool("detailedMetricsEnabled"),
	}
}

// defaultSettingsOf returns the default settings, or nil if there are none. Like
// the real provider, it sets all of them if the program sets any, so that omitted
// limits are 0 and no request is admitted.
func defaultSettingsOf(in schema.Values) *httpapi.RouteSettings {
	if !in.Given("defaultRouteSettings") {
		return nil
	}
	rs := settingsFrom(in.Object("defaultRouteSettings"))
	return &rs
}

func settingsOf(in schema.Values) map[string]httpapi.RouteSettings {
	all := map[string]httpapi.RouteSettings{}
	for _, v := range in.Objects("routeSettings") {
		all[v.String("routeKey")] = settingsFrom(v)
	}
	return all
}

// settingsTogether refuses different settings for one route. The real provider
// applies one of them, whichever it meets last, and then reports a change forever.
//
// https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/apigatewayv2/stage.go
func settingsTogether(settings []schema.Values, fail schema.Fail) {
	known := func(v schema.Values) bool {
		return !slices.ContainsFunc([]string{"throttlingBurstLimit", "throttlingRateLimit", "detailedMetricsEnabled"}, func(name string) bool {
			return v.Given(name) && !v.Has(name)
		})
	}
	first := map[string]int{}
	for i, v := range settings {
		key := v.String("routeKey")
		j, repeated := first[key]
		switch {
		case key == "": // not known yet
		case !repeated:
			first[key] = i
		case known(v) && known(settings[j]) && settingsFrom(v) != settingsFrom(settings[j]):
			fail(fmt.Sprintf("routeSettings[%d].routeKey", i), "the route %q has other settings in routeSettings[%d]", key, j)
		}
	}
}

func accessLogOf(in schema.Values) *httpapi.AccessLog {
	if !in.Given("accessLogSettings") {
		return nil
	}
	a := in.Object("accessLogSettings")
	return &httpapi.AccessLog{DestinationARN: a.String("destinationArn"), Format: a.String("format")}
}

func liveDefaultSettings(rs *httpapi.RouteSettings) any {
	if rs == nil {
		return nil
	}
	return liveLimits(*rs)
}

func liveLimits(rs httpapi.RouteSettings) map[string]any {
	return map[string]any{
		"throttlingBurstLimit": rs.BurstLimit, "throttlingRateLimit": rs.RateLimit, "detailedMetricsEnabled": rs.DetailedMetrics,
	}
}

// liveSettings returns the settings of routes in the order of the program, which
// AWS does not preserve, followed by those that are not in the program.
func liveSettings(all map[string]httpapi.RouteSettings, like schema.Values) any {
	var order []string
	for _, v := range like.Objects("routeSettings") {
		order = append(order, v.String("routeKey"))
	}
	for _, route := range slices.Sorted(maps.Keys(all)) {
		if !slices.Contains(order, route) {
			order = append(order, route)
		}
	}
	var list []any
	for _, route := range order {
		if rs, ok := all[route]; ok {
			one := liveLimits(rs)
			one["routeKey"] = route
			list = append(list, one)
		}
	}
	return orNilList(list)
}

func liveAccessLog(a *httpapi.AccessLog) any {
	if a == nil {
		return nil
	}
	return map[string]any{"destinationArn": a.DestinationARN, "format": a.Format}
}
