package gateway

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"tally/localcloud/cloud"
)

// A service is an AWS service that the gateway serves.
type service struct {
	name       string // as AWS abbreviates it: "SNS"
	scope      string // in the scope of a signature: "sns"
	operations operations
	protocol   protocol // used by current SDKs
	older      protocol // used by older SDKs; nil for most services
}

// services returns all services that the gateway serves.
func services() []service {
	functions, traces := lambdaOperations(), xrayOperations()
	return []service{
		{"CloudWatch Logs", "logs", logsOperations(), awsJSON{"1.1", logsTarget}, nil},
		{"Lambda", "lambda", functions, newRESTJSON(functions), nil},
		{"SNS", "sns", snsOperations(), query{snsVersion, snsNamespace}, nil},
		{"SQS", "sqs", sqsOperations(), sqsJSON{awsJSON{"1.0", sqsTarget}}, sqsQuery{query{sqsVersion, sqsNamespace}}},
		{"STS", "sts", stsOperations(), query{stsVersion, stsNamespace}, nil},
		{"X-Ray", "xray", traces, newRESTJSON(traces), nil},
	}
}

// A protocol is one of AWS's encodings of operations in HTTP.
type protocol interface {
	// String returns the protocol's name: "AWS JSON 1.1".
	String() string
	// parse returns the operation of the service's table that the request names,
	// and the decoder of its input.
	parse(c *call) (name string, decode decoder, err error)
	// encode encodes the result of an operation.
	encode(name string, result any, requestID string) (response, error)
	// refuse encodes an error.
	refuse(e *cloud.Error, requestID string) response
}

// protocolOf returns the protocol of a request. If a service has two, only the
// requests of the newer one, JSON, name their operation in a header.
func (s *service) protocolOf(r *http.Request) protocol {
	if s.older != nil && r.Header.Get(targetHeader) == "" {
		return s.older
	}
	return s.protocol
}

// names returns the names of the operations as a list, for error messages.
func (o operations) names() string {
	return strings.Join(slices.Sorted(maps.Keys(o)), ", ")
}

// OperationInfo describes an operation that the gateway serves.
type OperationInfo struct {
	Service   string   // as AWS abbreviates it: "SNS"
	Protocols []string // current SDKs use the first: "AWS JSON 1.0", "AWS Query"
	Name      string   // "PublishBatch"
	Action    string   // the permission that the caller needs: "SNS:Publish"; "" if none
}

// Operations describes every operation that the gateway serves, sorted by
// service and name.
func Operations() []OperationInfo {
	var all []OperationInfo
	for _, s := range services() {
		protocols := []string{s.protocol.String()}
		if s.older != nil {
			protocols = append(protocols, s.older.String())
		}
		for _, name := range slices.Sorted(maps.Keys(s.operations)) {
			all = append(all, OperationInfo{Service: s.name, Protocols: protocols, Name: name, Action: s.operations[name].action})
		}
	}
	return all
}
