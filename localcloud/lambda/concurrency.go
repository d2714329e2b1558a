package lambda

import (
	"net/http"

	"tally/localcloud/cloud"
)

// throttleLocked returns an error if the function's reserved concurrency or, for
// a function without a reservation, the account's unreserved concurrency is used
// up.
//
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
func (s *Service) throttleLocked(f Function) error {
	if f.ReservedConcurrency >= 0 {
		if p := s.pools[f.Name]; f.ReservedConcurrency == 0 || p != nil && p.busy >= f.ReservedConcurrency {
			return errThrottled("ReservedFunctionConcurrentInvocationLimitExceeded")
		}
		return nil
	}
	if s.unreservedBusy >= accountConcurrency-s.reserved {
		return errThrottled("ConcurrentInvocationLimitExceeded")
	}
	return nil
}

func errThrottled(reason string) error {
	return &cloud.Error{
		Code: "TooManyRequestsException", Message: "Rate Exceeded.", Status: http.StatusTooManyRequests,
		Fields: map[string]any{"Reason": reason, "Type": "User"},
	}
}

// countLocked adds n to the number of invocations in progress.
func (s *Service) countLocked(p *pool, n int) {
	p.busy += n
	s.busy += n
	if !p.reserved {
		s.unreservedBusy += n
	}
}

// reserveLocked updates what depends on the reservations of functions. It is called
// whenever the functions change, so that no invocation has to add up all of them.
func (s *Service) reserveLocked() {
	s.reserved = 0
	for _, p := range s.pools {
		p.reserved = false
	}
	for _, row := range s.functions.All() {
		s.reserved += max(0, row.ReservedConcurrency)
		if p := s.pools[row.Name]; p != nil {
			p.reserved = row.ReservedConcurrency >= 0
		}
	}
	s.unreservedBusy = 0
	for _, p := range s.pools {
		if !p.reserved {
			s.unreservedBusy += p.busy
		}
	}
}
