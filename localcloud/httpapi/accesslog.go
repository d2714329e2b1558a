package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"tally/localcloud/cloud"
)

// AccessLog is where a stage logs its requests, one event each.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging.html
type AccessLog struct {
	DestinationARN string // of a log group
	Format         string // one line with "$context.requestId" and other variables
}

func (a *AccessLog) validate(place cloud.Place) error {
	if a == nil {
		return nil
	}
	if a.group(place) == "" {
		return badRequest("Invalid ARN specified in the request: access logs go to a log group of this account and region, not to %q", a.DestinationARN)
	}
	return CheckAccessLogFormat(a.Format)
}

// group is the name of the log group, "" where the ARN names none of this
// place.
func (a *AccessLog) group(place cloud.Place) string {
	arn, err := cloud.ParseARN(strings.TrimSuffix(a.DestinationARN, ":*"))
	if err != nil {
		return ""
	}
	name, ok := strings.CutPrefix(arn.Resource, "log-group:")
	if !ok || arn != place.ARN("logs", arn.Resource) || strings.Contains(name, ":") {
		return ""
	}
	return name
}

// accessLogs writes the events of all access logs in the background, so that
// no answer waits for the disk.
type accessLogs struct {
	place   cloud.Place
	logs    cloud.LogWriter
	journal cloud.Journal
	wake    chan struct{} // holds a token while events wait
	stop    func()        // may be called again
	closing chan struct{}
	running sync.WaitGroup

	mu      sync.Mutex
	pending map[logStream][]cloud.LogEvent
	waiting int // events in pending
	lost    int // events that found no room
}

type logStream struct{ group, stream string }

// maxWaiting bounds the memory that a log which cannot be written may take.
const maxWaiting = 10_000

func newAccessLogs(o Options) *accessLogs {
	l := &accessLogs{
		place: o.Place, logs: o.Logs, journal: o.Journal,
		wake: make(chan struct{}, 1), closing: make(chan struct{}),
		pending: map[logStream][]cloud.LogEvent{},
	}
	l.stop = sync.OnceFunc(func() { close(l.closing) })
	return l
}

// start begins to write what is added.
func (l *accessLogs) start() { l.running.Go(l.run) }

// close writes what waits.
func (l *accessLogs) close() {
	l.stop()
	l.running.Wait()
}

func (l *accessLogs) run() {
	for {
		select {
		case <-l.wake:
			l.flush()
		case <-l.closing:
			l.flush()
			return
		}
	}
}

// add takes an event without ever waiting.
func (l *accessLogs) add(to logStream, e cloud.LogEvent) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.waiting == maxWaiting {
		l.lost++
		return
	}
	l.waiting++
	l.pending[to] = append(l.pending[to], e)
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// flush writes all that waits. It does so as log delivery, a service that may
// write to every log group of the account but not make one.
func (l *accessLogs) flush() {
	l.mu.Lock()
	pending, lost := l.pending, l.lost
	l.pending, l.waiting, l.lost = map[logStream][]cloud.LogEvent{}, 0, 0
	l.mu.Unlock()
	if lost > 0 {
		l.warn("access logs", fmt.Sprintf("%d events of access logs are lost: more than %d waited to be written", lost, maxWaiting))
	}
	for to, events := range pending {
		delivery := cloud.Caller{Service: "delivery.logs.amazonaws.com", SourceARN: l.place.ARN("logs", "delivery-source:"+to.stream)}
		if err := l.logs.WriteLog(context.Background(), delivery, to.group, to.stream, events); err != nil {
			l.warn(to.group, fmt.Sprintf("%d events of the access log of %s are lost: %v", len(events), to.stream, err))
		}
	}
}

func (l *accessLogs) warn(resource, message string) {
	l.journal.Append(cloud.Entry{Level: cloud.Warning, Service: "apigateway", Resource: resource, Message: message})
}

// logAccess tells the stage's access log of an exchange that is over.
func (s *Service) logAccess(x *exchange) {
	access := x.stage.AccessLog
	if access == nil {
		return
	}
	format, err := parseFormat(access.Format)
	if err != nil {
		return // it was checked when the stage was made
	}
	s.accessLogs.add(logStream{access.group(s.place), x.api.ID + "/" + x.stage.Name},
		cloud.LogEvent{Time: time.Now(), Message: format.render(x)})
}

// responseTypes are what API Gateway calls its own answers.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
var responseTypes = map[int]string{
	http.StatusBadRequest:            "BAD_REQUEST_BODY",
	http.StatusUnauthorized:          "UNAUTHORIZED",
	http.StatusForbidden:             "ACCESS_DENIED",
	http.StatusNotFound:              "RESOURCE_NOT_FOUND",
	http.StatusRequestEntityTooLarge: "REQUEST_TOO_LARGE",
	http.StatusTooManyRequests:       "THROTTLED",
	http.StatusInternalServerError:   "INTEGRATION_FAILURE",
	http.StatusServiceUnavailable:    "INTEGRATION_TIMEOUT",
}
