package tracing

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
)

const header = "Root=1-581cf771-a006649127e371903a2de979;Parent=53995c3f42cd8ad8;Sampled=1;Lineage=a87bd80c:0|68fd508a:5"

// published is SNS's response to a publication.
const published = `<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>`

// daemon starts an X-Ray daemon, and returns a function that returns the next
// document that it receives.
func daemon(t *testing.T) func() string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	t.Setenv("AWS_XRAY_DAEMON_ADDRESS", conn.LocalAddr().String())
	return func() string {
		t.Helper()
		if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
			t.Fatal(err)
		}
		packet := make([]byte, 64<<10)
		n, _, err := conn.ReadFrom(packet)
		if err != nil {
			t.Fatal(err)
		}
		document, ok := strings.CutPrefix(string(packet[:n]), `{"format": "json", "version": 1}`+"\n")
		if !ok {
			t.Errorf("the packet has no header: %s", packet[:n])
		}
		return document
	}
}

// topic returns a client of a server that responds with this status and body, and
// the trace headers that the server receives.
func topic(t *testing.T, status int, body string) (*sns.Client, <-chan string) {
	t.Helper()
	headers := make(chan string, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		headers <- r.Header.Get("X-Amzn-Trace-Id")
		w.Header().Set("X-Amzn-Requestid", "request-1")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(server.Close)
	config := aws.Config{Region: "us-east-1", BaseEndpoint: &server.URL, RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "a", SecretAccessKey: "b"}, nil
		})}
	Add(&config)
	return sns.NewFromConfig(config), headers
}

func publish(ctx context.Context, client *sns.Client, header string) error {
	//lint:ignore SA1029 the key of Lambda's library for Go is a string
	ctx = context.WithValue(ctx, "x-amzn-trace-id", header)
	_, err := client.Publish(ctx, &sns.PublishInput{TopicArn: aws.String("arn:aws:sns:us-east-1:123456789012:sums"), Message: aws.String("7")})
	return err
}

var digits = regexp.MustCompile(`"id":"[0-9a-f]{16}"|_time":[0-9.e+]+`)

func TestRequest(t *testing.T) {
	const (
		start  = `{"type":"subsegment","id":"…","trace_id":"1-581cf771-a006649127e371903a2de979","parent_id":"53995c3f42cd8ad8","name":"SNS","namespace":"aws",`
		times  = `"start_time":…,"end_time":…,`
		failed = `"cause":{"exceptions":[{"id":"…","type":"`
		xml    = `<ErrorResponse><Error><Code>%</Code><Message>no</Message></Error></ErrorResponse>`
	)
	request := `"aws":{"operation":"Publish","region":"us-east-1","request_id":"request-1"},"http":{"response":{"status":`
	for name, test := range map[string]struct {
		status int
		body   string
		want   string
	}{
		"success":   {200, published, `200}}}`},
		"refused":   {403, strings.Replace(xml, "%", "AuthorizationError", 1), `403}},"error":true,` + failed + `AuthorizationError","message":"no"}]}}`},
		"throttled": {429, strings.Replace(xml, "%", "Throttled", 1), `429}},"error":true,"throttle":true,` + failed + `Throttled","message":"no"}]}}`},
		"broken":    {500, strings.Replace(xml, "%", "InternalError", 1), `500}},"fault":true,` + failed + `InternalError","message":"no"}]}}`},
	} {
		t.Run(name, func(t *testing.T) {
			next := daemon(t)
			client, headers := topic(t, test.status, test.body)
			if err := publish(t.Context(), client, header); (err != nil) != (test.status != 200) {
				t.Fatal(err)
			}
			document := next()
			got := digits.ReplaceAllStringFunc(document, func(s string) string {
				if strings.HasPrefix(s, `"id"`) {
					return `"id":"…"`
				}
				return `_time":…`
			})
			if want := start + times + request + test.want; got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
			var sent subsegment
			if err := json.Unmarshal([]byte(document), &sent); err != nil {
				t.Fatal(err)
			}
			if sent.End < sent.Start || time.Since(time.UnixMicro(int64(sent.Start*1e6))).Abs() > time.Minute {
				t.Errorf("started at %f, ended at %f", sent.Start, sent.End)
			}
			want := "Root=1-581cf771-a006649127e371903a2de979;Parent=" + sent.ID + ";Sampled=1;Lineage=a87bd80c:0%7C68fd508a:5"
			if got := <-headers; got != want {
				t.Errorf("the request has the header %s, want %s", got, want)
			}
		})
	}
}

// TestNoResponse proves that a request without a response is recorded as a fault.
func TestNoResponse(t *testing.T) {
	next := daemon(t)
	client, _ := topic(t, 200, "")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := publish(ctx, client, header); err == nil {
		t.Fatal("no error")
	}
	if got := next(); !strings.Contains(got, `"aws":{"operation":"Publish","region":"us-east-1"},"fault":true,"cause"`) {
		t.Errorf("got %s", got)
	}
}

// TestUnsampled proves that a request of an invocation that is not sampled, or of
// none, keeps the header that the SDK sets, and is not recorded.
func TestUnsampled(t *testing.T) {
	const unsampled = "Root=1-581cf771-a006649127e371903a2de979;Parent=53995c3f42cd8ad8;Sampled=0"
	next := daemon(t)
	t.Setenv("AWS_LAMBDA_FUNCTION_NAME", "f")
	t.Setenv("_X_AMZN_TRACE_ID", unsampled)
	client, headers := topic(t, 200, published)
	for _, header := range []string{unsampled, "", "Root=1-2-3;Sampled=1", "Parent=1;Sampled=1"} {
		if err := publish(t.Context(), client, header); err != nil {
			t.Fatal(err)
		}
		if got := <-headers; got != unsampled {
			t.Errorf("%q became %q", header, got)
		}
	}
	if err := publish(t.Context(), client, header); err != nil {
		t.Fatal(err)
	}
	if got := next(); !strings.Contains(got, `"parent_id":"53995c3f42cd8ad8"`) || <-headers == unsampled {
		t.Errorf("the daemon first received %s", got)
	}
}

// TestOutsideLambda proves that Add does nothing without a daemon.
func TestOutsideLambda(t *testing.T) {
	t.Setenv("AWS_XRAY_DAEMON_ADDRESS", "")
	config := aws.Config{}
	if Add(&config); config.APIOptions != nil {
		t.Error("requests are traced")
	}
}
