package gateway

import (
	"cmp"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/logs"
)

const logsTarget = "Logs_20140328"

// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_Operations.html
func logsOperations() operations {
	return operations{
		"DescribeLogGroups":  authorized("logs:DescribeLogGroups", allGroups, describeLogGroups),
		"DescribeLogStreams": authorized("logs:DescribeLogStreams", groupOf, describeLogStreams),
		"FilterLogEvents":    authorized("logs:FilterLogEvents", groupOf, filterLogEvents),
		"GetLogEvents":       authorized("logs:GetLogEvents", streamOf, getLogEvents),

		"CreateLogGroup":        authorized("logs:CreateLogGroup", groupOf, createLogGroup),
		"DeleteLogGroup":        authorized("logs:DeleteLogGroup", groupOf, deleteLogGroup),
		"PutRetentionPolicy":    authorized("logs:PutRetentionPolicy", groupOf, putRetention),
		"DeleteRetentionPolicy": authorized("logs:DeleteRetentionPolicy", groupOf, deleteRetention),
		"CreateLogStream":       authorized("logs:CreateLogStream", groupOf, createLogStream),
		"PutLogEvents":          authorized("logs:PutLogEvents", streamToWrite, putLogEvents),
	}
}

type describeGroupsInput struct {
	Prefix  string `json:"logGroupNamePrefix"`
	Pattern string `json:"logGroupNamePattern"`
	Limit   *int   `json:"limit"`
	Token   string `json:"nextToken"`
	// Here there is only one account, and only the class STANDARD.
	AccountIdentifiers    []string `json:"accountIdentifiers"`
	IncludeLinkedAccounts bool     `json:"includeLinkedAccounts"`
	LogGroupClass         string   `json:"logGroupClass"`
}

type describeStreamsInput struct {
	Name       string `json:"logGroupName"`
	Identifier string `json:"logGroupIdentifier"`
	Prefix     string `json:"logStreamNamePrefix"`
	OrderBy    string `json:"orderBy"`
	Descending bool   `json:"descending"`
	Limit      *int   `json:"limit"`
	Token      string `json:"nextToken"`
}

type filterEventsInput struct {
	Name         string   `json:"logGroupName"`
	Identifier   string   `json:"logGroupIdentifier"`
	Streams      []string `json:"logStreamNames"`
	StreamPrefix string   `json:"logStreamNamePrefix"`
	Start        *int64   `json:"startTime"`
	End          *int64   `json:"endTime"`
	Pattern      string   `json:"filterPattern"`
	Limit        *int     `json:"limit"`
	Token        string   `json:"nextToken"`
	Interleaved  *bool    `json:"interleaved"` // without effect, as on AWS
	Unmask       bool     `json:"unmask"`      // nothing is masked
}

type getEventsInput struct {
	Name          string `json:"logGroupName"`
	Identifier    string `json:"logGroupIdentifier"`
	Stream        string `json:"logStreamName"`
	Start         *int64 `json:"startTime"`
	End           *int64 `json:"endTime"`
	Limit         *int   `json:"limit"`
	Token         string `json:"nextToken"`
	StartFromHead bool   `json:"startFromHead"`
	Unmask        bool   `json:"unmask"` // nothing is masked
}

func (in describeStreamsInput) group() (string, string) { return in.Name, in.Identifier }
func (in filterEventsInput) group() (string, string)    { return in.Name, in.Identifier }
func (in getEventsInput) group() (string, string)       { return in.Name, in.Identifier }

// groupName returns the name of a log group from either of the parameters that
// may hold it: a name, or an identifier, which is a name or an ARN.
func groupName(in interface{ group() (string, string) }) string {
	name, identifier := in.group()
	if arn, err := cloud.ParseARN(identifier); err == nil {
		identifier = strings.TrimPrefix(arn.Resource, "log-group:")
	}
	return cmp.Or(name, identifier)
}

// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html
func allGroups(c *call, _ describeGroupsInput) (target, error) {
	return c.logStream("", ""), nil
}

func groupOf[In interface{ group() (string, string) }](c *call, in In) (target, error) {
	return c.logStream(groupName(in), ""), c.checkGroup(in.group())
}

func streamOf(c *call, in getEventsInput) (target, error) {
	return c.logStream(groupName(in), in.Stream), c.checkGroup(in.group())
}

