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

// AccessLog configures the access log of a stage, which has one event per request.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging.html
type AccessLog struct {
	DestinationARN string // of a log group
	Format         string // see CheckAccessLogFormat
}

// logGroupOf returns the name of the log group with that ARN, or "" if it is not
// the ARN of a log group in this place.
func logGroupOf(place cloud.Place, destination string) string {
	arn, err := cloud.ParseARN(strings.TrimSuffix(destination, ":*"))
	if err != nil {
		return ""
	}
	name, ok := strings.CutPrefix(arn.Resource, "log-group:")
	if !ok || arn != place.ARN("logs", arn.Resource) || strings.Contains(name, ":") {
		return ""
	}
	return name
}

// accessLogs writes the events of all access logs in the background, so that no
// response waits for the disk.
type accessLogs struct {
	place   cloud.Place
	logs    cloud.LogWriter
	journal cloud.Journal
	wake    chan struct{} // holds a value while events wait
	stop    func()        // closes closing; may be called repeatedly
	closing chan struct{}
	running sync.WaitGroup

	mu      sync.Mutex
	pending map[logStream][]cloud.LogEvent
	waiting int // events in pending
	lost    int // events dropped because too many were pending
}

type logStream struct{ group, stream string }

// maxWaiting is the maximum number of events in pending. It bounds the memory that
// they use if they cannot be written.
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

// start starts the goroutine that writes the events.
func (l *accessLogs) start() { l.running.Go(l.run) }

// close writes the pending events and stops the goroutine.
func (l *accessLogs) close() {
	l.stop()
	l.running.Wait()
}

// gathering is how long events accumulate before they are written together.
const gathering = 50 * time.Millisecond

func (l *accessLogs) run() {
	defer l.flush()
	for {
		select {
		case <-l.wake:
		case <-l.closing:
			return
		}
		select {
		case <-time.After(gathering):
			l.flush()
		case <-l.closing:
			return
		}
	}
}

// add queues an event. It never blocks.
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

// flush writes the pending events. The caller is the log delivery service, which may
// write to every log group of the account but may not create any.
func (l *accessLogs) flush() {
	l.mu.Lock()
	pending, lost := l.pending, l.lost
	l.pending, l.waiting, l.lost = map[logStream][]cloud.LogEvent{}, 0, 0
	l.mu.Unlock()
	if lost > 0 {
		l.warn("access logs", fmt.Sprintf("%d events of access logs are lost: more than %d were waiting to be written", lost, maxWaiting))
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

// logAccess logs an exchange that has ended, if the stage has an access log.
func (s *Service) logAccess(x *exchange) {
	if x.stage.format != nil {
		s.accessLogs.add(x.stage.log, cloud.LogEvent{Time: time.Now(), Message: x.stage.format.render(x)})
	}
}

// responseTypes are API Gateway's names for its own responses.
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
