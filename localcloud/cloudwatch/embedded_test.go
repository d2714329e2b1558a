package cloudwatch

import (
	"fmt"
	"testing"
	"time"

	"tally/localcloud/cloud"
)

func TestEmbeddedMetrics(t *testing.T) {
	k := newKit(t, Options{})
	now := time.Now()
	line := func(directive string) string {
		return fmt.Sprintf(`{"_aws":{"Timestamp":%d,"CloudWatchMetrics":[%s]},"service":"add","Sums":2,"Sizes":[1,3],"Bad":"x","level":"INFO"}`+"\n", now.UnixMilli(), directive)
	}
	for _, c := range []struct {
		line     string
		embedded bool
		err      string
	}{
		{line(`{"Namespace":"tally","Dimensions":[["service"],[],["absent"]],"Metrics":[{"Name":"Sums","Unit":"Count"},{"Name":"Sizes"},{"Name":"Absent"}]}`), true, "<nil>"},
		{line(`{"Namespace":"tally","Metrics":[{"Name":"Bad"}]}`), true, `the metric "Bad": it must be a number or a list of numbers, not "x"`},
		{line(`{"Namespace":"tally","Metrics":[{"Name":"Sums","Unit":"Sums"}]}`), true, "InvalidParameterValue: The parameter MetricData.member.1.Unit must be a value in the set " + fmt.Sprint(Units) + "."},
		{`{"message":"\"_aws\""}`, false, "<nil>"}, {`{"_aws":1}`, false, "<nil>"}, {`not JSON "_aws"`, false, "<nil>"}, {"plain", false, "<nil>"},
	} {
		if embedded, err := k.Ingest(c.line); embedded != c.embedded || fmt.Sprint(err) != c.err {
			t.Errorf("%s\n%t, %v", c.line, embedded, err)
		}
	}
	for _, c := range []struct {
		name       string
		dimensions []cloud.Dimension
		want       float64 // the sum, negative for no data
	}{
		{"Sums", []cloud.Dimension{{Name: "service", Value: "add"}}, 2}, {"Sums", nil, 2}, {"Sizes", nil, 4}, {"Bad", nil, -1},
	} {
		data := k.read(MetricStat{Metric: Metric{"tally", c.name, c.dimensions}, Period: 60, Stat: "Sum"}, grid{now.Unix() - 60, now.Unix() + 60, 120})
		got := -1.0
		for _, v := range data {
			got = v
		}
		if got != c.want {
			t.Errorf("%s %v: %v, want %v", c.name, c.dimensions, got, c.want)
		}
	}
}
