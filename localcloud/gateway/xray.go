package gateway

import (
	"net/http"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/xray"
)

// https://docs.aws.amazon.com/xray/latest/api/API_Operations.html
func xrayOperations() operations {
	return operations{
		"PutTraceSegments":     authorizedByService("xray:PutTraceSegments", putTraceSegments).at("POST /TraceSegments"),
		"BatchGetTraces":       authorized("xray:BatchGetTraces", everyTrace[batchGetTracesInput], batchGetTraces).at("POST /Traces"),
		"GetTraceSummaries":    authorized("xray:GetTraceSummaries", everyTrace[getTraceSummariesInput], getTraceSummaries).at("POST /TraceSummaries"),
		"PutResourcePolicy":    authorized("xray:PutResourcePolicy", everyTrace[putResourcePolicyInput], putResourcePolicy).at("POST /PutResourcePolicy"),
		"ListResourcePolicies": authorized("xray:ListResourcePolicies", everyTrace[listResourcePoliciesInput], listResourcePolicies).at("POST /ListResourcePolicies"),
		"DeleteResourcePolicy": authorized("xray:DeleteResourcePolicy", everyTrace[deleteResourcePolicyInput], deleteResourcePolicy).at("POST /DeleteResourcePolicy"),
	}
}

// everyTrace is the resource of the operations, which support no other.
//
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html
func everyTrace[In any](*call, In) (target, error) { return target{resource: "*"}, nil }

type putTraceSegmentsInput struct {
	Body struct{ TraceSegmentDocuments []string } `payload:"json"`
}

func putTraceSegments(c *call, in putTraceSegmentsInput) (any, error) {
	unprocessed, err := c.XRay.PutSegments(c.Context(), c.caller, in.Body.TraceSegmentDocuments...)
	return struct{ UnprocessedTraceSegments []cloud.UnprocessedSegment }{unprocessed}, err
}

type batchGetTracesInput struct {
	Body struct {
		TraceIDs  []string `json:"TraceIds"`
		NextToken string   // there is one page
	} `payload:"json"`
}

// maxTraceIDs is how many traces one request may name.
//
// https://docs.aws.amazon.com/xray/latest/api/API_BatchGetTraces.html
const maxTraceIDs = 5

func batchGetTraces(c *call, in batchGetTracesInput) (any, error) {
	if len(in.Body.TraceIDs) > maxTraceIDs {
		return nil, cloud.Errorf(http.StatusBadRequest, "InvalidRequestException", "TraceIds must have at most %d items, not %d", maxTraceIDs, len(in.Body.TraceIDs))
	}
	traces, unknown := c.XRay.Traces(in.Body.TraceIDs...)
	return struct {
		Traces              []xray.Trace
		UnprocessedTraceIDs []string `json:"UnprocessedTraceIds"`
	}{traces, unknown}, nil
}

type getTraceSummariesInput struct {
	Body struct {
		StartTime, EndTime float64 // Unix time in seconds
		TimeRangeType      string
		NextToken          string // there is one page
	} `payload:"json"`
}

// https://docs.aws.amazon.com/xray/latest/api/API_GetTraceSummaries.html
func getTraceSummaries(c *call, in getTraceSummariesInput) (any, error) {
	from, to := unixTime(in.Body.StartTime), unixTime(in.Body.EndTime)
	switch {
	case in.Body.StartTime <= 0 || in.Body.EndTime <= 0:
		return nil, cloud.Errorf(http.StatusBadRequest, "InvalidRequestException", "StartTime and EndTime are required")
	case to.Before(from) || to.Sub(from) > 24*time.Hour:
		return nil, cloud.Errorf(http.StatusBadRequest, "InvalidRequestException", "EndTime must be at most 24 hours after StartTime")
	}
	summaries := c.XRay.Summaries(from, to)
	return struct {
		TraceSummaries       []xray.Summary
		TracesProcessedCount int
		ApproximateTime      int64
	}{summaries, len(summaries), time.Now().Unix()}, nil
}

type putResourcePolicyInput struct {
	Body struct {
		PolicyName, PolicyDocument string
		PolicyRevisionID           string `json:"PolicyRevisionId"`
		BypassPolicyLockoutCheck   bool   // nobody can be locked out here
	} `payload:"json"`
}

func putResourcePolicy(c *call, in putResourcePolicyInput) (any, error) {
	p, err := c.XRay.PutResourcePolicy(in.Body.PolicyName, in.Body.PolicyDocument, in.Body.PolicyRevisionID)
	return struct{ ResourcePolicy xray.ResourcePolicy }{p}, err
}

type listResourcePoliciesInput struct {
	Body struct{ NextToken string } `payload:"json"` // there is one page
}

func listResourcePolicies(c *call, _ listResourcePoliciesInput) (any, error) {
	return struct{ ResourcePolicies []xray.ResourcePolicy }{c.XRay.ResourcePolicies()}, nil
}

type deleteResourcePolicyInput struct {
	Body struct {
		PolicyName string
	} `payload:"json"`
}

func deleteResourcePolicy(c *call, in deleteResourcePolicyInput) (any, error) {
	return struct{}{}, c.XRay.DeleteResourcePolicy(in.Body.PolicyName)
}

func unixTime(seconds float64) time.Time { return time.UnixMicro(int64(seconds * 1e6)) }
