// Package logging sets up the log of a Lambda function: JSON objects with the
// members timestamp (RFC 3339), level, message and, for lines of an invocation,
// requestId, followed by the attributes of the line.
//
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html
package logging

import (
	"log/slog"

	"github.com/aws/aws-lambda-go/lambdacontext"
)

// Setup makes the logger of Lambda's library for Go the default of slog and
// returns it. It writes to standard output in the function's log format, and
// nothing below the function's application log level. Pass the context of the
// invocation to its methods, because it holds the request's ID.
//
// Lines written by package log, such as the library's own about an invocation
// that failed, become lines of the level ERROR.
func Setup() *slog.Logger {
	logger := lambdacontext.NewLogger()
	slog.SetDefault(logger)
	slog.SetLogLoggerLevel(slog.LevelError)
	return logger
}
