package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"net/http"
	"net/url"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// post returns the bytes of a POST request.
func post(address, path, contentType string, body []byte) ([]byte, error) {
	r, err := http.NewRequest(http.MethodPost, "http://"+address+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", contentType)
	return wire(r)
}

// signed returns the bytes of a signed POST request to a service. Its signature is
// valid for at least five minutes, so clients can send the same bytes again.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
func (b *bench) signed(ctx context.Context, service, path, contentType string, body []byte) ([]byte, error) {
	r, err := http.NewRequest(http.MethodPost, "http://"+b.endpoint()+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", contentType)
	hash := sha256.Sum256(body)
	region := b.cloud.getenv("AWS_REGION")
	if err := v4.NewSigner().SignHTTP(ctx, b.keys(), r, hex.EncodeToString(hash[:]), service, region, time.Now()); err != nil {
		return nil, err
	}
	return wire(r)
}

// signedForm returns the bytes of a signed request to a service that takes forms.
func (b *bench) signedForm(ctx context.Context, service string, form url.Values) ([]byte, error) {
	return b.signed(ctx, service, "/", "application/x-www-form-urlencoded", []byte(form.Encode()))
}

// publish returns a request that publishes a message.
//
// https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
func (b *bench) publish(ctx context.Context) ([]byte, error) {
	return b.signedForm(ctx, "sns", url.Values{
		"Action": {"Publish"}, "Version": {"2010-03-31"}, "TopicArn": {b.outputs["numbersTopicArn"]}, "Message": {numbers},
	})
}

// invocations returns how often handle-message has run, as CloudWatch counts it
// when an invocation ends. One such request costs less than reading the log.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html
func (b *bench) invocations(ctx context.Context) (int, error) {
	now := time.Now().UTC()
	request, err := b.signedForm(ctx, "monitoring", url.Values{
		"Action": {"GetMetricStatistics"}, "Version": {"2010-08-01"}, "Namespace": {"AWS/Lambda"}, "MetricName": {"Duration"},
		"Dimensions.member.1.Name":  {"FunctionName"},
		"Dimensions.member.1.Value": {b.outputs["handleMessageFunction"]},
		"StartTime":                 {now.Add(-12 * time.Hour).Format(time.RFC3339)},
		"EndTime":                   {now.Add(time.Hour).Format(time.RFC3339)},
		"Period":                    {"60"},
		"Statistics.member.1":       {"SampleCount"},
	})
	if err != nil {
		return 0, err
	}
	body, err := exchange(ctx, b.endpoint(), request)
	if err != nil {
		return 0, err
	}
	var response struct {
		Counts []float64 `xml:"GetMetricStatisticsResult>Datapoints>member>SampleCount"`
	}
	if err := xml.Unmarshal(body, &response); err != nil {
		return 0, err
	}
	var total float64
	for _, n := range response.Counts {
		total += n
	}
	return int(total), nil
}

// wire returns the bytes of a request.
func wire(r *http.Request) ([]byte, error) {
	var b bytes.Buffer
	err := r.Write(&b)
	return b.Bytes(), err
}
