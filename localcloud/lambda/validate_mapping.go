package lambda

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"tally/localcloud/cloud"
	"tally/localcloud/filter"
)

// The functions in this file check the values of an event source mapping.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html

// DefaultBatchSize is the number of messages of an event, at most, if a client of AWS sets
// none.
const DefaultBatchSize = 10

const plainBatchSize = 10 // the most without a window

func (m EventSourceMapping) validate() error {
	return cmp.Or(
		CheckEventSource(m.EventSourceARN), CheckFunction(m.Function, ""), CheckBatchSize(m.BatchSize), CheckBatchingWindow(m.WindowSeconds),
		CheckBatch(m.BatchSize, m.WindowSeconds), cloud.CheckOptional(m.MaxConcurrency, CheckMaximumConcurrency),
		CheckResponseTypes(m.ResponseTypes), CheckFilters(m.Filters), CheckMappingMetrics(m.Metrics), CheckTags(m.Tags),
	)
}

// CheckEventSource accepts the ARN of a standard queue.
func CheckEventSource(arn string) error {
	if arn == "" {
		return badParameter("Unrecognized event source, must be kafka or specify an EventSourceArn.")
	}
	if err := match(serviceARN(), "eventSourceArn", arn); err != nil {
		return err
	}
	switch a, _ := cloud.ParseARN(arn); {
	case a.Service != "sqs":
		return badParameter("The event source %s is not a queue. The local cloud polls only queues of SQS.", arn)
	case strings.HasSuffix(arn, ".fifo"):
		return badParameter("The event source %s is a FIFO queue, which the local cloud does not emulate.", arn)
	}
	return nil
}

// CheckBatchSize accepts 1 to 10,000 messages.
func CheckBatchSize(messages int) error { return between("batchSize", messages, 1, 10_000) }

// CheckBatchingWindow accepts 0 to 300 seconds.
func CheckBatchingWindow(seconds int) error {
	return between("maximumBatchingWindowInSeconds", seconds, 0, 300)
}

// CheckBatch refuses more than ten messages without a window.
//
// https://github.com/serverless/serverless/issues/8989
func CheckBatch(messages, seconds int) error {
	if messages > plainBatchSize && seconds == 0 {
		return badParameter("Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than %d", plainBatchSize)
	}
	return nil
}

// CheckMaximumConcurrency accepts 2 to 1,000 batches.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_ScalingConfig.html
func CheckMaximumConcurrency(batches int) error {
	return between("scalingConfig.maximumConcurrency", batches, 2, accountConcurrency)
}

// CheckResponseTypes accepts at most "ReportBatchItemFailures".
func CheckResponseTypes(types []string) error {
	return onlyOne("functionResponseTypes", types, reportFailures)
}

// The limits of filters. AWS raises the first to ten on request.
const (
	maxFilters = 5
	maxPattern = 4096 // characters
)

// CheckFilters accepts up to five patterns for the bodies of messages.
//
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
// https://docs.aws.amazon.com/lambda/latest/api/API_Filter.html
func CheckFilters(patterns []string) error {
	if err := CheckFilterCount(len(patterns)); err != nil {
		return err
	}
	for _, pattern := range patterns {
		if err := CheckFilterPattern(pattern); err != nil {
			return err
		}
	}
	return nil
}

// CheckFilterCount accepts up to five filters.
func CheckFilterCount(filters int) error {
	if filters > maxFilters {
		return badParameter("The event source mapping has %d filters, and at most %d are allowed.", filters, maxFilters)
	}
	return nil
}

// CheckFilterPattern accepts a pattern of up to 4,096 characters for the bodies of messages.
func CheckFilterPattern(pattern string) error {
	if utf8.RuneCountInString(pattern) > maxPattern {
		return violated(cloud.Hidden, "filterCriteria.filters.member.pattern", "Member must have length less than or equal to %d", maxPattern)
	}
	if _, err := filter.ParseMessageFilter(pattern); err != nil {
		return badParameter("Invalid filter pattern definition. %v", err)
	}
	return nil
}

// CheckMappingMetrics accepts at most "EventCount".
//
// https://docs.aws.amazon.com/lambda/latest/api/API_EventSourceMappingMetricsConfig.html
func CheckMappingMetrics(metrics []string) error {
	return onlyOne("metricsConfig.metrics", metrics, "EventCount")
}

// onlyOne accepts lists with at most one value, which must be the allowed one.
func onlyOne(parameter string, values []string, allowed string) error {
	list := "[" + strings.Join(values, ", ") + "]"
	if len(values) > 1 {
		return violated(list, parameter, "Member must have length less than or equal to 1")
	}
	if slices.ContainsFunc(values, func(v string) bool { return v != allowed }) {
		return violated(list, parameter, "Member must satisfy constraint: [Member must satisfy enum value set: [%s]]", allowed)
	}
	return nil
}
