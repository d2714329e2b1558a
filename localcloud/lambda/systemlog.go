package lambda

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"
)

// systemLog writes Lambda's own lines to the log of a function.
type systemLog interface {
	initStart(region string)
	// initFailed logs that the runtime did not start, in phase "init" or
	// "invoke".
	initFailed(took time.Duration, phase string, err error)
	start(requestID string)
	done(m measurements)
}

// measurements holds what Lambda logs about a completed invocation.
type measurements struct {
	requestID  string
	took, init time.Duration // init is 0 if the runtime was already running
	memoryMB   int
	failed     bool // the response is an error
	ending     ending
}

// billed returns the billed duration in milliseconds.
func (m measurements) billed() int { return int(math.Ceil(inMilliseconds(m.took))) }

// memory returns the peak memory use in MiB, capped at the function's limit as on
// AWS.
func (m measurements) memory(f Function) int { return min(m.memoryMB, f.MemoryMB) }

// newSystemLog returns a log in the function's log format.
func newSystemLog(f Function, log *logStream) systemLog {
	if f.LogFormat == "JSON" {
		return &jsonLog{f, log}
	}
	return &textLog{f, log}
}

// textLog writes plain text.
type textLog struct {
	function Function
	log      *logStream
}

func (l *textLog) initStart(region string) {
	l.log.addf("INIT_START Runtime Version: %s\tRuntime Version ARN: %s", runtimeVersion(l.function.Runtime), runtimeARN(region, l.function.Runtime))
}

func (l *textLog) initFailed(took time.Duration, phase string, err error) {
	l.log.addf("INIT_REPORT Init Duration: %s\tPhase: %s\t%s", milliseconds(took), phase, textStatus(initStatus(err)))
}

func (l *textLog) start(requestID string) {
	l.log.addf("START RequestId: %s Version: %s", requestID, l.function.Version)
}

// done logs the end of an invocation. As on AWS, every field of the REPORT line
// ends in a tab.
func (l *textLog) done(m measurements) {
	if m.ending.line != "" {
		l.log.add(m.ending.line)
	}
	l.log.addf("END RequestId: %s", m.requestID)
	line := fmt.Sprintf("REPORT RequestId: %s\tDuration: %s\tBilled Duration: %d ms\tMemory Size: %d MB\tMax Memory Used: %d MB\t",
		m.requestID, milliseconds(m.took), m.billed(), l.function.MemoryMB, m.memory(l.function))
	if m.init > 0 {
		line += fmt.Sprintf("Init Duration: %s\t", milliseconds(m.init))
	}
	if m.ending.status != "" {
		line += textStatus(m.ending.status, m.ending.errorType) + "\t"
	}
	l.log.add(line)
}

// textStatus returns the fields at the end of a report that state the status.
func textStatus(status, errorType string) string {
	if errorType == "" {
		return "Status: " + status
	}
	return fmt.Sprintf("Status: %s\tError Type: %s", status, errorType)
}

// initStatus returns the status of a runtime that failed to start, and the type of
// the error.
func initStatus(err error) (status, kind string) {
	if errors.Is(err, context.DeadlineExceeded) {
		return statusTimeout, ""
	}
	return statusError, errorType(err)
}

// runtimeVersion returns the name of a runtime in Lambda's own log lines.
func runtimeVersion(runtime string) string {
	if runtime == "provided.al2" {
		return "provided:al2"
	}
	return "provided:al2023"
}

func runtimeARN(region, runtime string) string {
	return fmt.Sprintf("arn:aws:lambda:%s::runtime:%s", region, runtime)
}
