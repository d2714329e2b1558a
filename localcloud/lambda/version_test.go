package lambda_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/lambda"
	"tally/localcloud/lambda/runtimeapi"
)

func update(t *testing.T, s *lambda.Service, name, code string, change func(*lambda.Config)) {
	t.Helper()
	f, err := s.Function(name)
	if err != nil {
		t.Fatal(err)
	}
	change(&f.Config)
	var zip []byte
	if code != "" {
		zip = bundle(t, code)
	}
	if _, err := s.UpdateFunction(f.Config, zip); err != nil {
		t.Fatal(err)
	}
}

func publish(t *testing.T, s *lambda.Service, name string) lambda.Function {
	t.Helper()
	f, err := s.PublishVersion(name, "", "")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func putAlias(t *testing.T, s *lambda.Service, a lambda.Alias) {
	t.Helper()
	if _, err := s.CreateAlias(a); err != nil {
		t.Fatal(err)
	}
}

func invokeVersion(t *testing.T, s *lambda.Service, name, qualifier string) cloud.Outcome {
	t.Helper()
	out, err := s.Invoke(t.Context(), cloud.Invocation{Caller: developer, Function: name, Qualifier: qualifier})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestDeleteVersion(t *testing.T) {
	k := newKit(t)
	k.keepStore()
	s := k.open(t)
	create(t, s, "add")
	for _, code := range []string{"first", "second", "third", "fourth"} {
		update(t, s, "add", code, func(*lambda.Config) {})
		publish(t, s, "add")
	}
	putAlias(t, s, lambda.Alias{Function: "add", Name: "live", Version: "1", AdditionalVersionWeights: weights("2", 0)})
	putAlias(t, s, lambda.Alias{Function: "add", Name: "old", Version: "1"})
	p := permission
	p.Qualifier = "4"
	if err := s.AddPermission("add", p); err != nil {
		t.Fatal(err)
	}
	invokeVersion(t, s, "add", "4")
	invokeVersion(t, s, "add", "1")

	for version, want := range map[string][2]string{
		"$LATEST": {"InvalidParameterValueException", "$LATEST version cannot be deleted without deleting the function."},
		"live":    {"InvalidParameterValueException", "Deletion of aliases is not currently supported."},
		"1":       {"ResourceConflictException", "Unable to delete version because the following aliases reference it: [live, old]"},
		"2":       {"ResourceConflictException", "Unable to delete version because the following aliases reference it: [live]"},
	} {
		expectError(t, s.DeleteVersion("add", version), want[0], want[1])
	}
	expectError(t, s.DeleteVersion("sub", "1"), "ResourceNotFoundException", "Function not found: ")
	for _, version := range []string{"4", "4", "99"} { // nothing happens if it does not exist
		if err := s.DeleteVersion("add", version); err != nil {
			t.Errorf("delete version %s: %v", version, err)
		}
	}
	_, err := s.Invoke(t.Context(), cloud.Invocation{Caller: developer, Function: "add:4"})
	expectError(t, err, "ResourceNotFoundException", "Function not found: "+addARN+":4")
	_, err = s.Permission("add:4", p.StatementID)
	expectError(t, err, "ResourceNotFoundException", "")
	if alive := k.alive(); !slices.Equal(alive, []int{1}) {
		t.Errorf("the environments %v are alive, want only that of version 1", alive)
	}
	update(t, s, "add", "fifth", func(*lambda.Config) {})
	if next := publish(t, s, "add"); next.Version != "5" {
		t.Errorf("version %s was published after the deletion of version 4", next.Version)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = k.open(t)
	if err := s.DeleteVersion("add", "5"); err != nil {
		t.Error(err)
	}
	update(t, s, "add", "sixth", func(*lambda.Config) {})
	if next := publish(t, s, "add"); next.Version != "6" {
		t.Errorf("version %s was published after the deletion of version 5 and a restart", next.Version)
	}
}

func TestPublishVersion(t *testing.T) {
	s := newKit(t).open(t)
	f := create(t, s, "add")
	first := publish(t, s, "add")
	if first.Version != "1" || first.QualifiedARN() != addARN+":1" || first.CodeSHA256 != f.CodeSHA256 || first.RevisionID == f.RevisionID {
		t.Errorf("%+v", first)
	}
	update(t, s, "add", "", func(c *lambda.Config) { c.ReservedConcurrency, c.Tags = 5, map[string]string{"a": "b"} })
	if again := publish(t, s, "add"); again.RevisionID != first.RevisionID {
		t.Errorf("published version %s without a change of code or configuration", again.Version)
	}
	update(t, s, "add", "", func(c *lambda.Config) { c.Environment = map[string]string{"KEY": "2"} })
	if second := publish(t, s, "add"); second.Version != "2" || second.Environment["KEY"] != "2" {
		t.Errorf("%+v", second)
	}
	update(t, s, "add", "second", func(*lambda.Config) {})
	third, err := s.PublishVersion("add", "with other code", "")
	if err != nil || third.Version != "3" || third.Description != "with other code" || third.CodeSHA256 == f.CodeSHA256 {
		t.Errorf("%+v, %v", third, err)
	}
	_, err = s.PublishVersion("add", "", f.CodeSHA256)
	expectError(t, err, "InvalidParameterValueException", "CodeSHA256 ("+f.CodeSHA256+") is different from current CodeSHA256 in $LATEST (")
	_, err = s.PublishVersion("add", strings.Repeat("d", 257), "")
	expectError(t, err, "ValidationException", "1 validation error detected: Value 'ddd")
	_, err = s.PublishVersion("sub", "", "")
	expectError(t, err, "ResourceNotFoundException", "Function not found: ")

	versions, err := s.Versions("add")
	var numbers []string
	for _, v := range versions {
		numbers = append(numbers, v.Version)
	}
	if want := []string{"$LATEST", "1", "2", "3"}; err != nil || !slices.Equal(numbers, want) {
		t.Errorf("versions %v, %v, want %v", numbers, err, want)
	}
}

// TestVersionsRunSeparately checks that versions are immutable, that each version
// has environments of its own, and that those of a published version survive an
// update.
func TestVersionsRunSeparately(t *testing.T) {
	k := newKit(t)
	var event runtimeapi.Event
	k.handle = func(_ context.Context, ev runtimeapi.Event) (runtimeapi.Response, error) {
		event = ev
		return runtimeapi.Response{Payload: []byte("1")}, nil
	}
	s := k.open(t)
	create(t, s, "add", func(c *lambda.Config) { c.Environment = map[string]string{"KEY": "one"} })
	publish(t, s, "add")
	putAlias(t, s, lambda.Alias{Function: addARN, Name: "live", Version: "1"})
	invoke(t, s, "add")
	invokeVersion(t, s, "add", "1")
	update(t, s, "add", "second", func(c *lambda.Config) { c.Environment = map[string]string{"KEY": "two"} })
	if got := k.alive(); !slices.Equal(got, []int{1}) {
		t.Fatalf("alive after an update: %v, want only that of version 1", got)
	}
	for _, tc := range []struct{ qualifier, version, key string }{
		{"1", "1", "KEY=one"}, {"live", "1", "KEY=one"}, {"$LATEST", "$LATEST", "KEY=two"}, {"", "$LATEST", "KEY=two"},
	} {
		out := invokeVersion(t, s, "add", tc.qualifier)
		e := k.started[1]
		if tc.version == "$LATEST" {
			e = k.started[2]
		}
		if e.ran[len(e.ran)-1] != out.RequestID || out.ExecutedVersion != tc.version {
			t.Errorf("%s: ran version %s, or in another environment", tc.qualifier, out.ExecutedVersion)
		}
		if want := strings.TrimSuffix(addARN+":"+tc.qualifier, ":"); event.FunctionARN != want {
			t.Errorf("invoked as %s, want %s", event.FunctionARN, want)
		}
		for _, want := range []string{tc.key, "AWS_LAMBDA_FUNCTION_VERSION=" + tc.version} {
			if !slices.Contains(e.spec.Env, want) {
				t.Errorf("%s: environment %v lacks %s", tc.qualifier, e.spec.Env, want)
			}
		}
		if !strings.Contains(string(out.LogTail), "Version: "+tc.version+"\n") {
			t.Errorf("%s: log %s", tc.qualifier, out.LogTail)
		}
		namesVersion := func(v string) bool {
			return strings.HasPrefix(v, "AWS_LAMBDA_LOG_STREAM_NAME=") && strings.Contains(v, "["+tc.version+"]")
		}
		if !slices.ContainsFunc(e.spec.Env, namesVersion) {
			t.Errorf("%s: log stream in %v", tc.qualifier, e.spec.Env)
		}
		if _, err := os.Stat(filepath.Join(e.spec.Dir, "bootstrap")); err != nil {
			t.Errorf("%s: %v", tc.qualifier, err)
		}
	}
	if err := s.DeleteFunction("add"); err != nil {
		t.Fatal(err)
	}
	if got := k.alive(); len(got) > 0 {
		t.Errorf("alive after the function was deleted: %v", got)
	}
	if _, err := os.Stat(filepath.Join(k.options.Dir, "add")); !os.IsNotExist(err) {
		t.Errorf("code of a deleted function: %v", err)
	}
}

// TestVersionsSurvive checks that versions, their code and their aliases survive a
// restart.
func TestVersionsSurvive(t *testing.T) {
	k := newKit(t)
	k.keepStore()
	s := k.open(t)
	create(t, s, "add")
	publish(t, s, "add")
	putAlias(t, s, lambda.Alias{Function: "add", Name: "live", Version: "1"})
	update(t, s, "add", "second", func(*lambda.Config) {})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = k.open(t)
	if out := invokeVersion(t, s, "add", "live"); out.ExecutedVersion != "1" {
		t.Errorf("version %s", out.ExecutedVersion)
	}
	if _, err := os.Stat(filepath.Join(k.specs[0].Dir, "bootstrap")); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestVersionsShareConcurrency checks that all versions of a function share its
// reserved concurrency.
func TestVersionsShareConcurrency(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		k.options.Dir, k.handle = dir, sleep(time.Second)
		s := k.open(t)
		create(t, s, "add", func(c *lambda.Config) { c.ReservedConcurrency = 1 })
		publish(t, s, "add")
		update(t, s, "add", "", func(c *lambda.Config) { c.MemoryMB = 256 })
		invokeInBackground(t, s, "add:1")
		_, err := s.Invoke(t.Context(), cloud.Invocation{Caller: developer, Function: "add"})
		expectError(t, err, "TooManyRequestsException", "Rate Exceeded.")
		time.Sleep(time.Second)
		synctest.Wait()
		invoke(t, s, "add")
	})
}
