package lambda_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/lambda"
	"tally/localcloud/store"
)

// TestMissingCode checks that a function whose code somebody has removed fails with one
// clear error, and that the same code repairs it, with the versions that have it.
func TestMissingCode(t *testing.T) {
	k := newKit(t)
	k.keepStore()
	s := k.open(t)
	f := create(t, s, "add")
	if _, err := s.PublishVersion("add", "", ""); err != nil {
		t.Fatal(err)
	}
	if err := s.CheckCode(f); err != nil {
		t.Fatal(err)
	}
	for what, damage := range map[string]func() error{
		"no folder":       func() error { return os.RemoveAll(filepath.Join(k.options.Dir, "add")) },
		"an empty folder": func() error { return empty(filepath.Join(k.options.Dir, "add")) },
	} {
		if err := damage(); err != nil {
			t.Fatal(err)
		}
		s := k.open(t)
		const missing = "The code of function add is missing in "
		if got := k.warnings(); len(got) == 0 || !strings.HasPrefix(got[len(got)-1], "ServiceException: "+missing) {
			t.Errorf("%s: the start warns %q", what, got)
		}
		expectError(t, s.CheckCode(f), "ServiceException", missing)
		for _, qualifier := range []string{"", "1"} {
			_, err := s.Invoke(t.Context(), cloud.Invocation{Caller: developer, Function: "add", Qualifier: qualifier})
			expectError(t, err, "ServiceException", missing)
		}
		if _, err := s.UpdateFunction(config("add"), bundle(t, "first")); err != nil {
			t.Fatal(err)
		}
		for _, qualifier := range []string{"", "1"} {
			if _, err := s.Invoke(t.Context(), cloud.Invocation{Caller: developer, Function: "add", Qualifier: qualifier}); err != nil {
				t.Errorf("%s: after the repair: %v", what, err)
			}
		}
	}
}

// empty removes the files below dir, but leaves its folders.
func empty(dir string) error {
	return filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		return os.Remove(path)
	})
}

// TestSecretsAreErased checks that environment variables of a function are no longer on
// the disk soon after they were changed or the function was deleted.
func TestSecretsAreErased(t *testing.T) {
	dir := t.TempDir()
	st, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	k := newKit(t)
	k.options.Store = st
	s := k.open(t)
	with := func(secret string) func(*lambda.Config) {
		return func(c *lambda.Config) { c.Environment = map[string]string{"PASSWORD": secret} }
	}
	create(t, s, "changed", with("secret-1"))
	create(t, s, "deleted", with("secret-2"))
	create(t, s, "kept", with("secret-3"))
	for _, secret := range []string{"secret-1", "secret-2", "secret-3"} {
		if !onDisk(t, dir, secret) {
			t.Fatalf("%s is not on the disk", secret)
		}
	}
	if _, err := s.UpdateFunction(config("changed"), nil); err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteFunction("deleted"); err != nil {
		t.Fatal(err)
	}
	for began := time.Now(); onDisk(t, dir, "secret-1") || onDisk(t, dir, "secret-2"); time.Sleep(50 * time.Millisecond) {
		if time.Since(began) > 20*time.Second {
			t.Fatal("the secrets are still on the disk")
		}
	}
	if !onDisk(t, dir, "secret-3") {
		t.Error("the variables of another function are gone")
	}
}

// onDisk reports whether a file below dir holds the text.
func onDisk(t *testing.T, dir, text string) (found bool) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			var raw []byte
			raw, err = os.ReadFile(path)
			found = found || strings.Contains(string(raw), text)
		}
		if os.IsNotExist(err) { // the engine has deleted it meanwhile
			return nil
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