// identifierCharacters are those of a log group's identifier. The ARN that ends with :* is
// for policies.
var identifierCharacters = regexp.MustCompile(`^[\w#+=/:,.@-]*$`)

// checkGroup refuses an identifier that is not the name or the ARN of a log group of the
// account in its region.
//
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
func (c *call) checkGroup(name, identifier string) error {
	if !identifierCharacters.MatchString(identifier) {
		return cloud.Violated("InvalidParameterException", identifier, "logGroupIdentifier", `Member must satisfy regular expression pattern: [\w#+=/:,.@-]*`)
	}
	arn, err := cloud.ParseARN(identifier)
	if err == nil && (arn != c.place.ARN("logs", arn.Resource) || !strings.HasPrefix(arn.Resource, "log-group:")) {
		return invalidLogs(fmt.Sprintf("The logGroupIdentifier %s is not a log group of the account %s in the region %s.", identifier, c.place.Account, c.place.Region))
	}
	if name != "" && identifier != "" {
		return cloud.Errorf(http.StatusBadRequest, "ValidationException", "LogGroup name and LogGroup ARN are mutually exclusive parameters.")
	}
	return nil
}

func (c *call) logStream(group, stream string) target {
	return target{resource: c.place.ARN("logs", "log-group:"+group+":log-stream:"+stream).String()}
}

