package gateway

import (
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/logs"
)

type (
	createGroupInput struct {
		Name  string            `json:"logGroupName"`
		Tags  map[string]string `json:"tags"`
		Class string            `json:"logGroupClass"`
	}
	groupNameInput struct {
		Name string `json:"logGroupName"`
	}
	retentionInput struct {
		Name string `json:"logGroupName"`
		Days int    `json:"retentionInDays"`
	}
	createStreamInput struct {
		Name   string `json:"logGroupName"`
		Stream string `json:"logStreamName"`
	}
	putEventsInput struct {
		Name   string       `json:"logGroupName"`
		Stream string       `json:"logStreamName"`
		Events []inputEvent `json:"logEvents"`
		Token  string       `json:"sequenceToken"` // without effect, as on AWS
	}
	inputEvent struct {
		Time    int64  `json:"timestamp"`
		Message string `json:"message"`
	}
)

func (in createGroupInput) group() (string, string)  { return in.Name, "" }
func (in groupNameInput) group() (string, string)    { return in.Name, "" }
func (in retentionInput) group() (string, string)    { return in.Name, "" }
func (in createStreamInput) group() (string, string) { return in.Name, "" }

func (in createGroupInput) conditionKeys() map[string][]string { return requestTags(in.Tags) }

func createLogGroup(c *call, in createGroupInput) (any, error) {
	if in.Class != "" && in.Class != "STANDARD" {
		return nil, invalidLogs("only the log group class STANDARD is emulated, not " + in.Class)
	}
	if err := c.tagNew("logs:TagResource", c.logStream(in.Name, "").resource, in.Tags); err != nil {
		return nil, err
	}
	_, err := c.Logs.CreateGroup(logs.Group{Name: in.Name, Tags: in.Tags})
	return struct{}{}, err
}

func deleteLogGroup(c *call, in groupNameInput) (any, error) {
	return struct{}{}, c.Logs.DeleteGroup(in.Name)
}

func putRetention(c *call, in retentionInput) (any, error) {
	if in.Days == 0 { // which means no limit only to the service
		return nil, cloud.Violated("InvalidParameterException", 0, "retentionInDays", "Member must satisfy enum value set")
	}
	return struct{}{}, c.Logs.SetRetention(in.Name, in.Days)
}

func deleteRetention(c *call, in groupNameInput) (any, error) {
	return struct{}{}, c.Logs.SetRetention(in.Name, 0)
}

func createLogStream(c *call, in createStreamInput) (any, error) {
	return struct{}{}, c.Logs.CreateStream(in.Name, in.Stream)
}

func streamToWrite(c *call, in putEventsInput) (target, error) {
	return c.logStream(in.Name, in.Stream), nil
}

// putLogEvents stores events, and the metrics of those in the embedded metric format.
func putLogEvents(c *call, in putEventsInput) (any, error) {
	events := make([]cloud.LogEvent, len(in.Events))
	for i, e := range in.Events {
		events[i] = cloud.LogEvent{Time: time.UnixMilli(e.Time), Message: e.Message}
	}
	r, err := c.Logs.Put(in.Name, in.Stream, events)
	if err != nil {
		return nil, err
	}
	for _, e := range events[max(r.TooOld, r.Expired) : len(events)-r.TooNew] {
		if _, err := c.CloudWatch.Ingest(e.Message); err != nil {
			c.journal.Append(cloud.Entry{Level: cloud.Warning, Service: "cloudwatch", Resource: in.Name,
				Message: "no metrics from a line in the embedded metric format: " + err.Error()})
		}
	}
	type rejected struct {
		TooNew  *int `json:"tooNewLogEventStartIndex,omitempty"`
		TooOld  *int `json:"tooOldLogEventEndIndex,omitempty"`
		Expired *int `json:"expiredLogEventEndIndex,omitempty"`
	}
	out := struct {
		Token    string    `json:"nextSequenceToken"`
		Rejected *rejected `json:"rejectedLogEventsInfo,omitempty"`
	}{Token: "0"}
	if r != (logs.Rejected{}) {
		start := len(events) - r.TooNew
		out.Rejected = &rejected{unlessZero(r.TooNew, start), unlessZero(r.TooOld, r.TooOld), unlessZero(r.Expired, r.Expired)}
	}
	return out, nil
}

// unlessZero returns value, or nil if n is 0.
func unlessZero(n, value int) *int {
	if n == 0 {
		return nil
	}
	return &value
}
