package lambda

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"
)

// systemLog writes the lines of Lambda itself to the log of a function.
type systemLog interface {
	initStart(region string)
	// initFailed reports a runtime that did not start, in phase "init" or
	// "invoke".
	initFailed(took time.Duration, phase string, err error)
	start(requestID string)
	done(m measured)
}

// measured holds what Lambda logs about a completed invocation.
type measured struct {
	requestID  string
	took, init time.Duration // init is 0 if the runtime was started before
	memoryMB   int
	failed     bool // according to the function itself
	ending     ending
}

// billed returns the duration in milliseconds that AWS charges.
func (m measured) billed() int { return int(math.Ceil(inMilliseconds(m.took))) }

// memory returns the peak use, which AWS caps at the limit of the function.
func (m measured) memory(f Function) int { return min(m.memoryMB, f.MemoryMB) }

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

// done writes tabs between the fields of the REPORT line and after the last.
func (l *textLog) done(m measured) {
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

// textStatus returns the last fields of a report.
func textStatus(status, errorType string) string {
	if errorType == "" {
		return "Status: " + status
	}
	return fmt.Sprintf("Status: %s\tError Type: %s", status, errorType)
}

// initStatus returns how the start of a runtime failed.
func initStatus(err error) (status, kind string) {
	if errors.Is(err, context.DeadlineExceeded) {
		return statusTimeout, ""
	}
	return statusError, errorType(err)
}

// runtimeVersion returns the name of a runtime in Lambda's log.
func runtimeVersion(runtime string) string {
	if runtime == "provided.al2" {
		return "provided:al2"
	}
	return "provided:al2023"
}

func runtimeARN(region, runtime string) string {
	return fmt.Sprintf("arn:aws:lambda:%s::runtime:%s", region, runtime)
}
