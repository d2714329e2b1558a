package cloudwatch

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"tally/localcloud/cloud"
)

// maxSearch is the maximum number of time series that a search returns.
const maxSearch = 500

var (
	searchArguments = regexp.MustCompile(`^\s*'\s*\{([^}']*)\}\s*([^']*)'\s*,\s*'([^']*)'\s*(?:,\s*(\d+)\s*)?\)`)
	searchTerm      = regexp.MustCompile(`^\s*(\w+)\s*=\s*"([^"]*)"(?:\s+AND\b)?`)
)

// search computes SEARCH('{namespace,dimension,…} MetricName="value" dimension="value" …',
// 'statistic', period): the metrics with exactly these dimensions, or any if the schema has
// none, and these values. Other search terms of AWS, such as partial matches, are refused.
//
// AWS labels each series with what distinguishes it from the others; here, that is always its
// name and the values of its dimensions.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
func (p *expression) search() (result, error) {
	if p.list == nil {
		return result{}, errors.New("SEARCH is not supported on Metric Alarms")
	}
	parts := searchArguments.FindStringSubmatch(p.rest)
	if parts == nil {
		return result{}, errors.New(`the local cloud evaluates only SEARCH('{namespace,dimension,…} name="value" …', 'statistic', period)`)
	}
	p.rest = p.rest[len(parts[0]):]
	stat := MetricStat{Stat: parts[3], Period: p.period(p.query)}
	if _, ok := ParseStatistic(stat.Stat); !ok {
		return result{}, fmt.Errorf("SEARCH: there is no statistic %s", stat.Stat)
	}
	if parts[4] != "" {
		stat.Period, _ = strconv.Atoi(parts[4]) // digits
		if stat.Period == 0 || stat.Period%60 != 0 {
			return result{}, fmt.Errorf("SEARCH: the period %s is not a multiple of 60", parts[4])
		}
	}
	filter, err := searchFilter(parts[2])
	if err != nil {
		return result{}, err
	}
	schema := strings.Split(parts[1], ",")
	for i := range schema {
		schema[i] = strings.Trim(strings.TrimSpace(schema[i]), `"`)
	}
	filter.Namespace = schema[0]
	return p.found(filter, slices.Sorted(slices.Values(schema[1:])), stat), nil
}

// searchFilter returns the filter for search terms.
func searchFilter(terms string) (f MetricFilter, err error) {
	for terms = strings.TrimSpace(terms); terms != ""; {
		t := searchTerm.FindStringSubmatch(terms)
		if t == nil {
			return f, fmt.Errorf(`the local cloud evaluates only the search terms name="value", not %s`, terms)
		}
		terms = strings.TrimSpace(terms[len(t[0]):])
		if t[1] == "MetricName" {
			f.Name = t[2]
		} else {
			f.Dimensions = append(f.Dimensions, cloud.Dimension{Name: t[1], Value: t[2]})
		}
	}
	return f, nil
}

// found returns the metrics that a filter selects and that have these dimensions.
func (p *expression) found(f MetricFilter, names []string, stat MetricStat) result {
	all := result{list: true, labels: []string{}}
	for _, m := range p.list(f) {
		label, has := []string{m.Name}, []string{}
		for _, d := range m.Dimensions {
			label, has = append(label, d.Value), append(has, d.Name)
		}
		if len(names) > 0 && !slices.Equal(has, names) || len(all.series) == maxSearch {
			continue
		}
		stat.Metric = m
		all.series, all.labels = append(all.series, p.read(stat)), append(all.labels, strings.Join(label, " "))
	}
	return all
}
