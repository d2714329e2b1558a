package lambda

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"time"

	"tally/localcloud/cloud"
)

// The log levels, most detailed first.
var (
	logLevels       = []string{"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"}
	systemLogLevels = []string{"DEBUG", "INFO", "WARN"}
)

// jsonLog writes Lambda's platform events as JSON objects. It omits events below
// the function's system log level.
//
// https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
type jsonLog struct {
	function Function
	log      *logStream
}

// platformRecord holds the fields of all types of events.
type platformRecord struct {
	InitializationType string           `json:"initializationType,omitempty"`
	Phase              string           `json:"phase,omitempty"`
	RuntimeVersion     string           `json:"runtimeVersion,omitempty"`
	RuntimeVersionARN  string           `json:"runtimeVersionArn,omitempty"`
	FunctionName       string           `json:"functionName,omitempty"`
	FunctionVersion    string           `json:"functionVersion,omitempty"`
	RequestID          string           `json:"requestId,omitempty"`
	Version            string           `json:"version,omitempty"`
	Metrics            *platformMetrics `json:"metrics,omitempty"`
	Status             string           `json:"status,omitempty"`
	ErrorType          string           `json:"errorType,omitempty"`
}

type platformMetrics struct {
	DurationMs       float64 `json:"durationMs"`
	BilledDurationMs int     `json:"billedDurationMs,omitempty"`
	MemorySizeMB     int     `json:"memorySizeMB,omitempty"`
	MaxMemoryUsedMB  int     `json:"maxMemoryUsedMB,omitempty"`
	InitDurationMs   float64 `json:"initDurationMs,omitempty"`
}

func (l *jsonLog) write(level, kind string, record platformRecord) {
	if slices.Index(logLevels, level) < slices.Index(logLevels, l.function.SystemLogLevel) {
		return
	}
	l.log.add(cloud.EncodeJSON(struct {
		Time   string         `json:"time"`
		Type   string         `json:"type"`
		Record platformRecord `json:"record"`
	}{cloud.Timestamp(time.Now()), kind, record}))
}

// level returns the level of an event: success if the status is a success, and
// "WARN" otherwise.
func level(status, success string) string {
	if status == statusSuccess {
		return success
	}
	return "WARN"
}

func (l *jsonLog) initStart(region string) {
	l.write("INFO", "platform.initStart", platformRecord{
		InitializationType: "on-demand", Phase: "init",
		RuntimeVersion: runtimeVersion(l.function.Runtime), RuntimeVersionARN: runtimeARN(region, l.function.Runtime),
		FunctionName: l.function.Name, FunctionVersion: l.function.Version,
	})
}

func (l *jsonLog) initFailed(took time.Duration, phase string, err error) {
	status, kind := initStatus(err)
	l.write("WARN", "platform.initReport", platformRecord{
		InitializationType: "on-demand", Phase: phase, Status: status, ErrorType: kind,
		Metrics: &platformMetrics{DurationMs: rounded(took)},
	})
}

func (l *jsonLog) start(requestID string) {
	l.write("INFO", "platform.start", platformRecord{RequestID: requestID, Version: l.function.Version})
}

func (l *jsonLog) done(m measurements) {
	status := m.ending.status
	switch {
	case m.failed && status == "":
		status = statusError
	case status == "":
		status = statusSuccess
	}
	l.write(level(status, "DEBUG"), "platform.runtimeDone", platformRecord{
		RequestID: m.requestID, Status: status, ErrorType: m.ending.errorType,
		Metrics: &platformMetrics{DurationMs: rounded(m.took)},
	})
	l.write(level(status, "INFO"), "platform.report", platformRecord{
		RequestID: m.requestID, Status: status, ErrorType: m.ending.errorType,
		Metrics: &platformMetrics{
			DurationMs: rounded(m.took), BilledDurationMs: m.billed(), MemorySizeMB: l.function.MemoryMB,
			MaxMemoryUsedMB: m.memory(l.function), InitDurationMs: rounded(m.init),
		},
	})
}

// rounded returns a duration in milliseconds, to two decimal places.
func rounded(d time.Duration) float64 { return math.Round(inMilliseconds(d)*100) / 100 }

// logs reports whether a line that the function writes has at least its
// application log level. For custom runtimes, Lambda changes no lines and filters
// only JSON objects. An object without a level or without a time in RFC 3339 counts
// as INFO, even if it holds metrics in the embedded metric format.
//
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
func (c Config) logs(line string) bool {
	if c.LogFormat != "JSON" {
		return true
	}
	least := slices.Index(logLevels, c.ApplicationLogLevel)
	if least <= slices.Index(logLevels, "INFO") && !mentions(line, "level", logLevels[:least]) {
		return true // most lines, without decoding them
	}
	return c.admits(line)
}

// admits is logs for the format JSON.
func (c Config) admits(line string) bool {
	var entry struct {
		Level           any
		Timestamp, Time any
	}
	if json.Unmarshal([]byte(line), &entry) != nil {
		return true
	}
	level, _ := entry.Level.(string)
	at := slices.Index(logLevels, strings.ToUpper(level))
	if at < 0 || !isTime(entry.Timestamp) && !isTime(entry.Time) {
		at = slices.Index(logLevels, "INFO")
	}
	return at >= slices.Index(logLevels, c.ApplicationLogLevel)
}

// mentions reports whether a line may be an object with a member whose value is one of
// the words, in any case, and perhaps escaped.
func mentions(line, member string, words []string) bool {
	if strings.Contains(line, `\u`) {
		return len(words) > 0
	}
	return containsFold(line, member) && slices.ContainsFunc(words, func(w string) bool { return containsFold(line, w) })
}

// containsFold reports whether text contains a word of ASCII letters in any case.
func containsFold(text, word string) bool {
	first := strings.ToLower(word[:1]) + strings.ToUpper(word[:1])
	for {
		i := strings.IndexAny(text, first)
		if i < 0 || len(text)-i < len(word) {
			return false
		}
		if strings.EqualFold(text[i:i+len(word)], word) {
			return true
		}
		text = text[i+1:]
	}
}

func isTime(v any) bool {
	s, _ := v.(string)
	_, err := time.Parse(time.RFC3339, s)
	return err == nil
}
