package gateway

import (
	"net/http"
	"strings"

	"tally/localcloud/cloud"
)

const (
	sqsVersion   = "2012-11-05"
	sqsNamespace = "http://queue.amazonaws.com/doc/2012-11-05/"
	sqsTarget    = "AmazonSQS"
)

// sqsJSON is the AWS JSON 1.0 protocol, with the error codes of the Query
// protocol in a header.
//
// https://smithy.io/2.0/aws/protocols/aws-query-protocol.html#aws-protocols-awsquerycompatible-trait
type sqsJSON struct{ awsJSON }

func (j sqsJSON) refuse(e *cloud.Error, _ string) response {
	fault := "Sender"
	if e.HTTPStatus() >= http.StatusInternalServerError {
		fault = "Receiver"
	}
	body := map[string]string{"__type": "com.amazonaws.sqs#" + sqsShape(e.Code), "message": e.Message}
	res, _ := jsonResponse(e.HTTPStatus(), j.contentType(), body) // encoding strings cannot fail
	res.header.Set("X-Amzn-Query-Error", e.Code+";"+fault)
	return res
}

// sqsShape returns the JSON name of an error, given its code in Query.
func sqsShape(code string) string {
	switch code {
	case "AWS.SimpleQueueService.NonExistentQueue":
		return "QueueDoesNotExist"
	case "InvalidParameterValue":
		return "InvalidParameterValueException"
	case "QueueAlreadyExists":
		return "QueueNameExists"
	case "MissingParameter":
		return "MissingRequiredParameterException"
	}
	if reason, ok := strings.CutPrefix(code, "KMS."); ok {
		return "Kms" + strings.TrimSuffix(reason, "Exception")
	}
	return jsonCode(strings.TrimPrefix(code, "AWS.SimpleQueueService."))
}

// sqsQuery is the AWS Query protocol of SQS, in which the URL of a queue is also
// an endpoint.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-making-api-requests-xml.html
type sqsQuery struct{ query }

func (q sqsQuery) parse(c *call) (string, decoder, error) {
	f, err := readForm(c)
	if err != nil {
		return "", nil, err
	}
	if c.URL.Path != "/" && f.all["QueueUrl"] == nil {
		f.set("QueueUrl", "http://"+c.Host+c.URL.Path)
	}
	return q.operation(c, f)
}

func (q sqsQuery) refuse(e *cloud.Error, requestID string) response {
	if e.Code == "AWS.SimpleQueueService.NonExistentQueue" {
		e = &cloud.Error{Code: e.Code, Status: e.Status, Message: "The specified queue does not exist for this wsdl version."}
	}
	return q.query.refuse(e, requestID)
}
