package provider

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/provider/schema"
)

// dashboard returns the type of dashboards. Their ID is their name.
func dashboard(place cloud.Place) recordedType {
	return recordedType{
		Type: schema.Type{
			Token: "aws:cloudwatch/dashboard:Dashboard", Noun: "CloudWatch Dashboard",
			Inputs: []schema.Property{
				{Name: "dashboardName", Required: true, ForceNew: true, Check: matching("[A-Za-z0-9_-]{1,255}", "1 to 255 letters, digits, dashes and underscores")},
				{Name: "dashboardBody", Kind: schema.JSON, Required: true, Check: dashboardBody},
			},
			Outputs: []schema.Output{{Name: "dashboardArn"}},
		},
		id: func(in schema.Values) string { return in.String("dashboardName") },
		adds: func(id string, _ time.Time, _ schema.Values) map[string]any {
			return map[string]any{"dashboardArn": place.GlobalARN("cloudwatch", "dashboard/"+id).String()}
		},
	}
}

// widget holds the members of a widget that CloudWatch checks.
type widget struct {
	Type                string
	X, Y, Width, Height *int
	Properties          map[string]any
}

// widgetNeeds holds the required properties of each type of widget.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
var widgetNeeds = map[string][]string{
	"alarm":    {"alarms"},
	"custom":   {"endpoint"},
	"explorer": {},
	"log":      {"region", "query"},
	"metric":   {"region"},
	"text":     {"markdown"},
}

// dashboardBody accepts valid bodies. Its error lists everything that is wrong
// with the body.
func dashboardBody(v any) error {
	if !json.Valid([]byte(v.(string))) {
		return errors.New("must be a JSON document")
	}
	var body struct{ Widgets []widget }
	if err := json.Unmarshal([]byte(v.(string)), &body); err != nil {
		return fmt.Errorf("the dashboard body is invalid: %w", err)
	}
	var wrong []string
	if n := len(body.Widgets); n > 500 {
		wrong = append(wrong, fmt.Sprintf("/widgets has %d elements, expected at most 500", n))
	}
	for i, w := range body.Widgets {
		for _, reason := range w.wrong() {
			wrong = append(wrong, fmt.Sprintf("/widgets/%d %s", i, reason))
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	return fmt.Errorf("the dashboard body is invalid, there are %d validation errors: %s", len(wrong), strings.Join(wrong, "; "))
}

func (w widget) wrong() (reasons []string) {
	needs, known := widgetNeeds[w.Type]
	if !known {
		reasons = append(reasons, fmt.Sprintf("has the unknown type %q", w.Type))
	}
	for _, name := range needs {
		if _, ok := w.Properties[name]; !ok {
			reasons = append(reasons, fmt.Sprintf("has no property %q, which a widget of type %s requires", name, w.Type))
		}
	}
	for _, side := range []struct {
		name      string
		size      *int
		low, high int
	}{{"x", w.X, 0, 23}, {"y", w.Y, 0, 1 << 30}, {"width", w.Width, 1, 24}, {"height", w.Height, 1, 1000}} {
		if side.size != nil && (*side.size < side.low || *side.size > side.high) {
			reasons = append(reasons, fmt.Sprintf("has %s %d, expected %d to %d", side.name, *side.size, side.low, side.high))
		}
	}
	slices.Sort(reasons)
	return reasons
}
