package policy

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzStatements checks that a policy has the same statements as text and decoded, and as
// one statement and as a list of one.
func FuzzStatements(f *testing.F) {
	for _, document := range []string{
		"", "null", "{}", `{"Statement":[]}`, `{"Statement":{"Effect":"Allow","Principal":"*","Action":"sqs:*","Resource":["a","b"]}}`, `{"Statement":null}`,
		`{"Statement":[{"Effect":"Deny","NotPrincipal":{"AWS":["1"],"Service":"s"},"Condition":{"Bool":{"aws:SecureTransport":false}}}]}`,
		`{"Statement":{"Condition":{"NumericLessThan":{"a":1}}}}`, `{"Statement":{"Principal":null}}`, `{"Statement":[null]}`,
	} {
		f.Add(document)
	}
	f.Fuzz(func(t *testing.T, document string) {
		if document == Unknown {
			return
		}
		text, err := Resource{Inputs: map[string]any{"policy": document}}.statements("policy")
		var decoded any
		if json.Unmarshal([]byte(document), &decoded) != nil {
			if err == nil {
				t.Errorf("%q is accepted: %+v", document, text)
			}
			return
		}
		members, isObject := decoded.(map[string]any)
		if !isObject {
			return
		}
		once, _ := json.Marshal(members) // each member, once
		text, err = Resource{Inputs: map[string]any{"policy": string(once)}}.statements("policy")
		plain, errPlain := Resource{Inputs: map[string]any{"policy": members}}.statements("policy")
		if diff := cmp.Diff(text, plain); (err == nil) != (errPlain == nil) || diff != "" {
			t.Errorf("%s: %v as text, %v decoded\n%s", once, err, errPlain, diff)
		}
		one, isOne := members["Statement"].(map[string]any)
		if !isOne || len(members) > 1 {
			return
		}
		list, errList := Resource{Inputs: map[string]any{"policy": map[string]any{"Statement": []any{one}}}}.statements("policy")
		if diff := cmp.Diff(text, list); (err == nil) != (errList == nil) || diff != "" {
			t.Errorf("%s: %v alone, %v in a list\n%s", once, err, errList, diff)
		}
		if err == nil && len(text) != 1 {
			t.Errorf("%s has the statements %+v", once, text)
		}
	})
}
