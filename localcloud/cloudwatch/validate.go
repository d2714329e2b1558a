package cloudwatch

import (
	"fmt"
	"regexp"
	"slices"
	"time"

	"tally/localcloud/cloud"
)

var queryID = regexp.MustCompile(`^[a-z][a-zA-Z0-9_]*$`)

const maxQueries = 500

// check applies the rules of GetMetricData.
func (r DataRequest) check() error {
	var p problems
	switch {
	case len(r.Queries) == 0:
		p.add("The parameter MetricDataQueries is required.")
	case len(r.Queries) > maxQueries:
		p.add(fmt.Sprintf("The collection MetricDataQueries must not have a size greater than %d.", maxQueries))
	}
	checkRange(&p, r.Start, r.End)
	if r.MaxDatapoints < 0 || r.MaxDatapoints > maxDatapoints {
		p.add(fmt.Sprintf("The value %d for parameter MaxDatapoints must be between 1 and %d.", r.MaxDatapoints, maxDatapoints))
	}
	p = append(p, queryProblems("MetricDataQueries", r.Queries)...)
	return p.err(validation)
}

// checkRange applies the rules for the parameters StartTime and EndTime.
func checkRange(p *problems, start, end time.Time) {
	switch {
	case start.IsZero():
		p.add("The parameter StartTime is required.")
	case end.IsZero():
		p.add("The parameter EndTime is required.")
	case start.Equal(end):
		p.add("The parameter StartTime must not equal parameter EndTime.")
	case start.After(end):
		p.add("The parameter StartTime must be less than the parameter EndTime.")
	}
}

// queryProblems returns what is wrong with queries, in the words of GetMetricData.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDataQuery.html
func queryProblems(parameter string, queries []Query) (p problems) {
	seen := map[string]bool{}
	returned := false
	for i, q := range queries {
		at := fmt.Sprintf("%s.member.%d.", parameter, i+1)
		returned = returned || q.ReturnData
		if !queryID.MatchString(q.ID) || len(q.ID) > 255 {
			p.add(fmt.Sprintf("The value %s for parameter %sId is not matching the expected pattern ^[a-z][a-zA-Z0-9_]*$.", q.ID, at))
		}
		if seen[q.ID] {
			p.add(fmt.Sprintf("The values for parameter id in %s are not unique.", parameter))
		}
		seen[q.ID] = true
		switch {
		case q.Stat != nil && q.Expression != "":
			p.add(fmt.Sprintf("The parameters %sExpression and %sMetricStat are mutually exclusive and you have specified both.", at, at))
		case q.Stat != nil:
			q.Stat.check(&p, at+"MetricStat.")
		case q.Expression == "":
			p.add(fmt.Sprintf("At least one of the parameters %sExpression and %sMetricStat must be specified.", at, at))
		case q.Period != 0 && !validPeriod(q.Period):
			p.add(periodProblem(at + "Period"))
		}
	}
	if len(queries) > 0 && !returned {
		p.add(fmt.Sprintf("At least one of the elements of %s must have ReturnData set to true.", parameter))
	}
	return p
}

func (m MetricStat) check(p *problems, at string) {
	m.Metric.check(p, at+"Metric.")
	if _, ok := ParseStatistic(m.Stat); !ok {
		p.add(fmt.Sprintf("The value %s for parameter %sStat is not a valid statistic.", m.Stat, at))
	}
	if !validPeriod(m.Period) {
		p.add(periodProblem(at + "Period"))
	}
	checkUnit(p, at+"Unit", m.Unit)
}

// validPeriod reports whether a period in seconds may be requested.
func validPeriod(seconds int) bool {
	return slices.Contains([]int{1, 5, 10, 20, 30}, seconds) || seconds > 0 && seconds%60 == 0
}

func periodProblem(parameter string) string {
	return fmt.Sprintf("The parameter %s must be 1, 5, 10, 20, 30, or a multiple of 60.", parameter)
}

// check applies the rules for the identity of a metric.
func (m Metric) check(p *problems, at string) {
	for _, required := range []struct{ name, value string }{{"Namespace", m.Namespace}, {"MetricName", m.Name}} {
		if required.value == "" {
			p.add(fmt.Sprintf("The parameter %s%s is required.", at, required.name))
		}
	}
	checkLength(p, at+"Namespace", m.Namespace, 255)
	if m.Namespace != "" && m.Namespace[0] == ':' {
		p.add(fmt.Sprintf("The value %s for parameter %sNamespace is invalid: it must not begin with a colon.", m.Namespace, at))
	}
	checkLength(p, at+"MetricName", m.Name, 255)
	checkDimensions(p, at+"Dimensions", m.Dimensions)
}

func checkDimensions(p *problems, at string, dimensions []cloud.Dimension) {
	const most = 30
	if len(dimensions) > most {
		p.add(fmt.Sprintf("The collection %s must not have a size greater than %d.", at, most))
	}
	seen := map[string]bool{}
	for i, d := range dimensions {
		at := fmt.Sprintf("%s.member.%d.", at, i+1)
		if d.Name == "" {
			p.add(fmt.Sprintf("The parameter %sName is required.", at))
		}
		if d.Value == "" {
			p.add(fmt.Sprintf("The parameter %sValue is required.", at))
		}
		if d.Name != "" && d.Name[0] == ':' {
			p.add(fmt.Sprintf("The parameter %sName must not begin with a colon.", at))
		}
		checkLength(p, at+"Name", d.Name, 255)
		checkLength(p, at+"Value", d.Value, 1024)
		checkASCII(p, at+"Name", d.Name)
		checkASCII(p, at+"Value", d.Value)
		if seen[d.Name] {
			p.add(fmt.Sprintf("The dimension %s is given twice.", d.Name))
		}
		seen[d.Name] = true
	}
}

func checkLength(p *problems, parameter, value string, most int) {
	if len(value) > most {
		p.add(fmt.Sprintf("The value for parameter %s must be at most %d characters long.", parameter, most))
	}
}

// checkASCII applies the rule for names and values of dimensions: only ASCII
// characters, at least one of them not a space, and no control characters.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Dimension.html
func checkASCII(p *problems, parameter, value string) {
	blank := value != ""
	for _, c := range []byte(value) {
		if c >= 0x7f || c < ' ' {
			p.add(fmt.Sprintf("The value for parameter %s must contain only ASCII characters, and no control characters.", parameter))
			return
		}
		blank = blank && c == ' '
	}
	if blank {
		p.add(fmt.Sprintf("The value for parameter %s must contain at least one non-whitespace character.", parameter))
	}
}

// Units are the units of metrics.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html
var Units = []string{
	"Seconds", "Microseconds", "Milliseconds", "Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes",
	"Bits", "Kilobits", "Megabits", "Gigabits", "Terabits", "Percent", "Count",
	"Bytes/Second", "Kilobytes/Second", "Megabytes/Second", "Gigabytes/Second", "Terabytes/Second",
	"Bits/Second", "Kilobits/Second", "Megabits/Second", "Gigabits/Second", "Terabits/Second", "Count/Second", "None",
}

func checkUnit(p *problems, parameter, unit string) {
	if unit != "" && !slices.Contains(Units, unit) {
		p.add(fmt.Sprintf("The parameter %s must be a value in the set %v.", parameter, Units))
	}
}
