package ledger

import (
	"encoding/json"
	"errors"
	"math/big"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"tally/internal/sum"
)

// Status is the status of a sum.
type Status string

// The values of Status. Pending becomes Done or Failed, and Failed becomes Done if the
// message succeeds when it is run again. Done is final.
const (
	Pending Status = "pending"
	Done    Status = "done"
	Failed  Status = "failed"
)

// Entry is one sum. It marshals to the body of GET /sums/{id}.
type Entry struct {
	ID     string      `json:"id"`
	Status Status      `json:"status"`
	Num1   json.Number `json:"num1,omitempty"`   // "" if the message has no valid numbers
	Num2   json.Number `json:"num2,omitempty"`   // like Num1
	Sum    json.Number `json:"sum,omitempty"`    // "" unless Done
	Reason string      `json:"reason,omitempty"` // why it is Failed, in at most 500 characters
}

var (
	// ErrNotFound means that the table has no such entry, or that it has expired.
	ErrNotFound = errors.New("there is no sum with this ID")
	// ErrOtherNumbers means that the ID belongs to other numbers, so that trying again
	// cannot succeed.
	ErrOtherNumbers = errors.New("id used for other numbers")
)

type item = map[string]types.AttributeValue

// entry converts an item.
func entry(i item) Entry {
	return Entry{
		ID: text(i["id"]), Status: Status(text(i["status"])),
		Num1: json.Number(text(i["num1"])), Num2: json.Number(text(i["num2"])), Sum: json.Number(text(i["sum"])),
		Reason: text(i["reason"]),
	}
}

// expired reports whether an item has expired at now. DynamoDB deletes expired items
// within a few days, and returns them until then.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ttl-expired-items.html
func expired(i item, now int64) bool {
	n, ok := i["expiresAt"].(*types.AttributeValueMemberN)
	if !ok {
		return false
	}
	at, err := strconv.ParseInt(n.Value, 10, 64)
	return err == nil && at <= now
}

// has reports whether the entry is for these numbers.
func (e Entry) has(n sum.Numbers) bool {
	return n.Num1 != nil && e.Num1.String() == n.Num1.String() && e.Num2.String() == n.Num2.String()
}

func text(value types.AttributeValue) string {
	if s, ok := value.(*types.AttributeValueMemberS); ok {
		return s.Value
	}
	return ""
}

func stringValue(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func integer(n *big.Int) types.AttributeValue { return stringValue(n.String()) }

func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}
