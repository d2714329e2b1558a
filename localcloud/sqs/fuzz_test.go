package sqs

import (
	"encoding/base64"
	"testing"
)

// FuzzReceiptHandle checks that only the handle of a message's last receive finds it.
func FuzzReceiptHandle(f *testing.F) {
	s := &Service{}
	q := Queue{ARN: "arn:aws:sqs:us-east-1:000000000000:work"}
	m := &message{ID: "m", Receipt: "r"}
	issued := s.handle(q, m)
	f.Add(issued)
	f.Add("AQEB")
	f.Add(base64.StdEncoding.EncodeToString([]byte("  " + q.ARN)))
	f.Fuzz(func(t *testing.T, handle string) {
		b := &backlog{messages: []*message{m}}
		found, err := b.find(q, handle)
		decoded, _ := base64.StdEncoding.DecodeString(handle)
		if same := string(decoded) == "r "+q.ARN+" m"; same != (found != nil) || found != nil && err != nil {
			t.Errorf("%q finds %v: %v", handle, found, err)
		}
	})
}
