// Package account holds the services of one account and region. They are
// constructed once, and shared by the gateway, the provider and the server.
package account

import (
	"context"
	"errors"
	"slices"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/cloudwatch"
	"tally/localcloud/deployments"
	"tally/localcloud/dynamodb"
	"tally/localcloud/events"
	"tally/localcloud/httpapi"
	"tally/localcloud/iam"
	"tally/localcloud/internal/fault"
	"tally/localcloud/internal/seal"
	"tally/localcloud/internal/timetable"
	"tally/localcloud/kms"
	"tally/localcloud/lambda"
	"tally/localcloud/lambda/process"
	"tally/localcloud/logs"
	"tally/localcloud/recorded"
	"tally/localcloud/scheduler"
	"tally/localcloud/secretsmanager"
	"tally/localcloud/sns"
	"tally/localcloud/sqs"
	"tally/localcloud/ssm"
	"tally/localcloud/store"
	"tally/localcloud/xray"
)

// Services are the services of one account and region.
type Services struct {
	IAM       *iam.Service
	KMS       *kms.Service
	Logs      *logs.Service
	SQS       *sqs.Service
	DynamoDB  *dynamodb.Service
	SNS       *sns.Service
	Lambda    *lambda.Service
	HTTPAPI   *httpapi.Service
	SSM       *ssm.Service
	Secrets   *secretsmanager.Service
	XRay      *xray.Service
	Scheduler *scheduler.Service
	Events    *events.Service
	// CloudWatch holds the metrics of the others, and alarms on them.
	CloudWatch *cloudwatch.Service
	// Recorded holds what has no effect here.
	Recorded *recorded.Service
	// Deployments holds the programs and stacks that resources come from.
	Deployments *deployments.Service
	// Faults makes the others do what AWS seldom does.
	Faults *fault.Injector

	closers []func() error // in the order of construction
	options Options
}

// Options configures the services. Place, Dir, Journal and Endpoint are required.
type Options struct {
	Place cloud.Place
	Store *store.Store // nil stores nothing durably
	Dir   string       // holds the unpacked code of functions
	// KeyFile has the key that encrypts secret values in the store, and is created if it
	// does not exist; "" means a random key.
	KeyFile string
	// Secret is the developer's secret access key; "" means a random one.
	Secret  string
	Journal cloud.Journal
	// Endpoint returns the base URL of AWS's wire protocols. It is called only
	// when the URL is needed, so the port may be chosen after New.
	Endpoint func() string
	// APIPort is the lowest port of an HTTP API or a function URL; 0 means any free one.
	APIPort int
	// Pace scales the waits between asynchronous attempts, the periods of alarms and
	// schedules, and the recovery windows and rotations of secrets.
	Pace cloud.Pace
	// LogLimit is the size in bytes up to which log events are kept; 0 means any size.
	LogLimit uint64
	// IdleTimeout is how long an unused execution environment lives; 0 means 10
	// minutes.
	IdleTimeout time.Duration
}

