package cloudwatch

import (
	"context"
	"fmt"
	"strings"
	"time"

	"tally/localcloud/cloud"
)

// Publish publishes a message to a topic on behalf of the caller. Its errors are those
// of sns:Publish.
type Publish func(ctx context.Context, caller cloud.Caller, topicARN, subject, message string) error

// principal is the service principal with which CloudWatch publishes to topics.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
const principal = "cloudwatch.amazonaws.com"

// change is a change of an alarm's state.
type change struct {
	alarm    Alarm
	from, to State
}

// announce reports in the journal that an alarm was raised or cleared, and runs the
// actions for the new state. The caller holds no lock.
func (s *Service) announce(c *change) {
	if c == nil {
		return
	}
	switch StateAlarm {
	case c.to.Value:
		s.note(cloud.Warning, c.alarm.Name, "%s, was %s: %s", c.to.Value, c.from.Value, c.to.Reason)
	case c.from.Value:
		s.note(cloud.Info, c.alarm.Name, "%s, was %s: %s", c.to.Value, c.from.Value, c.to.Reason)
	}
	if !c.alarm.ActionsEnabled {
		return
	}
	var done []HistoryItem
	for _, arn := range c.actions() {
		done = append(done, s.act(c, arn))
	}
	if len(done) > 0 {
		s.remember(c.alarm.Name, done)
	}
}

// actions returns the ARNs of the actions for the new state.
func (c *change) actions() []string {
	switch c.to.Value {
	case StateOK:
		return c.alarm.OKActions
	case StateAlarm:
		return c.alarm.AlarmActions
	}
	return c.alarm.InsufficientActions
}

// act runs one action and returns its history item.
func (s *Service) act(c *change, arn string) HistoryItem {
	message := c.message(s.options.Place)
	err := fmt.Errorf("the local cloud runs no alarm actions of %s, only those of sns", cloud.ServiceOf(arn))
	if cloud.ServiceOf(arn) == "sns" {
		caller := cloud.Caller{Service: principal, SourceARN: s.options.Place.ARN("cloudwatch", "alarm:"+c.alarm.Name)}
		err = s.options.Publish(context.Background(), caller, arn, c.subject(s.options.Place.Region), message)
	}
	state, summary := "Succeeded", "Successfully executed action "+arn
	var reason any
	if err != nil {
		state, summary, reason = "Failed", "Failed to execute action "+arn, err.Error()
		s.note(cloud.Warning, c.alarm.Name, "the action %s failed: %v", arn, err)
	}
	return HistoryItem{Time: time.Now().UTC(), Type: "Action", Summary: summary, Data: cloud.EncodeJSON(map[string]any{
		"actionState": state, "error": reason, "notificationResource": arn,
		"publishedMessage": cloud.EncodeJSON(map[string]string{"default": message}), "stateUpdateTimestamp": c.to.Set.UnixMilli(),
	})}
}

// remember adds history items to an alarm that may be gone.
func (s *Service) remember(name string, items []HistoryItem) {
	s.alarmsMu.Lock()
	defer s.alarmsMu.Unlock()
	r, ok := s.alarms.Get(name)
	if !ok {
		return
	}
	r.remember(items...)
	if err := s.alarms.Put(name, r); err != nil {
		s.note(cloud.Warning, name, "the history cannot be stored: %v", err)
	}
}

// subject returns the subject of the message, whose length SNS limits.
//
// https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
func (c *change) subject(region string) string {
	const most = 100
	start, end := c.to.Value+`: "`, `" in `+regionName(region)
	name := c.alarm.Name
	if space := most - len(start) - len(end); len(name) > space {
		name = name[:space-len("...")] + "..."
	}
	return start + name + end
}

// message returns the message as CloudWatch publishes it.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
func (c *change) message(place cloud.Place) string {
	return cloud.EncodeJSON(struct {
		AlarmName           string
		AlarmDescription    *string
		AWSAccountId        string
		Updated             string `json:"AlarmConfigurationUpdatedTimestamp"`
		NewStateValue       string
		NewStateReason      string
		StateChangeTime     string
		Region              string
		AlarmArn            string
		OldStateValue       string
		OKActions           []string
		AlarmActions        []string
		InsufficientActions []string `json:"InsufficientDataActions"`
		Trigger             trigger
	}{
		c.alarm.Name, orNull(c.alarm.Description), place.Account, c.alarm.Updated.UTC().Format(javaTime),
		c.to.Value, c.to.Reason, c.to.Set.UTC().Format(javaTime), regionName(place.Region), c.alarm.ARN, c.from.Value,
		orEmpty(c.alarm.OKActions), orEmpty(c.alarm.AlarmActions), orEmpty(c.alarm.InsufficientActions), c.alarm.trigger(),
	})
}

