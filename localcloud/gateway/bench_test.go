package gateway

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"tally/localcloud/cloud"
	"tally/localcloud/lambda"
	"tally/localcloud/sns"
)

// serveRepeatedly measures how the handler serves a signed request, without a
// network connection.
func serveRepeatedly(b *testing.B, k *kit, signed request) {
	b.Helper()
	handler := New(here, k.Services, k)
	template := signed.build(b, k.url)
	template.Host = template.URL.Host
	b.ReportAllocs()
	for b.Loop() {
		r := template.Clone(b.Context())
		r.RemoteAddr = "127.0.0.1:50000"
		r.Body = io.NopCloser(bytes.NewReader([]byte(signed.body)))
		w := httptest.NewRecorder()
		if handler.ServeHTTP(w, r); w.Code != http.StatusOK {
			b.Fatalf("%d %s", w.Code, w.Body)
		}
	}
}

// caller returns credentials of a role that may do everything, so that the
// benchmarks include the evaluation of a policy.
func (k *kit) caller(b *testing.B) cloud.Credentials { return k.role(b, everything) }

func BenchmarkPublish(b *testing.B) {
	k := newKit(b)
	topic := must(k.SNS.CreateTopic(sns.Topic{Name: "numbers"}))(b)
	form := url.Values{"Action": {"Publish"}, "Version": {"2010-03-31"}, "TopicArn": {topic.ARN}, "Message": {`{"num1":2,"num2":3}`},
		"MessageAttributes.entry.1.Name": {"kind"}, "MessageAttributes.entry.1.Value.DataType": {"String"}, "MessageAttributes.entry.1.Value.StringValue": {"sum"}}
	serveRepeatedly(b, k, request{method: "POST", path: "/", service: "sns", keys: k.caller(b), body: form.Encode(),
		header: map[string]string{"Content-Type": formType}})
}

func BenchmarkGetQueueAttributes(b *testing.B) {
	k := newKit(b)
	work, _ := k.queues(b)
	serveRepeatedly(b, k, request{method: "POST", path: "/", service: "sqs", keys: k.caller(b), body: `{"QueueUrl":"` + work + `","AttributeNames":["All"]}`,
		header: map[string]string{"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.GetQueueAttributes"}})
}

func BenchmarkGetFunction(b *testing.B) {
	k := newKit(b)
	keys := k.caller(b)
	k.function(b, lambda.Config{Name: "add"})
	serveRepeatedly(b, k, request{method: "GET", path: "/2015-03-31/functions/add", service: "lambda", keys: keys})
}
