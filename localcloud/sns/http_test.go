package sns_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tally/localcloud/cloud"
	"tally/localcloud/sns"
	"tally/localcloud/store"
)

// A received is a request that an endpoint received.
type received struct {
	header http.Header
	path   string
	body   string
}

// member returns a member of the message, which is a JSON object.
func (r received) member(t *testing.T, name string) string {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(r.body), &m); err != nil {
		t.Fatalf("%v in %s", err, r.body)
	}
	text, _ := m[name].(string)
	return text
}

// A webhook is an HTTP endpoint that collects what it receives.
type webhook struct {
	*httptest.Server
	requests chan received
}

func newWebhook(t *testing.T, answer http.HandlerFunc) *webhook {
	t.Helper()
	w := &webhook{requests: make(chan received, 100)}
	w.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if answer != nil {
			answer(rw, r)
		}
		w.requests <- received{r.Header, r.URL.Path, string(body)}
	}))
	t.Cleanup(w.Close)
	return w
}

func (w *webhook) next(t *testing.T) received {
	t.Helper()
	select {
	case r := <-w.requests:
		return r
	case <-time.After(10 * time.Second):
		t.Fatal("the endpoint received nothing")
		panic("unreachable")
	}
}

// overHTTP returns a service with the topic numbers whose messages to HTTP endpoints refer
// to the given base URL.
func overHTTP(t *testing.T, st *store.Store, base string, topic sns.Topic, j cloud.Journal) *sns.Service {
	t.Helper()
	s, err := sns.New(sns.Options{
		Place: place, Store: st, Authorizer: authorizer(allow), Journal: j, Targets: map[string]sns.Target{"lambda": target(discard)},
		Endpoint: func() string { return base },
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { _ = s.Close() })
	topic.Name = "numbers"
	if _, err := s.CreateTopic(topic); err != nil {
		t.Fatal(err)
	}
	return s
}

// subscribe subscribes an endpoint and returns the message that asks for confirmation.
func subscribe(t *testing.T, s *sns.Service, w *webhook, sub sns.Subscription) (sns.Subscription, received) {
	t.Helper()
	sub.TopicARN, sub.Protocol = numbers, "http"
	if sub.Endpoint == "" {
		sub.Endpoint = w.URL + "/hook"
	}
	sub, err := s.Subscribe(sub)
	if err != nil {
		t.Fatal(err)
	}
	return sub, w.next(t)
}

func confirm(t *testing.T, s *sns.Service, asked received) {
	t.Helper()
	if _, err := s.ConfirmSubscription(numbers, asked.member(t, "Token"), false, false); err != nil {
		t.Fatal(err)
	}
}

func send(t *testing.T, s *sns.Service, m sns.Message) string {
	t.Helper()
	id, err := s.Publish(t.Context(), developer(), numbers, m)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// verify verifies the signature of a message as AWS documents it.
//
// https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message-verify-message-signature.html
func verify(t *testing.T, s *sns.Service, base, body string) {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(body), &m); err != nil {
		t.Fatal(err)
	}
	names := []string{"Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"}
	if m["Type"] != "Notification" {
		names = []string{"Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"}
	}
	var text strings.Builder
	for _, name := range names {
		if value, ok := m[name]; ok {
			text.WriteString(name + "\n" + value.(string) + "\n")
		}
	}
	path, ok := strings.CutPrefix(m["SigningCertURL"].(string), base)
	if !ok || !regexp.MustCompile(`^/SimpleNotificationService-[0-9a-f]{32}\.pem$`).MatchString(path) {
		t.Fatalf("SigningCertURL %s", m["SigningCertURL"])
	}
	encoded, err := s.Certificate(path)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(encoded)
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	signature, err := base64.StdEncoding.DecodeString(m["Signature"].(string))
	if err != nil {
		t.Fatal(err)
	}
	key := certificate.PublicKey.(*rsa.PublicKey)
	one, two := sha1.Sum([]byte(text.String())), sha256.Sum256([]byte(text.String()))
	hash, digest := crypto.SHA1, one[:]
	if m["SignatureVersion"] == "2" {
		hash, digest = crypto.SHA256, two[:]
	}
	if err := rsa.VerifyPKCS1v15(key, hash, digest, signature); err != nil {
		t.Errorf("version %s of %q: %v", m["SignatureVersion"], text.String(), err)
	}
	if now := time.Now(); key.Size() != 256 || now.Before(certificate.NotBefore) || now.After(certificate.NotAfter) {
		t.Errorf("%d bytes, valid from %v to %v", key.Size(), certificate.NotBefore, certificate.NotAfter)
	}
}

// normal replaces what differs in each run.
func normal(body string, names ...string) string {
	body = regexp.MustCompile(`"Signature":"[^"]+"`).ReplaceAllString(body, `"Signature":"SIGNATURE"`)
	body = regexp.MustCompile(`"Timestamp":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"`).ReplaceAllString(body, `"Timestamp":"TIME"`)
	body = regexp.MustCompile(`-[0-9a-f]{32}\.pem`).ReplaceAllString(body, "-HASH.pem")
	return strings.NewReplacer(names...).Replace(body)
}

func amazonHeaders(h http.Header) map[string]string {
	all := map[string]string{}
	for name := range h {
		if strings.HasPrefix(name, "X-Amz-") || name == "Content-Type" || name == "User-Agent" {
			all[name] = h.Get(name)
		}
	}
	return all
}

// TestHTTP follows a subscription from its request to its end: each message has the form
// that AWS documents, and a signature that AWS's documented algorithm accepts.
func TestHTTP(t *testing.T) {
	for _, version := range []int{0, 1, 2} {
		const base = "http://127.0.0.1:4566"
		journal := &journal{}
		s := overHTTP(t, nil, base, sns.Topic{SignatureVersion: version}, journal)
		w := newWebhook(t, nil)
		sub, asked := subscribe(t, s, w, sns.Subscription{})
		verify(t, s, base, asked.body)
		token := asked.member(t, "Token")
		versionText := map[int]string{0: "1", 1: "1", 2: "2"}[version]
		const envelope = `"Timestamp":"TIME","SignatureVersion":"V","Signature":"SIGNATURE","SigningCertURL":"` + base + `/SimpleNotificationService-HASH.pem"`
		want := `{"Type":"SubscriptionConfirmation","MessageId":"ID","Token":"TOKEN","TopicArn":"` + numbers + `",` +
			`"Message":"You have chosen to subscribe to the topic ` + numbers + `.\nTo confirm the subscription, visit the SubscribeURL included in this message.",` +
			`"SubscribeURL":"` + base + `/?Action=ConfirmSubscription&TopicArn=` + numbers + `&Token=TOKEN",` + envelope + `}`
		id := asked.header.Get("X-Amz-Sns-Message-Id")
		if diff := cmp.Diff(strings.Replace(want, `"V"`, `"`+versionText+`"`, 1), normal(asked.body, token, "TOKEN", id, "ID")); diff != "" {
			t.Errorf("confirmation (-want +got):\n%s", diff)
		}
		headers := map[string]string{
			"X-Amz-Sns-Message-Type": "SubscriptionConfirmation", "X-Amz-Sns-Message-Id": id, "X-Amz-Sns-Topic-Arn": numbers,
			"Content-Type": "text/plain; charset=UTF-8", "User-Agent": "Amazon Simple Notification Service Agent",
		}
		if diff := cmp.Diff(headers, amazonHeaders(asked.header)); diff != "" || asked.path != "/hook" {
			t.Errorf("path %s, headers (-want +got):\n%s", asked.path, diff)
		}

		send(t, s, sns.Message{Body: "too early"})
		confirm(t, s, asked)
		confirm(t, s, asked) // is idempotent
		if got, err := s.Subscription(sub.ARN); err != nil || got.PendingConfirmation || got.ConfirmationWasAuthenticated() {
			t.Errorf("confirmed: %+v, %v", got, err)
		}
		for _, subject := range []string{"", "a subject"} {
			id = send(t, s, sns.Message{Body: "a \"<b>\"\n", Subject: subject, Attributes: attribute("Number", "1")})
			got := w.next(t)
			verify(t, s, base, got.body)
			member := ""
			if subject != "" {
				member = `"Subject":"a subject",`
			}
			want = `{"Type":"Notification","MessageId":"ID","TopicArn":"` + numbers + `",` + member + `"Message":"a \"<b>\"\n",` + envelope +
				`,"UnsubscribeURL":"` + base + `/?Action=Unsubscribe&SubscriptionArn=SUB","MessageAttributes":{"a":{"Type":"Number","Value":"1"}}}`
			if diff := cmp.Diff(strings.Replace(want, `"V"`, `"`+versionText+`"`, 1), normal(got.body, sub.ARN, "SUB", id, "ID")); diff != "" {
				t.Errorf("notification (-want +got):\n%s", diff)
			}
			headers["X-Amz-Sns-Message-Type"], headers["X-Amz-Sns-Message-Id"], headers["X-Amz-Sns-Subscription-Arn"] = "Notification", id, sub.ARN
			if diff := cmp.Diff(headers, amazonHeaders(got.header)); diff != "" {
				t.Errorf("headers (-want +got):\n%s", diff)
			}
		}

		if err := s.Deactivate(sub.ARN); err != nil {
			t.Fatal(err)
		}
		farewell := w.next(t)
		verify(t, s, base, farewell.body)
		token, id = farewell.member(t, "Token"), farewell.header.Get("X-Amz-Sns-Message-Id")
		want = `{"Type":"UnsubscribeConfirmation","MessageId":"ID","Token":"TOKEN","TopicArn":"` + numbers + `",` +
			`"Message":"You have chosen to deactivate subscription SUB.\nTo cancel this operation and restore the subscription, visit the SubscribeURL included in this message.",` +
			`"SubscribeURL":"` + base + `/?Action=ConfirmSubscription&TopicArn=` + numbers + `&Token=TOKEN",` + envelope + `}`
		if diff := cmp.Diff(strings.Replace(want, `"V"`, `"`+versionText+`"`, 1), normal(farewell.body, token, "TOKEN", id, "ID", sub.ARN, "SUB")); diff != "" {
			t.Errorf("farewell (-want +got):\n%s", diff)
		}
		send(t, s, sns.Message{Body: "nobody receives this"})
		confirm(t, s, farewell)
		id = send(t, s, sns.Message{Body: "restored"})
		if got := w.next(t); got.header.Get("X-Amz-Sns-Message-Id") != id {
			t.Errorf("the restored subscription received %s", got.body)
		}
	}
}

func TestRawHTTP(t *testing.T) {
	s := overHTTP(t, nil, "http://127.0.0.1:4566", sns.Topic{}, silent{})
	w := newWebhook(t, nil)
	_, asked := subscribe(t, s, w, sns.Subscription{RawMessageDelivery: true, DeliveryPolicy: `{"requestPolicy":{"headerContentType":"text/csv"}}`})
	if got := asked.member(t, "Type"); got != "SubscriptionConfirmation" || asked.header.Get("Content-Type") != "text/plain; charset=UTF-8" {
		t.Errorf("the confirmation has the type %q and the headers %v", got, asked.header)
	}
	confirm(t, s, asked)
	send(t, s, sns.Message{Body: `{"a": 1}`, Attributes: attribute("Number", "1")})
	got := w.next(t)
	if got.body != `{"a": 1}` || got.header.Get("X-Amz-Sns-Rawdelivery") != "true" || got.header.Get("Content-Type") != "text/csv" {
		t.Errorf("%s with %v", got.body, got.header)
	}
}

// An endpoint may ask for the password in its URL, which is not sent otherwise, and is in
// no journal.
func TestBasicAuthentication(t *testing.T) {
	const base = "http://127.0.0.1:4566"
	journal := &journal{}
	s := overHTTP(t, nil, base, sns.Topic{}, journal)
	first := true
	w := newWebhook(t, func(rw http.ResponseWriter, r *http.Request) {
		if _, _, sent := r.BasicAuth(); sent == first {
			t.Errorf("credentials were sent %v, first request %v", sent, first)
		}
		if first {
			rw.Header().Set("WWW-Authenticate", `Basic realm="hook"`)
			rw.WriteHeader(http.StatusUnauthorized)
		} else if user, password, _ := r.BasicAuth(); user != "me" || password != "s3cret" {
			t.Errorf("%s:%s", user, password)
		}
		first = !first
	})
	u, err := url.Parse(w.URL)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword("me", "s3cret")
	sub, _ := subscribe(t, s, w, sns.Subscription{Endpoint: u.String()})
	confirm(t, s, w.next(t)) // the second request
	for _, e := range journal.all() {
		if strings.Contains(e.Message, "s3cret") {
			t.Error(e.Message)
		}
	}
	if !strings.Contains(sub.Where(), "me:xxxxx@") {
		t.Error(sub.Where())
	}
}

func TestConfirmationErrors(t *testing.T) {
	s := overHTTP(t, nil, "http://127.0.0.1:4566", sns.Topic{}, silent{})
	w := newWebhook(t, nil)
	sub, asked := subscribe(t, s, w, sns.Subscription{})
	token := asked.member(t, "Token")
	call := func(topic, token string, signed, authenticate bool) error {
		_, err := s.ConfirmSubscription(topic, token, signed, authenticate)
		return err
	}
	const bad = "Invalid parameter: "
	wantError(t, "another token", call(numbers, token[1:], true, false), 400, "InvalidParameter", bad+"Token")
	wantError(t, "another topic", call(numbers+"2", token, true, false), 404, "NotFound", "Topic does not exist")
	wantError(t, "unsigned", call(numbers, token, false, true), 403, "AuthorizationError", "Not authorized: AuthenticateOnUnsubscribe requires a signed request")
	wantError(t, "pending", s.Deactivate(sub.ARN), 400, "InvalidParameter", bad+"SubscriptionArn Reason: Cannot unsubscribe a subscription that is pending confirmation")
	if err := call(numbers, token, true, true); err != nil {
		t.Error(err)
	}
	if got, _ := s.Subscription(sub.ARN); !got.ConfirmationWasAuthenticated() {
		t.Errorf("%+v", got)
	}
	wantError(t, "protected", s.Deactivate(sub.ARN), 403, "AuthorizationError", "Not authorized: the subscription can be deleted only with a signed request")
	if err := s.Unsubscribe(sub.ARN); err != nil {
		t.Error(err)
	}
	wantError(t, "deleted", call(numbers, token, true, false), 400, "InvalidParameter", bad+"Token")
}

// Subscribing again sends a new request, as long as the subscription is pending.
func TestSubscribeAgain(t *testing.T) {
	s := overHTTP(t, nil, "http://127.0.0.1:4566", sns.Topic{}, silent{})
	w := newWebhook(t, nil)
	first, asked := subscribe(t, s, w, sns.Subscription{})
	second, again := subscribe(t, s, w, sns.Subscription{})
	if first != second || asked.member(t, "Token") == again.member(t, "Token") {
		t.Errorf("%+v and %+v", first, second)
	}
	confirm(t, s, asked)
	third, err := s.Subscribe(sns.Subscription{TopicARN: numbers, Protocol: "http", Endpoint: w.URL + "/hook"})
	if err != nil || third.ARN != first.ARN || third.PendingConfirmation {
		t.Errorf("%+v, %v", third, err)
	}
	third.RawMessageDelivery = true
	if got, err := s.UpdateSubscription(third); err != nil || got.PendingConfirmation || !got.RawMessageDelivery {
		t.Errorf("an update changed the confirmation: %+v, %v", got, err)
	}
}

// The key remains the same after a restart, and a message that was being delivered is
// delivered again.
func TestHTTPSurvivesARestart(t *testing.T) {
	const base = "http://127.0.0.1:4566"
	st := store.InMemory()
	s := overHTTP(t, st, base, sns.Topic{}, silent{})
	hang := make(chan struct{})
	hanging := make(chan struct{})
	w := newWebhook(t, func(_ http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Amz-Sns-Message-Type") == "Notification" {
			close(hanging)
			<-hang
		}
	})
	_, asked := subscribe(t, s, w, sns.Subscription{})
	confirm(t, s, asked)
	id := send(t, s, sns.Message{Body: "1"})
	<-hanging
	if err := s.Close(); err != nil { // interrupts the request
		t.Fatal(err)
	}
	hanging = make(chan struct{})
	close(hang)
	<-w.requests
	again, err := sns.New(sns.Options{Place: place, Store: st, Authorizer: authorizer(allow), Journal: silent{}, Endpoint: func() string { return base }})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	again.Start()
	got := w.next(t)
	if got.header.Get("X-Amz-Sns-Message-Id") != id {
		t.Errorf("%v", got.header)
	}
	verify(t, s, base, got.body) // with the certificate of the first process
}
