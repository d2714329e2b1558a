package provider

import (
	"testing"

	"tally/localcloud/recorded"
)

// Alarms in the state of a local cloud that only recorded them become real ones.
func TestAdoptAlarms(t *testing.T) {
	c := start(t)
	services := c.services
	inputs := map[string]any{"name": "errors", "metricName": "Errors", "namespace": "AWS/Lambda", "period": 60.0, "statistic": "Sum", "threshold": 2.0,
		"dimensions": map[string]any{"FunctionName": "f"}, "tagsAll": map[string]string{}}
	for _, typ := range []string{alarmToken, keyToken} {
		if _, err := services.Recorded.Create(recorded.Resource{Type: typ, ID: "errors", Inputs: inputs}); err != nil {
			t.Fatal(err)
		}
	}
	if err := AdoptAlarms(&services); err != nil {
		t.Fatal(err)
	}
	a, err := services.CloudWatch.Alarm("errors")
	if err != nil || *a.Threshold != 2 || a.Period != 60 || a.Dimensions[0].Value != "f" {
		t.Errorf("%+v, %v", a, err)
	}
	if left := services.Recorded.Resources(); len(left) != 1 || left[0].Type != keyToken {
		t.Errorf("still recorded: %+v", left)
	}
}