// trigger describes what an alarm watches: a metric or queries.
type trigger struct {
	*triggerMetric
	Period            int `json:",omitempty"`
	EvaluationPeriods int
	DatapointsToAlarm int    `json:",omitempty"`
	Comparison        string `json:"ComparisonOperator"`
	Threshold         decimalNumber
	TreatMissingData  string
	LowSamples        string         `json:"EvaluateLowSampleCountPercentile"`
	Metrics           []triggerQuery `json:",omitempty"`
}

type triggerMetric struct {
	MetricName        string
	Namespace         string
	StatisticType     string
	Statistic         string `json:",omitempty"`
	ExtendedStatistic string `json:",omitempty"`
	Unit              *string
	Dimensions        []triggerDimension
}

type triggerDimension struct {
	Value string `json:"value"`
	Name  string `json:"name"`
}

type triggerQuery struct {
	Expression string       `json:",omitempty"`
	ID         string       `json:"Id"`
	Label      string       `json:",omitempty"`
	Stat       *triggerStat `json:"MetricStat,omitempty"`
	Period     int          `json:",omitempty"`
	ReturnData bool
}

type triggerStat struct {
	Metric struct {
		Dimensions []triggerDimension
		MetricName string
		Namespace  string
	}
	Period int
	Stat   string
	Unit   string `json:",omitempty"`
}

func (a Alarm) trigger() trigger {
	t := trigger{EvaluationPeriods: a.EvaluationPeriods, DatapointsToAlarm: a.DatapointsToAlarm, Comparison: a.Comparison,
		Threshold: decimalNumber(a.threshold()), TreatMissingData: a.MissingData, LowSamples: a.LowSamples}
	if len(a.Queries) == 0 {
		t.Period = a.Period
		t.triggerMetric = a.triggerMetric()
	}
	for _, q := range a.Queries {
		query := triggerQuery{Expression: q.Expression, ID: q.ID, Label: q.Label, Period: q.Period, ReturnData: q.ReturnData}
		if q.Stat != nil {
			query.Stat = &triggerStat{Period: q.Stat.Period, Stat: q.Stat.Stat, Unit: q.Stat.Unit}
			query.Stat.Metric.MetricName, query.Stat.Metric.Namespace = q.Stat.Name, q.Stat.Namespace
			query.Stat.Metric.Dimensions = triggerDimensions(q.Stat.Dimensions)
		}
		t.Metrics = append(t.Metrics, query)
	}
	return t
}

func (a Alarm) triggerMetric() *triggerMetric {
	m := &triggerMetric{MetricName: a.MetricStat.Name, Namespace: a.Namespace, Unit: orNull(a.Unit), Dimensions: triggerDimensions(a.Dimensions)}
	if stat, _ := ParseStatistic(a.Stat); !stat.Simple() {
		m.StatisticType, m.ExtendedStatistic = "ExtendedStatistic", a.Stat
		return m
	}
	m.StatisticType, m.Statistic = "Statistic", strings.ToUpper(a.Stat)
	if a.Stat == "SampleCount" {
		m.Statistic = "SAMPLE_COUNT"
	}
	return m
}

func triggerDimensions(dimensions []cloud.Dimension) []triggerDimension {
	all := make([]triggerDimension, len(dimensions))
	for i, d := range dimensions {
		all[i] = triggerDimension{d.Value, d.Name}
	}
	return all
}

// decimalNumber is a number that is encoded in JSON with a decimal point.
type decimalNumber float64

func (n decimalNumber) MarshalJSON() ([]byte, error) { return []byte(decimal(float64(n))), nil }

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func orEmpty(list []string) []string { return append([]string{}, list...) }

// regionName returns the name of a region in messages, which is its code if the name is
// not known.
//
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-regions-availability-zones.html
func regionName(region string) string {
	if name, ok := regionNames[region]; ok {
		return name
	}
	return region
}

var regionNames = map[string]string{
	"us-east-1": "US East (N. Virginia)", "us-east-2": "US East (Ohio)", "us-west-1": "US West (N. California)", "us-west-2": "US West (Oregon)",
	"ca-central-1": "Canada (Central)", "sa-east-1": "South America (Sao Paulo)",
	"eu-central-1": "EU (Frankfurt)", "eu-west-1": "EU (Ireland)", "eu-west-2": "EU (London)", "eu-west-3": "EU (Paris)", "eu-north-1": "EU (Stockholm)",
	"ap-northeast-1": "Asia Pacific (Tokyo)", "ap-northeast-2": "Asia Pacific (Seoul)", "ap-south-1": "Asia Pacific (Mumbai)",
	"ap-southeast-1": "Asia Pacific (Singapore)", "ap-southeast-2": "Asia Pacific (Sydney)",
}
