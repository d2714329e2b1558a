package dynamodb

import (
	"net/http"
	"slices"

	"tally/localcloud/cloud"
)

// DynamoDB throttles requests even to tables with capacity on demand, for example if one
// item is used too much, and can fail with an internal error. The SDKs of AWS repeat both
// kinds of requests. Faults make DynamoDB do so, before a request reads or changes anything.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TroubleshootingThrottling.html
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html

// throttled is the code of the error of a throttled request.
const throttled = "ProvisionedThroughputExceededException"

// fail returns the error with which a fault refuses an action on a table, or nil.
func (s *Service) fail(t *Table, action string) error {
	v := cloud.Victim{Service: "dynamodb", Resource: t.Name, ID: action, Number: s.faults.Number("dynamodb", t.Name)}
	if f, ok := s.faults.Decide(cloud.FaultError, v); ok {
		s.faults.Injected(f.Kind, v, "%s fails", action)
		return cloud.Errorf(http.StatusInternalServerError, "InternalServerError", "Internal server error")
	}
	if f, ok := s.faults.Decide(cloud.FaultThrottle, v); ok {
		s.faults.Injected(f.Kind, v, "%s is throttled", action)
		return s.errThrottled(t, action)
	}
	return nil
}

// errThrottled returns the error of an action on one item that is used too much.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ThrottlingReason.html
func (s *Service) errThrottled(t *Table, action string) error {
	return &cloud.Error{
		Code: throttled, Status: http.StatusBadRequest,
		Message: "Throughput exceeds the current capacity of your table or index. DynamoDB is automatically scaling your table or index so please try again shortly. " +
			"If exceptions persist, check if you have a hot key: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html",
		Fields: map[string]any{"ThrottlingReasons": []any{map[string]string{
			"reason": "Table" + direction(action) + "KeyRangeThroughputExceeded", "resource": s.ARN(t.Name).String(),
		}}},
	}
}

// direction returns "Read" or "Write", which is what an operation does.
func direction(operation string) string {
	reads := []string{"GetItem", "BatchGetItem", "TransactGetItems", "Query", "Scan", "ConditionCheckItem"}
	if slices.Contains(reads, operation) {
		return "Read"
	}
	return "Write"
}
