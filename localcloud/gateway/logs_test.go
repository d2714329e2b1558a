package gateway

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"tally/localcloud/cloud"
	"tally/localcloud/logs"
)

func TestLogs(t *testing.T) {
	k := newKit(t)
	who := cloud.Caller{ARN: here.GlobalARN("iam", "user/developer"), Administrator: true}
	now := time.Now().Truncate(time.Millisecond)
	for i, stream := range []string{"s", "s2", "a"} {
		err := k.Logs.WriteLog(t.Context(), who, "/aws/lambda/add", stream, []cloud.LogEvent{
			{Time: now.Add(time.Duration(i) * time.Second), Message: "START " + stream},
			{Time: now.Add(time.Duration(i)*time.Second + time.Millisecond), Message: "ERROR " + stream},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	client := cloudwatchlogs.NewFromConfig(k.config(developer))
	group := aws.String("/aws/lambda/add")
	arn := "arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/add"

	for limit, want := range map[int32]int{1: 3, 2: 2, 50: 1} {
		for _, order := range []struct {
			by         types.OrderBy
			descending bool
			want       string
		}{{"LogStreamName", false, "a s s2"}, {"LogStreamName", true, "s2 s a"}, {"LastEventTime", false, "s s2 a"}, {"LastEventTime", true, "a s2 s"}} {
			var names []string
			pages := cloudwatchlogs.NewDescribeLogStreamsPaginator(client, &cloudwatchlogs.DescribeLogStreamsInput{
				LogGroupName: group, OrderBy: order.by, Descending: &order.descending, Limit: &limit})
			n := 0
			for ; pages.HasMorePages(); n++ {
				for _, s := range must(pages.NextPage(t.Context()))(t).LogStreams {
					names = append(names, *s.LogStreamName)
					if *s.Arn != arn+":log-stream:"+*s.LogStreamName || *s.LastEventTimestamp != *s.FirstEventTimestamp+1 {
						t.Errorf("stream %+v", s)
					}
				}
			}
			if strings.Join(names, " ") != order.want || n != want {
				t.Errorf("by %s, descending %v, limit %d: %v in %d pages", order.by, order.descending, limit, names, n)
			}
		}
	}

	//lint:ignore SA1019 older clients send Interleaved, which must be accepted
	errorsOnly := must(client.FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupIdentifier: aws.String(arn), Interleaved: aws.Bool(true),
		FilterPattern: aws.String("ERROR"), StartTime: aws.Int64(now.UnixMilli() + 2)}))(t).Events
	if len(errorsOnly) != 2 || *errorsOnly[0].Message != "ERROR s2" || *errorsOnly[0].LogStreamName != "s2" || *errorsOnly[1].Timestamp != now.UnixMilli()+2001 {
		t.Errorf("errors %+v", errorsOnly)
	}
	var all []string
	filtered := cloudwatchlogs.NewFilterLogEventsPaginator(client, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: group, Limit: aws.Int32(4)})
	for filtered.HasMorePages() {
		for _, e := range must(filtered.NextPage(t.Context()))(t).Events {
			all = append(all, *e.EventId)
		}
	}
	if len(all) != 6 || !slices.IsSorted(all) || len(slices.Compact(all)) != 6 {
		t.Errorf("events %v", all)
	}

	one := must(client.GetLogEvents(t.Context(), &cloudwatchlogs.GetLogEventsInput{LogGroupName: group, LogStreamName: aws.String("s"), Limit: aws.Int32(1)}))(t)
	back := must(client.GetLogEvents(t.Context(), &cloudwatchlogs.GetLogEventsInput{LogGroupName: group, LogStreamName: aws.String("s"), NextToken: one.NextBackwardToken}))(t)
	if len(one.Events) != 1 || *one.Events[0].Message != "ERROR s" || len(back.Events) != 1 || *back.Events[0].Message != "START s" {
		t.Errorf("the newest event is %+v, the previous one %+v", one.Events, back.Events)
	}
}

func TestLogGroups(t *testing.T) {
	k := newKit(t)
	for i := range 60 {
		must(k.Logs.CreateGroup(logs.Group{Name: fmt.Sprintf("/g/%02d", i), RetentionDays: 7 * (i % 2)}))(t)
	}
	client := cloudwatchlogs.NewFromConfig(k.config(developer))
	var groups []types.LogGroup
	pages := cloudwatchlogs.NewDescribeLogGroupsPaginator(client, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: aws.String("/g/")})
	for pages.HasMorePages() {
		groups = append(groups, must(pages.NextPage(t.Context()))(t).LogGroups...)
	}
	arn := "arn:aws:logs:us-east-1:000000000000:log-group:/g/01"
	if g := groups[1]; len(groups) != 60 || *g.Arn != arn+":*" || *g.LogGroupArn != arn || *g.RetentionInDays != 7 || groups[0].RetentionInDays != nil {
		t.Errorf("%d groups, %+v", len(groups), groups[1])
	}
	some := must(client.DescribeLogGroups(t.Context(), &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePattern: aws.String("/5")}))(t)
	none := must(client.DescribeLogGroups(t.Context(), &cloudwatchlogs.DescribeLogGroupsInput{LogGroupClass: types.LogGroupClassInfrequentAccess}))(t)
	if len(some.LogGroups) != 10 || len(none.LogGroups) != 0 {
		t.Errorf("%d and %d groups", len(some.LogGroups), len(none.LogGroups))
	}
}

