package test

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"tally/localcloud/cloud"
	"tally/localcloud/iam"
	"tally/localcloud/kms"
)

// keyStatement is a statement of the policy of prod's key.
type keyStatement struct {
	Action    []string
	Condition map[string]map[string]string `json:",omitempty"`
	Effect    string
	Principal map[string]string
	Resource  []string
}

// keyStatements reads the policy of prod's key from the committed graph.
func keyStatements(t *testing.T) []keyStatement {
	t.Helper()
	graph, err := os.ReadFile("golden/prod.txt")
	if err != nil {
		t.Fatal(err)
	}
	_, key, ok := strings.Cut(string(graph), "\naws:kms/key:Key main-key\n")
	_, policy, found := strings.Cut(key, "\n  policy: ")
	var document struct{ Statement []keyStatement }
	if err := json.NewDecoder(strings.NewReader(policy)).Decode(&document); err != nil || !ok || !found {
		t.Fatalf("the graph has no key with a policy: %v", err)
	}
	return document.Statement
}

// usesOfTheKey returns the names of those uses of the key that the statements allow. Each
// name begins with a minus if the stack must not be able to do it.
func usesOfTheKey(t *testing.T, statements []keyStatement) (allowed []string) {
	t.Helper()
	raw, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": statements})
	if err != nil {
		t.Fatal(err)
	}
	policy, err := iam.ParsePolicy(iam.KeyPolicy, string(raw))
	if err != nil {
		return []string{err.Error()}
	}
	place := cloud.Place{Region: "us-east-1", Account: localAccount}
	topic, queue, alarm, group := place.ARN("sns", "t"), place.ARN("sqs", "q"), place.ARN("cloudwatch", "alarm:a"), place.ARN("logs", "log-group:g")
	principals, err := iam.New(place, nil)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := kms.New(place, nil, principals)
	if err != nil {
		t.Fatal(err)
	}
	key, err := keys.CreateKey(kms.Key{Spec: "SYMMETRIC_DEFAULT", Usage: "ENCRYPT_DECRYPT", Policy: string(raw)})
	if err != nil {
		t.Fatal(err)
	}
	developer, err := principals.Credentials("test")
	if err != nil {
		t.Fatal(err)
	}
	foreign := group
	foreign.Account = "123456789012"
	for name, use := range map[string]struct {
		caller   cloud.Caller
		resource cloud.ARN
	}{
		"an identity publishes to a topic": {developer.Caller, topic},
		"an alarm publishes to a topic":    {cloud.Caller{Service: "cloudwatch.amazonaws.com", SourceARN: alarm}, topic},
		"a topic sends to a queue":         {cloud.Caller{Service: "sns.amazonaws.com", SourceARN: topic}, queue},
		"logs are written":                 {cloud.Caller{Service: "logs.us-east-1.amazonaws.com", SourceARN: group}, group},
		"-logs of another account":         {cloud.Caller{Service: "logs.us-east-1.amazonaws.com", SourceARN: foreign}, foreign},
	} {
		if keys.EncryptWith(t.Context(), key.ID, use.caller, use.resource) == nil {
			allowed = append(allowed, name)
		}
	}
	// Requests that only AWS makes.
	for _, action := range []string{"kms:Encrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:DescribeKey"} {
		r := cloud.Request{Caller: cloud.Caller{Service: "logs.us-east-1.amazonaws.com"}, Action: action, Resource: keys.KeyARN(key.ID).String(),
			Context: map[string][]string{"kms:encryptioncontext:aws:logs:arn": {group.String()}}}
		if iam.Evaluate(r, []*iam.Policy{policy}).Effect == iam.Allow {
			allowed = append(allowed, "logs: "+action)
		}
	}
	for _, service := range []string{"cloudwatch.amazonaws.com", "sns.amazonaws.com"} {
		r := cloud.Request{Caller: cloud.Caller{Service: service}, Action: "kms:Decrypt", Resource: keys.KeyARN(key.ID).String(),
			Context: map[string][]string{"aws:sourceaccount": {"123456789012"}}}
		if iam.Evaluate(r, []*iam.Policy{policy}).Effect == iam.Allow {
			allowed = append(allowed, "-"+service+" for another account")
		}
	}
	slices.Sort(allowed)
	return allowed
}

// TestKeyPolicyIsExact checks that the stack's services may use its key, and that each
// part of the key's policy is needed for it: every change of one part is noticed.
func TestKeyPolicyIsExact(t *testing.T) {
	statements := keyStatements(t)
	want := usesOfTheKey(t, statements)
	if len(want) != 8 || strings.HasPrefix(want[0], "-") {
		t.Errorf("the policy allows %q", want)
	}
	changed := func(what string, change func(s []keyStatement) []keyStatement) {
		t.Helper()
		if got := usesOfTheKey(t, change(keyStatements(t))); slices.Equal(got, want) {
			t.Errorf("nothing notices that %s", what)
		}
	}
	for i, s := range statements {
		who := slices.Collect(maps.Values(s.Principal))[0]
		changed("the statement for "+who+" is missing", func(all []keyStatement) []keyStatement { return slices.Delete(all, i, i+1) })
		changed(who+" is another principal", func(all []keyStatement) []keyStatement {
			all[i].Principal = map[string]string{"Service": "events.amazonaws.com"}
			return all
		})
		changed(who+" is denied", func(all []keyStatement) []keyStatement {
			all[i].Effect = "Deny"
			return all
		})
		for j, action := range s.Action {
			changed(who+" may not "+action, func(all []keyStatement) []keyStatement {
				all[i].Action[j] = "kms:Sign"
				return all
			})
		}
		for operator, keys := range s.Condition {
			changed(who+" has no condition", func(all []keyStatement) []keyStatement {
				all[i].Condition = nil
				return all
			})
			for key := range keys {
				changed(who+" has another condition", func(all []keyStatement) []keyStatement {
					all[i].Condition[operator][key] = "arn:aws:sns:us-east-1:123456789012:other"
					return all
				})
			}
		}
	}
}
