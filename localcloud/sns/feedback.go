package sns

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/google/uuid"

	"tally/localcloud/cloud"
)

// principal is what SNS is in policies.
const principal = "sns.amazonaws.com"

// Feedback says in which roles the delivery status of one protocol is logged,
// and of how many deliveries. Failures are logged all.
//
// https://docs.aws.amazon.com/sns/latest/dg/sns-topic-attributes.html
type Feedback struct {
	FailureRoleARN    string // "" logs no failures
	SuccessRoleARN    string // "" logs no successes
	SuccessSampleRate int    // percent, 0 to 100
}

func (f Feedback) check(protocol string) error {
	for _, role := range []string{f.FailureRoleARN, f.SuccessRoleARN} {
		if arn, err := cloud.ParseARN(role); role != "" && (err != nil || arn.Service != "iam") {
			return invalid("Attributes Reason: the role of the delivery status logging of %s must be the ARN of a role, not %q", protocol, role)
		}
	}
	if f.SuccessSampleRate < 0 || f.SuccessSampleRate > 100 {
		return invalid("Attributes Reason: the sample rate of the delivery status logging of %s must be from 0 to 100, not %d", protocol, f.SuccessSampleRate)
	}
	return nil
}

// outcome is how a delivery ended.
type outcome struct {
	answer   string // of the endpoint, as JSON
	err      error  // nil for success
	attempts int
	handed   time.Time // when it was handed to the endpoint
}

// report logs an outcome where the topic asks for it: under
// sns/region/account/topic, and /Failure beneath.
func (s *Service) report(d Delivery, o outcome) {
	topic, ok := s.topics.Get(d.Subscription.TopicARN)
	if !ok {
		return
	}
	f := topic.Feedback[d.Subscription.Protocol]
	role, group := f.FailureRoleARN, "sns/"+s.Place.Region+"/"+s.Place.Account+"/"+topic.Name+"/Failure"
	if o.err == nil {
		if rand.IntN(100) >= f.SuccessSampleRate {
			return
		}
		role, group = f.SuccessRoleARN, "sns/"+s.Place.Region+"/"+s.Place.Account+"/"+topic.Name
	}
	if role == "" {
		return
	}
	if err := s.writeStatus(role, group, status(d, o)); err != nil {
		s.record(cloud.Warning, topic.ARN, "the delivery status of message %s is not logged: %v", d.MessageID, err)
	}
}

func (s *Service) writeStatus(role, group string, entry deliveryStatus) error {
	arn, err := cloud.ParseARN(role)
	if err != nil {
		return err
	}
	line, err := encode(entry)
	if err != nil {
		return err
	}
	ctx := context.Background()
	session, err := s.Roles.AssumeRole(ctx, principal, arn, "SNSDeliveryStatus")
	if err != nil {
		return err
	}
	defer s.Roles.Revoke(session.AccessKeyID)
	return s.Logs.WriteLog(ctx, session.Caller, group, s.stream, []cloud.LogEvent{{Time: time.Now(), Message: line}})
}

// deliveryStatus is an entry of the log as AWS writes it.
type deliveryStatus struct {
	Notification struct {
		MessageMD5Sum string `json:"messageMD5Sum"`
		MessageID     string `json:"messageId"`
		TopicARN      string `json:"topicArn"`
		Timestamp     string `json:"timestamp"`
	} `json:"notification"`
	Delivery struct {
		DeliveryID       string `json:"deliveryId"`
		Destination      string `json:"destination"`
		ProviderResponse string `json:"providerResponse"`
		DwellTimeMS      int64  `json:"dwellTimeMs"`
		Attempts         int    `json:"attempts"`
		StatusCode       int    `json:"statusCode"`
	} `json:"delivery"`
	Status string `json:"status"`
}

func status(d Delivery, o outcome) (e deliveryStatus) {
	sum := md5.Sum([]byte(d.Body))
	e.Notification.MessageMD5Sum = hex.EncodeToString(sum[:])
	e.Notification.MessageID = d.MessageID
	e.Notification.TopicARN = d.Subscription.TopicARN
	e.Notification.Timestamp = d.Time.UTC().Format("2006-01-02 15:04:05.000")
	e.Delivery.DeliveryID = uuid.NewString()
	e.Delivery.Destination = d.Subscription.Endpoint
	e.Delivery.DwellTimeMS = o.handed.Sub(d.Time).Milliseconds()
	e.Delivery.Attempts = o.attempts
	e.Delivery.ProviderResponse, e.Delivery.StatusCode, e.Status = o.answer, http.StatusOK, "SUCCESS"
	if d.Subscription.Protocol == "lambda" {
		e.Delivery.StatusCode = http.StatusAccepted // an asynchronous invocation
	}
	if o.err != nil {
		e.Delivery.ProviderResponse, e.Delivery.StatusCode = refusal(o.err)
		e.Status = "FAILURE"
	}
	return e
}

// refusal is an error as the endpoint's answer.
func refusal(err error) (answer string, status int) {
	code, message, status := "InternalError", err.Error(), http.StatusInternalServerError
	if e, ok := errors.AsType[*cloud.Error](err); ok {
		code, message, status = e.Code, e.Message, e.HTTPStatus()
	}
	answer, _ = encode(map[string]string{"ErrorCode": code, "ErrorMessage": message}) // strings alone always encode
	return answer, status
}
