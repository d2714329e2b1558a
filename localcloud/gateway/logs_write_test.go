package gateway

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

func TestWriteLogs(t *testing.T) {
	k := newKit(t)
	client := cloudwatchlogs.NewFromConfig(k.config(developer))
	ctx := t.Context()
	group, stream := aws.String("/app"), aws.String("one")
	refused := func(err error, want string) {
		t.Helper()
		if !strings.HasPrefix(code(err), want) {
			t.Errorf("got  %s\nwant %s", code(err), want)
		}
	}
	create := &cloudwatchlogs.CreateLogGroupInput{LogGroupName: group, Tags: map[string]string{"team": "blue"}}
	must(client.CreateLogGroup(ctx, create))(t)
	_, err := client.CreateLogGroup(ctx, create)
	refused(err, "ResourceAlreadyExistsException: The specified log group already exists")
	must(client.PutRetentionPolicy(ctx, &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: group, RetentionInDays: aws.Int32(1)}))(t)
	_, err = client.PutRetentionPolicy(ctx, &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: group, RetentionInDays: aws.Int32(2)})
	refused(err, "InvalidParameterException: 1 validation error detected: Value '2' at 'retentionInDays'")
	if g := must(k.Logs.Group("/app"))(t); g.RetentionDays != 1 || g.Tags["team"] != "blue" {
		t.Errorf("%+v", g)
	}

	now := time.Now()
	put := func(events ...any) (*cloudwatchlogs.PutLogEventsOutput, error) {
		in := &cloudwatchlogs.PutLogEventsInput{LogGroupName: group, LogStreamName: stream}
		for i := 0; i < len(events); i += 2 {
			at := now.Add(events[i].(time.Duration)).UnixMilli()
			in.LogEvents = append(in.LogEvents, types.InputLogEvent{Timestamp: &at, Message: aws.String(events[i+1].(string))})
		}
		return client.PutLogEvents(ctx, in)
	}
	_, err = put(time.Duration(0), "x")
	refused(err, "ResourceNotFoundException: The specified log stream does not exist.")
	must(client.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: group, LogStreamName: stream}))(t)
	_, err = client.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: group, LogStreamName: stream})
	refused(err, "ResourceAlreadyExistsException: The specified log stream already exists")

	if out := must(put(-time.Minute, "first", time.Duration(0), "second"))(t); out.RejectedLogEventsInfo != nil {
		t.Errorf("%+v", out.RejectedLogEventsInfo)
	}
	out := must(put(-25*time.Hour, "expired", -3*time.Hour, "third"))(t)
	if i := out.RejectedLogEventsInfo; i == nil || *i.ExpiredLogEventEndIndex != 1 || i.TooOldLogEventEndIndex != nil || i.TooNewLogEventStartIndex != nil {
		t.Errorf("%+v", i)
	}
	out = must(put(-15*24*time.Hour, "old"))(t)
	if i := out.RejectedLogEventsInfo; i == nil || *i.TooOldLogEventEndIndex != 1 {
		t.Errorf("%+v", i)
	}
	out = must(put(time.Duration(0), "fourth", 3*time.Hour, "future"))(t)
	if i := out.RejectedLogEventsInfo; i == nil || *i.TooNewLogEventStartIndex != 1 {
		t.Errorf("%+v", i)
	}
	_, err = put(time.Duration(0), "x", -time.Second, "y")
	refused(err, "InvalidParameterException: Log events in a single PutLogEvents request must be in chronological order.")
	_, err = put(-25*time.Hour, "x", time.Duration(0), "y")
	refused(err, "InvalidParameterException: The batch of log events in a single PutLogEvents request cannot span more than 24 hours.")
	_, err = put(time.Duration(0), strings.Repeat("x", 1<<20))
	refused(err, "InvalidParameterException: Log event too large")

	var seen []string
	for _, e := range must(client.FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: group}))(t).Events {
		seen = append(seen, *e.Message)
	}
	if got := strings.Join(seen, " "); got != "third first second fourth" {
		t.Error(got)
	}
	must(client.DeleteRetentionPolicy(ctx, &cloudwatchlogs.DeleteRetentionPolicyInput{LogGroupName: group}))(t)
	must(client.DeleteLogGroup(ctx, &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: group}))(t)
	_, err = client.DeleteLogGroup(ctx, &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: group})
	refused(err, "ResourceNotFoundException: The specified log group does not exist.")
}
