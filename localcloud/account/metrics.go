package account

import (
	"context"

	"tally/localcloud/cloud"
	"tally/localcloud/cloudwatch"
)

// metricLogs is a LogWriter that also extracts the metrics of lines in the embedded
// metric format.
type metricLogs struct {
	cloud.LogWriter
	metrics *cloudwatch.Service
	journal cloud.Journal
}

// WriteLog implements [cloud.LogWriter]. Events that may not be written have no metrics.
func (l metricLogs) WriteLog(ctx context.Context, caller cloud.Caller, group, stream string, events []cloud.LogEvent) error {
	if err := l.LogWriter.WriteLog(ctx, caller, group, stream, events); err != nil {
		return err
	}
	for _, e := range events {
		if _, err := l.metrics.Ingest(e.Message); err != nil {
			l.journal.Append(cloud.Entry{Level: cloud.Warning, Service: "cloudwatch", Resource: group,
				Message: "no metrics from a line in the embedded metric format: " + err.Error()})
		}
	}
	return nil
}
