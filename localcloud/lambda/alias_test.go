package lambda_test

import (
	"strings"
	"testing"

	"tally/localcloud/cloud"
	"tally/localcloud/lambda"
)

func weights(version string, weight float64) map[string]float64 {
	return map[string]float64{version: weight}
}

func TestAliases(t *testing.T) {
	s := newKit(t).open(t)
	create(t, s, "add")
	publish(t, s, "add")
	update(t, s, "add", "second", func(*lambda.Config) {})
	publish(t, s, "add")
	putAlias(t, s, lambda.Alias{Function: "add", Name: "next", Version: "2", Description: "d"})
	putAlias(t, s, lambda.Alias{Function: "add", Name: "live", Version: "1"})

	next, err := s.Alias(addARN, "next")
	if err != nil || next.ARN != addARN+":next" || next.Function != "add" || next.Version != "2" || next.Description != "d" {
		t.Errorf("%+v, %v", next, err)
	}
	if all, err := s.Aliases("add"); err != nil || len(all) != 2 || all[0].Name != "live" {
		t.Errorf("%+v, %v", all, err)
	}
	for _, tc := range []struct {
		weights map[string]float64
		want    string
	}{{nil, "1"}, {weights("2", 0), "1"}, {weights("2", 1), "2"}} {
		live, err := s.UpdateAlias(lambda.Alias{Function: "add", Name: "live", Version: "1", AdditionalVersionWeights: tc.weights})
		if err != nil {
			t.Fatal(err)
		}
		if out := invokeVersion(t, s, "add", "live"); out.ExecutedVersion != tc.want {
			t.Errorf("%v: ran version %s", live.AdditionalVersionWeights, out.ExecutedVersion)
		}
	}
	ran := map[string]int{}
	if _, err := s.UpdateAlias(lambda.Alias{Function: "add", Name: "live", Version: "1", AdditionalVersionWeights: weights("2", 0.5)}); err != nil {
		t.Fatal(err)
	}
	for range 200 { // the probability that only one version runs is 2^-199
		ran[invokeVersion(t, s, "add", "live").ExecutedVersion]++
	}
	if ran["1"] == 0 || ran["2"] == 0 {
		t.Errorf("ran %v", ran)
	}

	if _, err := s.UpdateAlias(lambda.Alias{Function: "add", Name: "live", Version: "1", AdditionalVersionWeights: weights("2", 0.1)}); err != nil {
		t.Fatal(err)
	}
	clear(ran)
	for range 2000 {
		ran[invokeVersion(t, s, "add", "live").ExecutedVersion]++
	}
	// 200 is the mean, and 13.4 the standard deviation.
	if n := ran["2"]; n < 120 || n > 280 {
		t.Errorf("of 2000 invocations, %d ran the version with a weight of 0.1", n)
	}

	if err := s.DeleteAlias("add", "next"); err != nil {
		t.Error(err)
	}
	expectError(t, s.DeleteAlias("add", "next"), "ResourceNotFoundException", "Cannot find alias arn: "+addARN+":next")
	_, err = s.Invoke(t.Context(), cloud.Invocation{Caller: developer, Function: "add:next"})
	expectError(t, err, "ResourceNotFoundException", "Function not found: "+addARN+":next")
}

func TestAliasRefused(t *testing.T) {
	s := newKit(t).open(t)
	create(t, s, "add")
	publish(t, s, "add")
	putAlias(t, s, lambda.Alias{Function: "add", Name: "live", Version: "1"})
	for _, tc := range []struct {
		alias      lambda.Alias
		code, text string
	}{
		{lambda.Alias{Function: "add", Name: "live", Version: "1"}, "ResourceConflictException", "Alias already exists: " + addARN + ":live"},
		{lambda.Alias{Function: "add", Name: "1", Version: "1"}, "ValidationException", "1 validation error detected: Value '1' at 'name'"},
		{lambda.Alias{Function: "add", Name: "a b", Version: "1"}, "ValidationException", "1 validation error detected: Value 'a b' at 'name'"},
		{lambda.Alias{Function: "add", Name: strings.Repeat("a", 129), Version: "1"}, "ValidationException",
			"1 validation error detected: Value '" + strings.Repeat("a", 129) + "' at 'name' failed to satisfy constraint: Member must have length less than or equal to 128"},
		{lambda.Alias{Function: "sub", Name: "a", Version: "1"}, "ResourceNotFoundException", "Function not found: "},
		{lambda.Alias{Function: "add", Name: "a", Version: "7"}, "ResourceNotFoundException", "Function not found: " + addARN + ":7"},
		{lambda.Alias{Function: "add", Name: "a", Version: "1", AdditionalVersionWeights: weights("1", 0.5)}, "InvalidParameterValueException",
			"Invalid function version 1. Function version 1 is already included in routing configuration."},
		{lambda.Alias{Function: "add", Name: "a", Version: "$LATEST", AdditionalVersionWeights: weights("1", 0.5)}, "InvalidParameterValueException",
			"$LATEST is not supported for an alias pointing to more than 1 version"},
		{lambda.Alias{Function: "add", Name: "a", Version: "1", AdditionalVersionWeights: weights("$LATEST", 0.5)}, "ValidationException",
			"1 validation error detected: Value '{$LATEST=0.5}' at 'routingConfig.additionalVersionWeights'"},
		{lambda.Alias{Function: "add", Name: "a", Version: "1", AdditionalVersionWeights: weights("7", 1.5)}, "ValidationException",
			"1 validation error detected: Value '{7=1.5}' at 'routingConfig.additionalVersionWeights' failed to satisfy constraint: Map value"},
		{lambda.Alias{Function: "add", Name: "a", Version: "1", AdditionalVersionWeights: weights("7", 0.5)}, "ResourceNotFoundException", "Function not found: " + addARN + ":7"},
		{lambda.Alias{Function: "add", Name: "a", Version: "1", AdditionalVersionWeights: map[string]float64{"2": 0.1, "3": 0.1}}, "InvalidParameterValueException",
			"Number of items in AdditionalVersionWeights cannot be greater than 1"},
	} {
		_, err := s.CreateAlias(tc.alias)
		expectError(t, err, tc.code, tc.text)
	}
	_, err := s.UpdateAlias(lambda.Alias{Function: "add", Name: "old", Version: "1"})
	expectError(t, err, "ResourceNotFoundException", "Cannot find alias arn: "+addARN+":old")
}

