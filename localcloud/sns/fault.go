package sns

import (
	"tally/localcloud/cloud"
	"tally/localcloud/internal/backlog"
)

// SNS delivers a message at least once, and occasionally more often; occasionally in
// another order than that of publication; and for up to 23 days, if need be. Faults make
// it do so.
//
// https://aws.amazon.com/sns/features/
// https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html

func victim(d Delivery, o owed) cloud.Victim {
	sub := d.Subscription
	return cloud.Victim{Service: "sns", Resource: sub.TopicARN, To: sub.Endpoint, ID: d.MessageID, Number: o.Number}
}

// hold returns the result that delivers a message later, if a fault holds it back. That
// happens once.
func (s *Service) hold(d Delivery, o owed) (later backlog.Result, held bool) {
	if o.Held {
		return later, false
	}
	v := victim(d, o)
	f, held := cloud.Held(s.Faults, v)
	if !held {
		return later, false
	}
	o.Held = true
	s.Faults.Injected(f.Kind, v, "message %s to %s is held back for %s", d.MessageID, d.Subscription.Where(), f.Wait)
	return postpone(o, s.Pace.Wait(f.Wait)), true
}

// settle returns the result that follows a delivery: it removes the delivery, unless a
// fault delivers the message once more.
func (s *Service) settle(d Delivery, o owed) backlog.Result {
	if o.Copy {
		return s.forget(o)
	}
	v := victim(d, o)
	if _, again := s.Faults.Decide(cloud.FaultDuplicate, v); !again {
		return s.forget(o)
	}
	o.Copy, o.Tries = true, 0
	s.Faults.Injected(cloud.FaultDuplicate, v, "message %s is delivered to %s once more", d.MessageID, d.Subscription.Where())
	return postpone(o, 0)
}
