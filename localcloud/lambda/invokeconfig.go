package lambda

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"tally/localcloud/cloud"
)

// EventInvokeConfig configures the asynchronous invocations of a function, or of
// one of its versions or aliases. A version or alias does not inherit the
// configuration of the function.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_FunctionEventInvokeConfig.html
type EventInvokeConfig struct {
	Function           string // in any form that Resolve accepts
	Qualifier          string // a version or alias; "$LATEST" means the same as ""
	MaxRetryAttempts   int    // 0 to 2
	MaxEventAgeSeconds int    // 60 to 21600; 0 means Lambda's default, six hours
	// OnSuccess and OnFailure are the ARNs of the queues, topics or functions that
	// receive a record of each successful or failed invocation; "" for none.
	OnSuccess, OnFailure string
	LastModified         time.Time // set by the service
}

// PutEventInvokeConfig creates or replaces the configuration. It fails with
// InvalidParameterValueException if a destination is invalid or if the function's
// role may not send to it.
func (s *Service) PutEventInvokeConfig(c EventInvokeConfig) (EventInvokeConfig, error) {
	if err := c.validate(); err != nil {
		return EventInvokeConfig{}, err
	}
	to, err := s.Resolve(c.Function, c.Qualifier)
	if err != nil {
		return EventInvokeConfig{}, err
	}
	c.Function, c.Qualifier = to.Name, plainQualifier(to.Qualifier)
	f, err := s.Lookup(to)
	if err != nil {
		return EventInvokeConfig{}, cloud.Errorf(http.StatusNotFound, "ResourceNotFoundException", "The function doesn't exist.")
	}
	if err := s.checkDestinations(f.Config, c); err != nil {
		return EventInvokeConfig{}, err
	}
	c.LastModified = time.Now().UTC()
	err = s.change(c.Function, func(row *record) error {
		row.InvokeConfigs = append(row.withoutInvokeConfig(c.Qualifier), c)
		return nil
	})
	return c, err
}

// plainQualifier returns the qualifier, or "" for $LATEST, which is the function
// itself.
func plainQualifier(qualifier string) string {
	if qualifier == latest {
		return ""
	}
	return qualifier
}

func (c EventInvokeConfig) validate() error {
	return cmp.Or(
		CheckMaximumRetryAttempts(c.MaxRetryAttempts), cloud.CheckOptional(c.MaxEventAgeSeconds, CheckMaximumEventAge),
		cloud.CheckOptional(c.OnSuccess, CheckDestination), cloud.CheckOptional(c.OnFailure, CheckDestination),
	)
}

// checkDestinations checks that both destinations are valid for the function, and
// that its role may send to them.
func (s *Service) checkDestinations(function Config, c EventInvokeConfig) error {
	credentials, err := s.assume(context.Background(), function)
	if err != nil {
		return badParameter("%s", roleRefused)
	}
	defer s.options.Roles.Revoke(credentials.AccessKeyID)
	for _, arn := range []string{c.OnSuccess, c.OnFailure} {
		if arn == "" {
			continue
		}
		if err := s.checkDestinationFunction(function.Name, arn); err != nil {
			return err
		}
		if err := s.checkSend(credentials.Caller, arn); err != nil {
			return badParameter("The function's execution role does not have permissions to call %s on %s",
				destinations[cloud.ServiceOf(arn)].operation, arn)
		}
	}
	return nil
}

// checkDestinationFunction checks that a destination, if it is a function, exists
// and is not the function itself.
func (s *Service) checkDestinationFunction(function, arn string) error {
	if cloud.ServiceOf(arn) != "lambda" {
		return nil
	}
	to, err := s.Resolve(arn, "")
	if err == nil {
		_, err = s.Lookup(to)
	}
	switch {
	case err != nil:
		return badParameter("The destination ARN %s is invalid.", arn)
	case to.Name == function:
		return badParameter("You can't specify the function as a destination for itself.")
	}
	return nil
}

// EventInvokeConfig returns the configuration. It fails with
// ResourceNotFoundException.
func (s *Service) EventInvokeConfig(function, qualifier string) (EventInvokeConfig, error) {
	to, err := s.Resolve(function, qualifier)
	if err != nil {
		return EventInvokeConfig{}, err
	}
	row, _ := s.functions.Get(to.Name)
	c, ok := row.invokeConfig(plainQualifier(to.Qualifier))
	if !ok {
		return EventInvokeConfig{}, s.errNoInvokeConfig(to)
	}
	return c, nil
}

// DeleteEventInvokeConfig restores Lambda's defaults for asynchronous
// invocations. It fails with ResourceNotFoundException.
func (s *Service) DeleteEventInvokeConfig(function, qualifier string) error {
	to, err := s.Resolve(function, qualifier)
	if err != nil {
		return err
	}
	return s.change(to.Name, func(row *record) error {
		qualifier := plainQualifier(to.Qualifier)
		if _, ok := row.invokeConfig(qualifier); !ok {
			return s.errNoInvokeConfig(to)
		}
		row.InvokeConfigs = row.withoutInvokeConfig(qualifier)
		return nil
	})
}

func (s *Service) errNoInvokeConfig(to Reference) error {
	return cloud.Errorf(http.StatusNotFound, "ResourceNotFoundException", "The function %s:%s doesn't have an EventInvokeConfig",
		s.arn(to.Name), cmp.Or(to.Qualifier, latest))
}

func (r record) invokeConfig(qualifier string) (EventInvokeConfig, bool) {
	return find(r.InvokeConfigs, func(c EventInvokeConfig) bool { return c.Qualifier == qualifier })
}

func (r record) withoutInvokeConfig(qualifier string) []EventInvokeConfig {
	return slices.DeleteFunc(slices.Clone(r.InvokeConfigs), func(c EventInvokeConfig) bool { return c.Qualifier == qualifier })
}
