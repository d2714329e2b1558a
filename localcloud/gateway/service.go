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
	protocols  []protocol // those of current SDKs first
}

// services returns all services that the gateway serves.
func services() []service {
	functions, schedules, traces := lambdaOperations(), schedulerOperations(), xrayOperations()
	return []service{
		{"CloudWatch", "monitoring", metricsOperations(), []protocol{
			metricsCBOR{rpcCBOR{metricsTarget}}, metricsJSON{awsJSON{"1.0", metricsTarget}}, query{metricsVersion, metricsNamespace}}},
		{"CloudWatch Logs", "logs", logsOperations(), []protocol{awsJSON{"1.1", logsTarget}}},
		{"DynamoDB", "dynamodb", dynamoOperations(), []protocol{dynamoJSON{awsJSON{"1.0", dynamoTarget}}}},
		{"EventBridge Scheduler", "scheduler", schedules, []protocol{newRESTJSON(schedules)}},
		{"Lambda", "lambda", functions, []protocol{newRESTJSON(functions)}},
		{"SNS", "sns", snsOperations(), []protocol{query{snsVersion, snsNamespace}}},
		{"SQS", "sqs", sqsOperations(), []protocol{sqsJSON{awsJSON{"1.0", sqsTarget}}, sqsQuery{query{sqsVersion, sqsNamespace}}}},
		{"SSM", "ssm", ssmOperations(), []protocol{awsJSON{"1.1", ssmTarget}}},
		{"STS", "sts", stsOperations(), []protocol{query{stsVersion, stsNamespace}}},
		{"Secrets Manager", "secretsmanager", secretsOperations(), []protocol{awsJSON{"1.1", secretsTarget}}},
		{"X-Ray", "xray", traces, []protocol{newRESTJSON(traces)}},
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

// protocolOf returns the protocol of a request. If a service has several, a header
// identifies CBOR and JSON requests, and the rest are Query requests.
func (s *service) protocolOf(r *http.Request) protocol {
	for _, p := range s.protocols {
		if spoken, ok := p.(interface{ speaks(*http.Request) bool }); ok && spoken.speaks(r) {
			return p
		}
	}
	return s.protocols[len(s.protocols)-1]
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
		var protocols []string
		for _, p := range s.protocols {
			protocols = append(protocols, p.String())
		}
		for _, name := range slices.Sorted(maps.Keys(s.operations)) {
			all = append(all, OperationInfo{Service: s.name, Protocols: protocols, Name: name, Action: s.operations[name].action})
		}
	}
	return all
}