// New constructs the services with the state in the store, in the order of their
// dependencies. Nothing listens or runs before Start. If one cannot be constructed,
// New closes the others.
func New(o Options) (*Services, error) {
	s := &Services{options: o}
	if err := s.construct(o); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Services) construct(o Options) (err error) {
	if s.Deployments, err = deployments.New(o.Store); err != nil {
		return err
	}
	if s.Recorded, err = recorded.New(o.Store); err != nil {
		return err
	}
	if s.Faults, err = fault.New(o.Store, o.Journal); err != nil {
		return err
	}
	if s.CloudWatch, err = cloudwatch.New(s.cloudWatchOptions(o)); err != nil {
		return err
	}
	if s.IAM, err = iam.New(o.Place, o.Store); err != nil {
		return err
	}
	if s.KMS, err = kms.New(o.Place, o.Store, s.IAM); err != nil {
		return err
	}
	box, err := seal.New(o.KeyFile)
	if err != nil {
		return err
	}
	if s.SSM, err = ssm.New(o.Place, o.Store, s.KMS, box); err != nil {
		return err
	}
	if o.Secret != "" {
		s.IAM.SetDeveloperSecret(o.Secret)
	}
	if s.Logs, err = logs.New(o.Place, o.Store, s.IAM); err != nil {
		return err
	}
	s.closers = append(s.closers, s.Logs.Close)
	if s.XRay, err = xray.New(xray.Options{Store: o.Store, Authorizer: s.IAM, Policies: s.IAM, Journal: o.Journal}); err != nil {
		return err
	}
	if s.SQS, err = sqs.New(o.Place, o.Store, s.IAM, o.Endpoint); err != nil {
		return err
	}
	s.SQS.ReportTo(s.CloudWatch, o.Pace)
	s.SQS.EncryptWith(s.KMS)
	s.SQS.FailWith(s.Faults)
	s.closers = append(s.closers, s.SQS.Close)
	if s.DynamoDB, err = dynamodb.New(s.dynamoOptions(o)); err != nil {
		return err
	}
	s.closers = append(s.closers, s.DynamoDB.Close)
	if s.Lambda, err = lambda.New(s.lambdaOptions(o)); err != nil {
		return err
	}
	s.closers = append(s.closers, s.Lambda.Close)
	if s.Secrets, err = secretsmanager.New(s.secretsOptions(o, box)); err != nil {
		return err
	}
	s.closers = append(s.closers, s.Secrets.Close)
	if s.SNS, err = sns.New(s.snsOptions(o)); err != nil {
		return err
	}
	s.closers = append(s.closers, s.SNS.Close)
	if s.Scheduler, err = scheduler.New(s.schedulerOptions(o)); err != nil {
		return err
	}
	s.closers = append(s.closers, s.Scheduler.Close)
	if s.Events, err = events.New(s.eventsOptions(o)); err != nil {
		return err
	}
	s.closers = append(s.closers, s.Events.Close)
	if s.HTTPAPI, err = httpapi.New(s.httpAPIOptions(o)); err != nil {
		return err
	}
	s.closers = append(s.closers, s.HTTPAPI.Close)
	// CloudWatch closes first, so that no alarm publishes to a service that has closed.
	// The other services can still report metrics.
	s.closers = append(s.closers, s.CloudWatch.Close)
	return nil
}

func (s *Services) cloudWatchOptions(o Options) cloudwatch.Options {
	return cloudwatch.Options{
		Place:   o.Place,
		Store:   o.Store,
		Journal: o.Journal,
		Pace:    o.Pace,
		// The other services are constructed later, because they report metrics. They
		// exist by the time these functions are called.
		Publish: func(ctx context.Context, caller cloud.Caller, topicARN, subject, message string) error {
			_, err := s.SNS.Publish(ctx, caller, topicARN, sns.Message{Subject: subject, Body: message})
			return err
		},
		Sample: func(at time.Time) { s.SQS.Sample(at) },
	}
}

func (s *Services) dynamoOptions(o Options) dynamodb.Options {
	return dynamodb.Options{
		Place:      o.Place,
		Store:      o.Store,
		Authorizer: s.IAM,
		Keys:       s.KMS,
		Metrics:    s.CloudWatch,
		Journal:    o.Journal,
		Faults:     s.Faults,
		Pace:       o.Pace,
	}
}

func (s *Services) lambdaOptions(o Options) lambda.Options {
	return lambda.Options{
		Place:       o.Place,
		Store:       o.Store,
		Dir:         o.Dir,
		Roles:       s.IAM,
		Authorizer:  s.IAM,
		Keys:        s.KMS,
		Traces:      s.XRay,
		Logs:        metricLogs{s.Logs, s.CloudWatch, o.Journal},
		Journal:     o.Journal,
		Metrics:     s.CloudWatch,
		Faults:      s.Faults,
		Runner:      process.New(),
		Saturated:   process.NewLoad().Saturated,
		Pace:        o.Pace,
		Endpoint:    o.Endpoint,
		Sender:      s.SQS,
		Publish:     s.publish,
		Queues:      s.SQS,
		Credentials: s.IAM.Credentials,
		FirstPort:   o.APIPort,
		Taken:       func() []int { return s.HTTPAPI.Ports() }, // HTTPAPI is constructed later
		IdleTimeout: o.IdleTimeout,
	}
}

