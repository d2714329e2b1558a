package sns

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"tally/localcloud/cloud"
)

// httpTarget sends messages to HTTP and HTTPS endpoints.
//
// https://docs.aws.amazon.com/sns/latest/dg/sns-http-https-endpoint-as-subscriber.html
type httpTarget struct {
	client   *http.Client
	signer   *signer
	endpoint func() string   // the base URL of SNS
	running  context.Context // canceled by close, which interrupts requests
	close    context.CancelFunc
}

// httpTimeout is how long SNS waits for the response of an endpoint.
//
// https://docs.aws.amazon.com/sns/latest/dg/SendMessageToHttp.prepare.html
const httpTimeout = 15 * time.Second

// The idle connections to endpoints, all together, and how long each remains.
const (
	maxIdle     = 2 * maxDeliverers
	idleTimeout = 30 * time.Second
)

func newHTTPTarget(s *signer, endpoint func() string, transport http.RoundTripper) *httpTarget {
	if transport == nil {
		own := http.DefaultTransport.(*http.Transport).Clone()
		own.MaxIdleConnsPerHost, own.MaxIdleConns, own.IdleConnTimeout = maxDeliverers, maxIdle, idleTimeout
		transport = own
	}
	t := &httpTarget{signer: s, endpoint: endpoint, client: &http.Client{
		Transport: transport, Timeout: httpTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	t.running, t.close = context.WithCancel(context.Background())
	return t
}

// Deliver posts a message. It fails with a *cloud.Error that has the status of the
// response, unless that is 2xx: SNS retries after 5xx, 429 and no response, and considers
// all other errors permanent. If the target is closed, Deliver fails with
// context.Canceled, and it is unknown whether the endpoint received the message.
//
// https://docs.aws.amazon.com/sns/latest/dg/sns-http-https-endpoint-as-subscriber.html
func (t *httpTarget) Deliver(_ context.Context, d Delivery) (Receipt, error) {
	body, err := t.body(d)
	if err != nil {
		return Receipt{}, err
	}
	endpoint, err := url.Parse(d.Subscription.Endpoint)
	if err != nil {
		return Receipt{}, err
	}
	user := endpoint.User
	endpoint.User = nil // sent only if the endpoint asks for it
	res, err := t.post(d, endpoint.String(), body, nil)
	if err == nil && res.StatusCode == http.StatusUnauthorized && user != nil && isBasic(res.Header) {
		res, err = t.post(d, endpoint.String(), body, user)
	}
	switch {
	case t.running.Err() != nil && err != nil:
		return Receipt{}, context.Canceled
	case err != nil:
		return Receipt{}, withoutURL(err)
	case res.StatusCode < 200 || res.StatusCode > 299:
		return Receipt{}, cloud.Errorf(res.StatusCode, "HTTPError", "the endpoint responded with %s", statusLine(res))
	}
	return Receipt{Response: statusLine(res), Status: res.StatusCode}, nil
}

// post sends one request. It reads little of the response, whose body does not matter.
func (t *httpTarget) post(d Delivery, endpoint, body string, user *url.Userinfo) (*http.Response, error) {
	r, err := http.NewRequestWithContext(t.running, http.MethodPost, endpoint, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	for name, value := range d.headers() {
		r.Header[name] = []string{value} // names are lowercase, as on AWS
	}
	r.Header.Set("Content-Type", d.contentType())
	r.Header.Set("User-Agent", "Amazon Simple Notification Service Agent")
	if user != nil {
		password, _ := user.Password()
		r.SetBasicAuth(user.Username(), password)
	}
	res, err := t.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	_, _ = io.CopyN(io.Discard, res.Body, 64<<10) // so that the connection can be used again
	return res, nil
}

// headers returns the headers by which an endpoint can identify a message.
//
// https://docs.aws.amazon.com/sns/latest/dg/http-header.html
func (d Delivery) headers() map[string]string {
	h := map[string]string{
		"x-amz-sns-message-type": d.kind(),
		"x-amz-sns-message-id":   d.MessageID,
		"x-amz-sns-topic-arn":    d.Subscription.TopicARN,
	}
	if d.Kind != subscribing {
		h["x-amz-sns-subscription-arn"] = d.Subscription.ARN
	}
	if d.isRaw() {
		h["x-amz-sns-rawdelivery"] = "true"
	}
	return h
}

// contentType returns the content type, which only notifications can have of their own.
func (d Delivery) contentType() string {
	if d.Kind != "" {
		return defaultContentType
	}
	return d.ContentType
}

// isRaw reports whether the body of a request is the message alone. Confirmations always
// are JSON.
func (d Delivery) isRaw() bool { return d.Kind == "" && d.Subscription.RawMessageDelivery }

// kind returns the type of the message.
func (d Delivery) kind() string {
	if d.Kind == "" {
		return "Notification"
	}
	return d.Kind
}

// body returns the body of a request.
func (t *httpTarget) body(d Delivery) (string, error) {
	if d.isRaw() {
		return d.Body, nil
	}
	key, err := t.signer.key()
	if err != nil {
		return "", err
	}
	certificate := t.endpoint() + key.path
	if d.Kind != "" {
		return t.confirmation(d, certificate)
	}
	n := notify(d, "")
	n.SigningCertURL = certificate
	n.UnsubscribeURL = t.endpoint() + "/?Action=Unsubscribe&SubscriptionArn=" + d.Subscription.ARN
	n.Signature, err = t.signer.signature(d.SignatureVersion, signedText([][2]string{
		{"Message", n.Message}, {"MessageId", n.MessageID}, {"Subject", d.Subject}, {"Timestamp", n.Timestamp},
		{"TopicArn", n.TopicArn}, {"Type", n.Type},
	}...))
	if err != nil {
		return "", err
	}
	return cloud.EncodeJSON(n), nil
}

// confirmation is a message that asks the owner of an endpoint, with its members in AWS's
// order.
//
// https://docs.aws.amazon.com/sns/latest/dg/http-subscription-confirmation-json.html
// https://docs.aws.amazon.com/sns/latest/dg/http-unsubscribe-confirmation-json.html
type confirmation struct {
	Type             string
	MessageID        string `json:"MessageId"`
	Token            string
	TopicArn         string
	Message          string
	SubscribeURL     string
	Timestamp        string
	SignatureVersion string
	Signature        string
	SigningCertURL   string
}

func (t *httpTarget) confirmation(d Delivery, certificate string) (string, error) {
	c := confirmation{
		Type: d.Kind, MessageID: d.MessageID, Token: d.Token, TopicArn: d.Subscription.TopicARN, Message: d.Body,
		SubscribeURL: t.endpoint() + "/?Action=ConfirmSubscription&TopicArn=" + d.Subscription.TopicARN + "&Token=" + d.Token,
		Timestamp:    cloud.Timestamp(d.Time), SignatureVersion: strconv.Itoa(max(1, d.SignatureVersion)), SigningCertURL: certificate,
	}
	var err error
	c.Signature, err = t.signer.signature(d.SignatureVersion, signedText([][2]string{
		{"Message", c.Message}, {"MessageId", c.MessageID}, {"SubscribeURL", c.SubscribeURL}, {"Timestamp", c.Timestamp},
		{"Token", c.Token}, {"TopicArn", c.TopicArn}, {"Type", c.Type},
	}...))
	if err != nil {
		return "", err
	}
	return cloud.EncodeJSON(c), nil
}

func isBasic(h http.Header) bool {
	scheme, _, _ := strings.Cut(h.Get("WWW-Authenticate"), " ")
	return strings.EqualFold(scheme, "Basic")
}

func statusLine(res *http.Response) string {
	return fmt.Sprintf("%d %s", res.StatusCode, http.StatusText(res.StatusCode))
}

// withoutURL returns an error of an HTTP client without the URL, which is known.
func withoutURL(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}

// Where returns the endpoint without the password that its URL may contain.
func (s Subscription) Where() string {
	if u, err := url.Parse(s.Endpoint); err == nil && isHTTP(s.Protocol) {
		return u.Redacted()
	}
	return s.Endpoint
}
