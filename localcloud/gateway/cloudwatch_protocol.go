package gateway

import (
	"net/http"

	"tally/localcloud/cloud"
)

const (
	metricsVersion   = "2010-08-01"
	metricsNamespace = "http://monitoring.amazonaws.com/doc/2010-08-01/"
	metricsTarget    = "GraniteServiceVersion20100801"
)

// metricsCBOR is the protocol of current SDKs for CloudWatch, with the error codes of
// the Query protocol in a header.
//
// https://smithy.io/2.0/aws/protocols/aws-query-protocol.html#aws-protocols-awsquerycompatible-trait
type metricsCBOR struct{ rpcCBOR }

func (p metricsCBOR) refuse(e *cloud.Error, _ string) response {
	res, _ := cborResponse(e.HTTPStatus(), metricsFailure(e)) // encoding strings cannot fail
	return withQueryError(res, e)
}

// metricsJSON is AWS JSON 1.0 with the same codes.
type metricsJSON struct{ awsJSON }

func (p metricsJSON) refuse(e *cloud.Error, _ string) response {
	res, _ := jsonResponse(e.HTTPStatus(), p.contentType(), metricsFailure(e)) // encoding strings cannot fail
	return withQueryError(res, e)
}

func metricsFailure(e *cloud.Error) map[string]string {
	return map[string]string{"__type": "com.amazonaws.cloudwatch#" + metricsShape(e.Code), "message": e.Message}
}

// withQueryError adds an error's code in Query to a response.
func withQueryError(res response, e *cloud.Error) response {
	fault := "Sender"
	if e.HTTPStatus() >= http.StatusInternalServerError {
		fault = "Receiver"
	}
	res.header.Set("X-Amzn-Query-Error", e.Code+";"+fault)
	return res
}

// metricsShape returns the name of an error in CBOR and JSON, given its code in Query.
func metricsShape(code string) string {
	switch code {
	case "InvalidParameterValue", "InvalidParameterCombination":
		return code + "Exception"
	case "MissingParameter":
		return "MissingRequiredParameterException"
	case "InvalidFormat":
		return "InvalidFormatFault"
	}
	return jsonCode(code)
}
