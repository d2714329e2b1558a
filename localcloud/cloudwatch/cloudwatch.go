// Package cloudwatch emulates Amazon CloudWatch: metrics with their statistics, and
// metric alarms. Metrics are in memory only; alarms, their states and histories are
// durable.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/
package cloudwatch

import (
	"net/http"
	"strings"
	"sync"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/store"
)

// Options are the dependencies of a Service. Place, Journal and Publish are required.
type Options struct {
	Place   cloud.Place
	Store   *store.Store // nil stores nothing durably
	Journal cloud.Journal
	// Pace divides the periods of alarms of a minute or more. A period is never
	// shorter than a second.
	Pace cloud.Pace
	// Publish runs the alarm actions that publish to topics.
	Publish Publish
	// Sample reports the metrics that describe a state, such as the number of
	// messages in a queue. It is called before each evaluation of the alarms, with
	// the last moment that is evaluated. Nil samples nothing.
	Sample func(at time.Time)
}

// Service holds the metrics and the alarms of one account and region. It implements
// [cloud.Metrics], and its methods may be called concurrently.
type Service struct {
	options Options
	wall    func() time.Time  // time.Now, except in tests
	alarms  *store.Table[row] // by name

	metricsMu sync.Mutex
	metrics   *metrics

	alarmsMu sync.Mutex // held while an alarm changes

	stop    func()
	closing chan struct{}
	running sync.WaitGroup
}

// New opens the alarms in the store. None is evaluated before Start.
func New(o Options) (*Service, error) {
	alarms, err := store.NewTable[row](o.Store, "cloudwatch-alarms")
	s := &Service{options: o, wall: time.Now, alarms: alarms, metrics: newMetrics(), closing: make(chan struct{})}
	s.stop = sync.OnceFunc(func() { close(s.closing) })
	return s, err
}

// Start evaluates the alarms at the end of every minute, or of the shorter time
// that Pace makes of it, until Close.
func (s *Service) Start() { s.running.Go(s.run) }

// Close stops the evaluation of alarms. Services that close later can still report
// metrics.
func (s *Service) Close() error {
	s.stop()
	s.running.Wait()
	return nil
}

// Report implements [cloud.Metrics].
func (s *Service) Report(namespace string, at time.Time, dimensions [][]cloud.Dimension, values []cloud.MetricValue) {
	now := at.Unix()
	s.metricsMu.Lock()
	defer s.metricsMu.Unlock()
	for _, set := range dimensions {
		for _, v := range values {
			s.metrics.series(namespace, v.Name, set, v.Unit, now).add(now, v.Value, 1)
		}
	}
	s.metrics.bound(now)
}

// problems collects everything that is wrong with the parameters of a request, which
// CloudWatch reports at once, each in a line of its own.
type problems []string

func (p *problems) add(problem string) { *p = append(*p, problem) }

// err returns an error with that code, or nil if there are no problems.
func (p problems) err(code string) error {
	if len(p) == 0 {
		return nil
	}
	return cloud.Errorf(http.StatusBadRequest, code, "%s", strings.Join(p, "\n"))
}

// The codes of errors about parameters. GetMetricData and the operations on alarms
// return only ValidationError.
const (
	validation         = "ValidationError"
	invalidValue       = "InvalidParameterValue"
	invalidCombination = "InvalidParameterCombination"
	missing            = "MissingParameter"
)

func refusal(code, format string, args ...any) error {
	return cloud.Errorf(http.StatusBadRequest, code, format, args...)
}
