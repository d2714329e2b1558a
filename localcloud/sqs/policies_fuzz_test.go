package sqs

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tally/localcloud/cloud"
)

// FuzzRedrivePolicies compares the policies with a decoder of any JSON, and with what is
// stored of them.
func FuzzRedrivePolicies(f *testing.F) {
	const dead, work = "arn:aws:sqs:us-east-1:000000000000:dead", "arn:aws:sqs:us-east-1:000000000000:work"
	for _, seed := range []string{
		"", "{}", "[]", "null", `{"maxReceiveCount":3}`, `{"deadLetterTargetArn":"` + dead + `","maxReceiveCount":"2"}`,
		`{"deadLetterTargetArn":"` + dead + `","maxReceiveCount":1e3}`, `{"deadLetterTargetArn":"` + dead + `","maxReceiveCount":1001}`,
		`{"redrivePermission":"byQueue","sourceQueueArns":["` + work + `"]}`, `{"redrivePermission":"denyAll"}`, `{"redrivePermission":"allowAll"}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, document string) {
		redrive, errRedrive := parseRedrive(document)
		allow, errAllow := parseRedriveAllow(document)
		if document == "" {
			if redrive != nil || errRedrive != nil || !allow.allows(work) || errAllow != nil {
				t.Errorf("without a policy: %+v %v, %+v %v", redrive, errRedrive, allow, errAllow)
			}
			return
		}
		var members map[string]any
		if err := json.Unmarshal([]byte(document), &members); err != nil && (errRedrive == nil || errAllow == nil) {
			t.Fatalf("%q is accepted: %v", document, err)
		}
		fold := map[string][]any{} // Go's structs ignore the case of members
		for name, value := range members {
			fold[strings.ToLower(name)] = append(fold[strings.ToLower(name)], value)
		}
		has := func(name string, value any) bool {
			return slices.ContainsFunc(fold[strings.ToLower(name)], func(v any) bool {
				n, isNumber := v.(float64)
				return v == value || isNumber && strconv.Itoa(int(n)) == value
			})
		}
		if errRedrive == nil && (!has("deadLetterTargetArn", redrive.Target) || !has("maxReceiveCount", strconv.Itoa(int(redrive.Max))) && !hasSigned(fold, redrive.Max) ||
			redrive.Max < 1 || redrive.Max > 1000 || cloud.ServiceOf(redrive.Target) != "sqs") {
			t.Errorf("%s is %+v", document, redrive)
		}
		if errAllow == nil {
			want := map[string]bool{"allowAll": true, "denyAll": false, "byQueue": slices.Contains(allow.Sources, work)}
			if !has("redrivePermission", allow.Permission) || allow.allows(work) != want[allow.Permission] || allow.allows("") != (allow.Permission == "allowAll") {
				t.Errorf("%s is %+v", document, allow)
			}
		}
		if (errRedrive == nil) == (errAllow == nil) {
			return
		}
		q := Queue{Name: "work", RedrivePolicy: document}
		if errAllow == nil {
			q = Queue{Name: "work", RedriveAllowPolicy: document}
		}
		raw, err := json.Marshal(q)
		if err != nil {
			t.Fatal(err)
		}
		var stored row
		if err := json.Unmarshal(raw, &stored); err != nil {
			t.Fatalf("%s is accepted, and cannot be read again: %v", document, err)
		}
		if errRedrive == nil && *stored.redrive != *redrive || errAllow == nil && stored.allow.allows(work) != allow.allows(work) {
			t.Errorf("%s is stored as %+v", document, stored)
		}
	})
}

// hasSigned reports whether the count is a string with a sign or leading zeros.
func hasSigned(members map[string][]any, n count) bool {
	return slices.ContainsFunc(members["maxreceivecount"], func(v any) bool {
		s, _ := v.(string)
		got, err := strconv.Atoi(s)
		return err == nil && got == int(n)
	})
}