func describeLogGroups(c *call, in describeGroupsInput) (any, error) {
	type group struct {
		Name    string `json:"logGroupName"`
		Created int64  `json:"creationTime"`
		Days    int    `json:"retentionInDays,omitempty"`
		Filters int    `json:"metricFilterCount"`
		ARN     string `json:"arn"`
		Bytes   int64  `json:"storedBytes"` // always 0; AWS takes days to update it
		Class   string `json:"logGroupClass"`
		Plain   string `json:"logGroupArn"`
	}
	if in.Prefix != "" && in.Pattern != "" {
		return nil, invalidLogs("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
	}
	found := slices.DeleteFunc(c.Logs.Groups(in.Prefix), func(g logs.Group) bool { return !strings.Contains(g.Name, in.Pattern) })
	if in.LogGroupClass != "" && in.LogGroupClass != "STANDARD" {
		found = nil
	}
	size, err := pageSize(in.Limit)
	if err != nil {
		return nil, err
	}
	groups, next, ok := page(found, in.Token, size, func(g logs.Group) string { return g.Name })
	if !ok {
		return nil, invalidLogs("The specified nextToken is invalid.")
	}
	out := struct {
		Groups []group `json:"logGroups"`
		Next   string  `json:"nextToken,omitempty"`
	}{[]group{}, next}
	for _, g := range groups {
		out.Groups = append(out.Groups, group{Name: g.Name, Created: g.Created.UnixMilli(), Days: g.RetentionDays,
			ARN: g.ARN + ":*", Class: "STANDARD", Plain: g.ARN})
	}
	return out, nil
}

func describeLogStreams(c *call, in describeStreamsInput) (any, error) {
	type stream struct {
		Name      string `json:"logStreamName"`
		Created   int64  `json:"creationTime"`
		First     int64  `json:"firstEventTimestamp,omitempty"`
		Last      int64  `json:"lastEventTimestamp,omitempty"`
		Ingestion int64  `json:"lastIngestionTime,omitempty"`
		ARN       string `json:"arn"`
		Bytes     int64  `json:"storedBytes"` // always 0, as on AWS
	}
	size, err := pageSize(in.Limit)
	if err != nil {
		return nil, err
	}
	found, err := c.Logs.Streams(groupName(in), in.Prefix)
	if err != nil {
		return nil, err
	}
	key, err := streamOrder(in)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(found, func(a, b logs.Stream) int { return cmp.Compare(key(a), key(b)) })
	streams, next, ok := page(found, in.Token, size, key)
	if !ok {
		return nil, invalidLogs("The specified nextToken is invalid.")
	}
	out := struct {
		Streams []stream `json:"logStreams"`
		Next    string   `json:"nextToken,omitempty"`
	}{[]stream{}, next}
	for _, s := range streams {
		out.Streams = append(out.Streams, stream{Name: s.Name, Created: s.Created.UnixMilli(),
			First: millis(s.First), Last: millis(s.Last), Ingestion: millis(s.LastIngestion), ARN: s.ARN})
	}
	return out, nil
}

// streamOrder returns the key by which the streams are sorted.
func streamOrder(in describeStreamsInput) (func(logs.Stream) string, error) {
	var key func(logs.Stream) string
	switch in.OrderBy {
	case "", "LogStreamName":
		key = func(s logs.Stream) string { return s.Name }
	case "LastEventTime":
		if in.Prefix != "" {
			return nil, invalidLogs("Cannot order by LastEventTime with a logStreamNamePrefix.")
		}
		key = func(s logs.Stream) string { return s.Last.UTC().Format("20060102T150405.000") + s.Name }
	default:
		return nil, cloud.Violated("InvalidParameterException", in.OrderBy, "orderBy", "Member must satisfy enum value set: [LogStreamName, LastEventTime]")
	}
	if !in.Descending {
		return key, nil
	}
	return func(s logs.Stream) string {
		b := []byte(key(s))
		for i := range b {
			b[i] = ^b[i]
		}
		return string(b) + "\xff" // a longer key sorts before its prefix
	}, nil
}

func filterLogEvents(c *call, in filterEventsInput) (any, error) {
	type event struct {
		Stream   string `json:"logStreamName"`
		Time     int64  `json:"timestamp"`
		Message  string `json:"message"`
		Ingested int64  `json:"ingestionTime"`
		ID       string `json:"eventId"`
	}
	limit, err := eventLimit(in.Limit)
	if err != nil {
		return nil, err
	}
	found, err := c.Logs.Filter(logs.Query{Group: groupName(in), Streams: in.Streams, StreamPrefix: in.StreamPrefix,
		From: moment(in.Start), To: moment(in.End), Pattern: in.Pattern, Limit: limit, Token: in.Token})
	out := struct {
		Events   []event  `json:"events"`
		Searched []string `json:"searchedLogStreams"` // always empty, as on AWS
		Next     string   `json:"nextToken,omitempty"`
	}{[]event{}, []string{}, found.Next}
	for _, e := range found.Events {
		out.Events = append(out.Events, event{e.Stream, e.Time.UnixMilli(), e.Message, e.Ingested.UnixMilli(), e.ID})
	}
	return out, err
}

func getLogEvents(c *call, in getEventsInput) (any, error) {
	type event struct {
		Time     int64  `json:"timestamp"`
		Message  string `json:"message"`
		Ingested int64  `json:"ingestionTime"`
	}
	limit, err := eventLimit(in.Limit)
	if err != nil {
		return nil, err
	}
	found, err := c.Logs.Events(logs.Query{Group: groupName(in), Streams: []string{in.Stream},
		From: moment(in.Start), To: moment(in.End), Limit: limit, Token: in.Token, FromHead: in.StartFromHead})
	out := struct {
		Events   []event `json:"events"`
		Forward  string  `json:"nextForwardToken"`
		Backward string  `json:"nextBackwardToken"`
	}{[]event{}, found.Forward, found.Backward}
	for _, e := range found.Events {
		out.Events = append(out.Events, event{e.Time.UnixMilli(), e.Message, e.Ingested.UnixMilli()})
	}
	return out, err
}

// pageSize returns the number of groups or streams on a page: limit, or 50 by
// default.
func pageSize(limit *int) (int, error) {
	if limit == nil {
		return 50, nil
	}
	if *limit < 1 || *limit > 50 {
		return 0, cloud.Violated("InvalidParameterException", cloud.Hidden, "limit", "Member must have value from 1 to 50")
	}
	return *limit, nil
}

// eventLimit returns the maximum number of events, or 0 for the service's
// default. The service itself refuses a limit above its maximum.
func eventLimit(limit *int) (int, error) {
	if limit == nil {
		return 0, nil
	}
	if *limit < 1 {
		return 0, cloud.Violated("InvalidParameterException", cloud.Hidden, "limit", "Member must have value greater than or equal to 1")
	}
	return *limit, nil
}

// moment converts milliseconds since 1970; nil becomes the zero time.
func moment(ms *int64) time.Time {
	if ms == nil {
		return time.Time{}
	}
	return time.UnixMilli(*ms)
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func invalidLogs(message string) error {
	return cloud.Errorf(http.StatusBadRequest, "InvalidParameterException", "%s", message)
}
