package dynamodb

import (
	"errors"
	"net/http"
	"time"

	"tally/localcloud/cloud"
)

const namespace = "AWS/DynamoDB"

// of returns the dimensions of a table, and of an operation if it is not "".
func (s *Service) of(operation, tableName string) [][]cloud.Dimension {
	name, _ := s.nameOf(tableName)
	table := cloud.Dimension{Name: "TableName", Value: name}
	if operation == "" {
		return [][]cloud.Dimension{{table}}
	}
	return [][]cloud.Dimension{{{Name: "Operation", Value: operation}, table}}
}

// measure returns a function that reports a request to a table, given its error.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
func (s *Service) measure(operation, tableName string, err *error) func() {
	start := time.Now()
	return func() {
		end := time.Now()
		e, refused := errors.AsType[*cloud.Error](*err)
		switch {
		case *err == nil:
			s.metrics.Report(namespace, end, s.of(operation, tableName), []cloud.MetricValue{cloud.Took("SuccessfulRequestLatency", end.Sub(start))})
		case refused && e.Code == conditionFailed:
			s.metrics.Report(namespace, end, s.of("", tableName), []cloud.MetricValue{cloud.Counted("ConditionalCheckFailedRequests", 1)})
		case refused && e.Code == throttled:
			s.metrics.Report(namespace, end, s.of(operation, tableName), []cloud.MetricValue{cloud.Counted("ThrottledRequests", 1)})
			s.metrics.Report(namespace, end, s.of("", tableName), []cloud.MetricValue{cloud.Counted(direction(operation)+"ThrottleEvents", 1)})
		case refused && e.HTTPStatus() < http.StatusInternalServerError:
			s.metrics.Report(namespace, end, [][]cloud.Dimension{{}}, []cloud.MetricValue{cloud.Counted("UserErrors", 1)})
		default:
			s.metrics.Report(namespace, end, s.of(operation, tableName), []cloud.MetricValue{cloud.Counted("SystemErrors", 1)})
		}
	}
}

// reportUsage reports the units that a request consumed of a table and its global indexes.
func (s *Service) reportUsage(u usage) {
	name := "ConsumedReadCapacityUnits"
	if u.write {
		name = "ConsumedWriteCapacityUnits"
	}
	at := time.Now()
	table := cloud.Dimension{Name: "TableName", Value: u.table.Name}
	units := u.base
	for index, n := range u.indexes {
		if _, local := u.table.index(index); local {
			units += n
			continue
		}
		s.metrics.Report(namespace, at, [][]cloud.Dimension{{{Name: "GlobalSecondaryIndexName", Value: index}, table}},
			[]cloud.MetricValue{{Name: name, Unit: "Count", Value: n}})
	}
	if units > 0 {
		s.metrics.Report(namespace, at, [][]cloud.Dimension{{table}}, []cloud.MetricValue{{Name: name, Unit: "Count", Value: units}})
	}
}

// measureAll is like measure, for a request to several tables.
func (s *Service) measureAll(operation string, tables []string, err *error) func() {
	var all []func()
	for _, name := range tables {
		all = append(all, s.measure(operation, name, err))
	}
	return func() {
		if *err != nil && len(all) > 1 {
			all = all[:1] // one request failed
		}
		for _, report := range all {
			report()
		}
	}
}