func TestLogsErrors(t *testing.T) {
	k := newKit(t)
	session := k.role(t, nothing)
	client, other := cloudwatchlogs.NewFromConfig(k.config(developer)), cloudwatchlogs.NewFromConfig(k.config(session))
	must(k.Logs.CreateGroup(logs.Group{Name: "g"}))(t)
	second := func(_ any, err error) error { return err }
	const elsewhere = "InvalidParameterException: The logGroupIdentifier arn:aws:"
	const refused = "AccessDeniedException: User: arn:aws:sts::000000000000:assumed-role/worker/session is not authorized to perform: logs:"
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"group":               {second(client.FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("no")})), "ResourceNotFoundException: The specified log group does not exist."},
		"stream":              {second(client.GetLogEvents(t.Context(), &cloudwatchlogs.GetLogEventsInput{LogGroupName: aws.String("g"), LogStreamName: aws.String("no")})), "ResourceNotFoundException: The specified log stream does not exist."},
		"name and identifier": {second(client.FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("g"), LogGroupIdentifier: aws.String("g")})), "ValidationException: LogGroup name and LogGroup ARN are mutually exclusive parameters."},
		"events of both":      {second(client.GetLogEvents(t.Context(), &cloudwatchlogs.GetLogEventsInput{LogGroupName: aws.String("g"), LogGroupIdentifier: aws.String("g"), LogStreamName: aws.String("s")})), "ValidationException: LogGroup name and LogGroup ARN"},
		"ARN of a policy":     {second(client.FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupIdentifier: aws.String(here.ARN("logs", "log-group:g:*").String())})), "InvalidParameterException: 1 validation error detected: Value 'arn:aws:logs:us-east-1:000000000000:log-group:g:*' at 'logGroupIdentifier' failed to satisfy constraint: Member must satisfy regular expression pattern:"},
		"other account":       {second(client.FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupIdentifier: aws.String("arn:aws:logs:us-east-1:111122223333:log-group:g")})), elsewhere},
		"other region":        {second(client.DescribeLogStreams(t.Context(), &cloudwatchlogs.DescribeLogStreamsInput{LogGroupIdentifier: aws.String("arn:aws:logs:eu-west-1:000000000000:log-group:g")})), elsewhere},
		"other service":       {second(client.GetLogEvents(t.Context(), &cloudwatchlogs.GetLogEventsInput{LogGroupIdentifier: aws.String("arn:aws:sns:us-east-1:000000000000:g"), LogStreamName: aws.String("s")})), elsewhere},
		"identified events":   {second(other.GetLogEvents(t.Context(), &cloudwatchlogs.GetLogEventsInput{LogGroupIdentifier: aws.String(here.ARN("logs", "log-group:g").String()), LogStreamName: aws.String("s")})), refused + "GetLogEvents on resource: arn:aws:logs:us-east-1:000000000000:log-group:g:log-stream:s because"},
		"token":               {second(client.DescribeLogGroups(t.Context(), &cloudwatchlogs.DescribeLogGroupsInput{NextToken: aws.String("!")})), "InvalidParameterException: The specified nextToken is invalid."},
		"limit":               {second(client.DescribeLogGroups(t.Context(), &cloudwatchlogs.DescribeLogGroupsInput{Limit: aws.Int32(51)})), "InvalidParameterException: 1 validation error detected"},
		"order":               {second(client.DescribeLogStreams(t.Context(), &cloudwatchlogs.DescribeLogStreamsInput{LogGroupName: aws.String("g"), OrderBy: "Size"})), "InvalidParameterException: 1 validation error detected: Value 'Size' at 'orderBy'"},
		"unknown":             {second(client.DescribeMetricFilters(t.Context(), nil)), "UnknownOperationException: Unknown operation Logs_20140328.DescribeMetricFilters; the local cloud serves CreateLogGroup, CreateLogStream, DeleteLogGroup, DeleteRetentionPolicy, DescribeLogGroups, DescribeLogStreams, FilterLogEvents, GetLogEvents, PutLogEvents, PutRetentionPolicy of"},
		"groups":              {second(other.DescribeLogGroups(t.Context(), nil)), refused + "DescribeLogGroups on resource: arn:aws:logs:us-east-1:000000000000:log-group::log-stream: because"},
		"events":              {second(other.GetLogEvents(t.Context(), &cloudwatchlogs.GetLogEventsInput{LogGroupName: aws.String("g"), LogStreamName: aws.String("s")})), refused + "GetLogEvents on resource: arn:aws:logs:us-east-1:000000000000:log-group:g:log-stream:s because"},
	} {
		if got := code(c.err); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
