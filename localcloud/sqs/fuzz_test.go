package sqs

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/google/uuid"
)

// FuzzReceiptHandle checks that only a handle with the receipt of a message's last
// receive finds it.
func FuzzReceiptHandle(f *testing.F) {
	q := Queue{ARN: "arn:aws:sqs:us-east-1:000000000000:work"}
	m := &message{number: 31, receipt: uuid.New()}
	b := newBacklog("work")
	b.received[m.number] = m
	issued := handle(q, *m)
	f.Add(issued)
	f.Add("AQEB")
	f.Add(base64.StdEncoding.EncodeToString([]byte("  " + q.ARN)))
	f.Fuzz(func(t *testing.T, handle string) {
		found, err := b.find(q, handle)
		if handle == issued && found != m || found != nil && err != nil {
			t.Errorf("%q finds %v: %v", handle, found, err)
		}
		decoded, _ := base64.StdEncoding.DecodeString(handle)
		if found != nil && !strings.Contains(strings.ToLower(strings.ReplaceAll(string(decoded), "-", "")), strings.ReplaceAll(m.receipt.String(), "-", "")) {
			t.Errorf("%q finds a message with the receipt %s", decoded, m.receipt)
		}
	})
}