// publish delivers the results of asynchronous invocations and the events of schedules and
// rules to topics. Lambda receives a method instead of SNS itself, which is constructed
// later because it delivers to Lambda. By the time that anything runs, it exists.
func (s *Services) publish(ctx context.Context, caller cloud.Caller, topicARN string, m cloud.QueueMessage) error {
	message := sns.Message{Body: m.Body, Attributes: map[string]sns.Attribute{}}
	for name, a := range m.Attributes {
		message.Attributes[name] = sns.Attribute(a)
	}
	return s.SNS.Forward(ctx, caller, topicARN, message)
}

func (s *Services) snsOptions(o Options) sns.Options {
	return sns.Options{
		Place:      o.Place,
		Store:      o.Store,
		Authorizer: s.IAM,
		Keys:       s.KMS,
		Journal:    o.Journal,
		Targets:    map[string]sns.Target{"lambda": sns.LambdaTarget(s.Lambda), "sqs": sns.SQSTarget(s.SQS)},
		Endpoint:   o.Endpoint,
		Pace:       o.Pace,
		Queues:     s.SQS,
		Logs:       s.Logs,
		Metrics:    s.CloudWatch,
		Faults:     s.Faults,
		Roles:      s.IAM,
		Traces:     s.XRay,
	}
}

func (s *Services) secretsOptions(o Options, box *seal.Box) secretsmanager.Options {
	return secretsmanager.Options{
		Place:      o.Place,
		Store:      o.Store,
		Authorizer: s.IAM,
		Keys:       s.KMS,
		Functions:  s.Lambda,
		Journal:    o.Journal,
		Box:        box,
		Pace:       o.Pace,
	}
}

func (s *Services) targets() timetable.Targets {
	return timetable.Targets{Invoker: s.Lambda, Sender: s.SQS, Publish: s.publish}
}

func (s *Services) schedulerOptions(o Options) scheduler.Options {
	return scheduler.Options{
		Place:    o.Place,
		Store:    o.Store,
		Roles:    s.IAM,
		Keys:     s.KMS,
		Journal:  o.Journal,
		Metrics:  s.CloudWatch,
		Pace:     o.Pace,
		Targets:  s.targets(),
		Endpoint: o.Endpoint,
	}
}

func (s *Services) eventsOptions(o Options) events.Options {
	return events.Options{
		Place:   o.Place,
		Store:   o.Store,
		Journal: o.Journal,
		Metrics: s.CloudWatch,
		Pace:    o.Pace,
		Targets: s.targets(),
	}
}

func (s *Services) httpAPIOptions(o Options) httpapi.Options {
	return httpapi.Options{
		Place:       o.Place,
		Store:       o.Store,
		Invoker:     s.Lambda,
		Journal:     o.Journal,
		Credentials: s.IAM.Credentials,
		Authorizer:  s.IAM,
		Logs:        s.Logs,
		Metrics:     s.CloudWatch,
		FirstPort:   o.APIPort,
		Taken:       s.Lambda.Ports,
	}
}

// Start resumes queued invocations, rotations, deliveries, schedules and rules, listens for
// HTTP APIs, evaluates alarms, and deletes old log events and expired items of tables.
func (s *Services) Start() error {
	s.Logs.Start(s.options.LogLimit, func(err error) {
		s.options.Journal.Append(cloud.Entry{Level: cloud.Warning, Service: "logs", Message: "old events cannot be deleted: " + err.Error()})
	})
	s.DynamoDB.Start()
	s.SQS.Start()
	s.Lambda.Start()
	s.Secrets.Start()
	s.SNS.Start()
	s.CloudWatch.Start()
	s.Scheduler.Start()
	s.Events.Start()
	return s.HTTPAPI.Start()
}

// Close ends the services in reverse order, whether or not they were started: a
// service that delivers closes before those that it delivers to.
func (s *Services) Close() error {
	var errs []error
	for _, close := range slices.Backward(s.closers) {
		errs = append(errs, close())
	}
	return errors.Join(errs...)
}