// Versions that share an alias must have the same role and dead-letter target.
func TestAliasOfUnlikeVersions(t *testing.T) {
	k := newKit(t)
	s := k.open(t)
	create(t, s, "add")
	publish(t, s, "add")
	putAlias(t, s, lambda.Alias{Function: "add", Name: "live", Version: "1"})
	for _, tc := range []struct {
		change func(*lambda.Config)
		text   string
	}{
		{func(c *lambda.Config) { c.Role += "-2" }, "Specified versions must be associated with the same execution role"},
		{func(c *lambda.Config) {
			c.Role, c.DeadLetterTargetARN = strings.TrimSuffix(c.Role, "-2"), "arn:aws:sqs:us-east-1:000000000000:dead"
		}, "Specified versions must be associated with the same dead letter queue configuration"},
	} {
		update(t, s, "add", "", tc.change)
		version := publish(t, s, "add").Version
		for additional, main := range map[string]string{"1": version, version: "1"} {
			_, err := s.UpdateAlias(lambda.Alias{Function: "add", Name: "live", Version: main, AdditionalVersionWeights: weights(additional, 0.1)})
			expectError(t, err, "InvalidParameterValueException", tc.text)
		}
		if _, err := s.UpdateAlias(lambda.Alias{Function: "add", Name: "live", Version: version}); err != nil {
			t.Error(err)
		}
	}
}

// TestAliasPolicy checks that the function and each of its versions and aliases have
// policies of their own, which apply to invocations under that name.
func TestAliasPolicy(t *testing.T) {
	k := newKit(t)
	s := k.open(t)
	create(t, s, "add")
	publish(t, s, "add")
	putAlias(t, s, lambda.Alias{Function: "add", Name: "live", Version: "1"})
	p := permission
	p.Qualifier = "live"
	if err := s.AddPermission("add", p); err != nil {
		t.Fatal(err)
	}
	want := `{"Version":"2012-10-17","Id":"default","Statement":[` +
		`{"Sid":"sns","Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"lambda:InvokeFunction","Resource":"` + addARN + `:live"` +
		`,"Condition":{"ArnLike":{"AWS:SourceArn":"arn:aws:sns:us-east-1:000000000000:numbers"}}}]}`
	if got, err := s.Policy("add:live"); err != nil || got != want {
		t.Errorf("policy %s, %v", got, err)
	}
	if got, err := s.Permission("add:live", "sns"); err != nil || got != p {
		t.Errorf("%+v, %v", got, err)
	}
	policies := map[string]string{} // by the resource to authorize
	k.authorize = func(r cloud.Request) error { policies[r.Resource] = r.ResourcePolicy; return nil }
	for _, qualifier := range []string{"", "1", "live"} {
		invokeVersion(t, s, "add", qualifier)
	}
	if policies[addARN] != "" || policies[addARN+":1"] != "" || policies[addARN+":live"] != want {
		t.Errorf("authorized with the policies %v", policies)
	}

	if err := s.AddPermission("add", permission); err != nil {
		t.Errorf("the same statement for the function itself: %v", err)
	}
	for qualifier, text := range map[string]string{"$LATEST": "We currently do not support adding policies for $LATEST.", "old": "Function not found: " + addARN + ":old"} {
		p.Qualifier = qualifier
		code := "ResourceNotFoundException"
		if qualifier == "$LATEST" {
			code = "InvalidParameterValueException"
		}
		expectError(t, s.AddPermission("add", p), code, text)
	}
	if err := s.RemovePermission("add:live", "sns"); err != nil {
		t.Error(err)
	}
	if _, err := s.Permission("add", "sns"); err != nil {
		t.Errorf("the function's own statement: %v", err)
	}
}
