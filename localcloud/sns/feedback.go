package sns

import (
	"cmp"
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

// principal is the name of SNS in policies.
const principal = "sns.amazonaws.com"

// Feedback holds the roles with which SNS logs the delivery status of one
// protocol, and the percentage of successes to log. It logs all failures.
//
// https://docs.aws.amazon.com/sns/latest/dg/sns-topic-attributes.html
type Feedback struct {
	FailureRoleARN    string // "" logs no failures
	SuccessRoleARN    string // "" logs no successes
	SuccessSampleRate int    // percent, 0 to 100
}

func (f Feedback) check() error {
	return cmp.Or(
		cloud.CheckOptional(f.FailureRoleARN, CheckFeedbackRoleARN),
		cloud.CheckOptional(f.SuccessRoleARN, CheckFeedbackRoleARN),
		CheckFeedbackSampleRate(f.SuccessSampleRate),
	)
}

// outcome is how a delivery ended.
type outcome struct {
	Receipt
	err      error // nil for success
	attempts int
	sent     time.Time // start of the last attempt
}

// report logs an outcome if the topic is configured to do so. Successes go to the
// log group sns/region/account/topic, failures to the same name with /Failure
// appended.
func (s *Service) report(d Delivery, o outcome) {
	topic, ok := s.topics.Get(d.Subscription.TopicARN)
	if !ok {
		return
	}
	protocol := d.Subscription.Protocol
	if isHTTP(protocol) {
		protocol = "http"
	}
	f := topic.Feedback[protocol]
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
		s.note(cloud.Warning, topic.ARN, "the delivery status of message %s could not be logged: %v", d.MessageID, err)
	}
}

func (s *Service) writeStatus(role, group string, entry deliveryStatus) error {
	arn, err := cloud.ParseARN(role)
	if err != nil {
		return err
	}
	ctx := context.Background()
	// AWS does not document that SNS sends aws:SourceArn here.
	session, err := s.Roles.AssumeRole(ctx, cloud.Caller{Service: principal}, arn, "SNSDeliveryStatus")
	if err != nil {
		return err
	}
	defer s.Roles.Revoke(session.AccessKeyID)
	return s.Logs.WriteLog(ctx, session.Caller, group, s.stream, []cloud.LogEvent{{Time: time.Now(), Message: cloud.EncodeJSON(entry)}})
}

// deliveryStatus is a log entry as AWS writes it.
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
	e.Delivery.Destination = d.Subscription.Where()
	e.Delivery.DwellTimeMS = o.sent.Sub(d.Time).Milliseconds()
	e.Delivery.Attempts = o.attempts
	e.Delivery.ProviderResponse, e.Delivery.StatusCode, e.Status = o.Response, o.Receipt.Status, "SUCCESS"
	if o.err != nil {
		e.Delivery.ProviderResponse, e.Delivery.StatusCode = errorResponse(o.err)
		e.Status = "FAILURE"
	}
	return e
}

// errorResponse returns the response of an endpoint that refuses with err.
func errorResponse(err error) (response string, status int) {
	code, message, status := "InternalError", err.Error(), http.StatusInternalServerError
	if e, ok := errors.AsType[*cloud.Error](err); ok {
		code, message, status = e.Code, e.Message, e.HTTPStatus()
	}
	return cloud.EncodeJSON(map[string]string{"ErrorCode": code, "ErrorMessage": message}), status
}
