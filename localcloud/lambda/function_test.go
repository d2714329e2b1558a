package lambda_test

import (
	"archive/zip"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"tally/localcloud/cloud"
	"tally/localcloud/lambda"
)

func TestValidate(t *testing.T) {
	const prefix = "Lambda was unable to configure your environment variables because the environment variables you have provided "
	for _, tc := range []struct {
		change     func(*lambda.Config)
		code, text string
	}{
		{func(c *lambda.Config) { c.Name = "a b" }, "ValidationException",
			"1 validation error detected: Value 'a b' at 'functionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9-_]{1,64}"},
		{func(c *lambda.Config) { c.Name = strings.Repeat("a", 65) }, "ValidationException", ""},
		{func(c *lambda.Config) { c.Role = "worker" }, "ValidationException",
			"1 validation error detected: Value 'worker' at 'role' failed to satisfy constraint: Member must satisfy regular expression pattern: " +
				`arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+`},
		{func(c *lambda.Config) { c.LogGroup = "a b" }, "ValidationException",
			"1 validation error detected: Value 'a b' at 'loggingConfig.logGroup' failed"},
		{func(c *lambda.Config) { c.Runtime = "python3.12" }, "InvalidParameterValueException",
			"Value python3.12 at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [provided.al2023, provided.al2]."},
		{func(c *lambda.Config) { c.Architectures = []string{"x86_64", "arm64"} }, "ValidationException", ""},
		{func(c *lambda.Config) { c.Architectures = []string{"riscv"} }, "ValidationException", ""},
		{func(c *lambda.Config) { c.MemoryMB = 127 }, "ValidationException",
			"1 validation error detected: Value '127' at 'memorySize' failed to satisfy constraint: Member must have value greater than or equal to 128"},
		{func(c *lambda.Config) { c.MemoryMB = 10241 }, "ValidationException",
			"1 validation error detected: Value '10241' at 'memorySize' failed to satisfy constraint: Member must have value less than or equal to 10240"},
		{func(c *lambda.Config) { c.TimeoutSeconds = 901 }, "ValidationException", ""},
		{func(c *lambda.Config) { c.EphemeralMB = 511 }, "ValidationException", ""},
		{func(c *lambda.Config) { c.ReservedConcurrency = 901 }, "InvalidParameterValueException",
			"Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [100]"},
		{func(c *lambda.Config) { c.ReservedConcurrency = -2 }, "ValidationException", ""},
		{func(c *lambda.Config) { c.ApplicationLogLevel = "WARN" }, "InvalidParameterValueException",
			"To use log-level filtering, the log format must be JSON, not Text."},
		{func(c *lambda.Config) { c.LogFormat, c.ApplicationLogLevel = "JSON", "LOUD" }, "ValidationException",
			"1 validation error detected: Value 'LOUD' at 'loggingConfig.applicationLogLevel' failed"},
		{func(c *lambda.Config) { c.LogFormat, c.SystemLogLevel = "JSON", "ERROR" }, "ValidationException",
			"1 validation error detected: Value 'ERROR' at 'loggingConfig.systemLogLevel' failed to satisfy constraint: Member must satisfy enum value set: [DEBUG, INFO, WARN]"},
		{func(c *lambda.Config) { c.DeadLetterTargetARN = addARN }, "ValidationException",
			"1 validation error detected: Value '" + addARN + "' at 'deadLetterConfig.targetArn' failed"},
		{func(c *lambda.Config) { c.LogFormat = "XML" }, "ValidationException", ""},
		{func(c *lambda.Config) { c.TracingMode = "Passive" }, "ValidationException", ""},
		{func(c *lambda.Config) { c.Environment = map[string]string{"A-B": ""} }, "ValidationException",
			"1 validation error detected: Value at 'environment.variables' failed"},
		{func(c *lambda.Config) { c.Environment = map[string]string{"AWS_REGION": "x", "_HANDLER": "y"} },
			"InvalidParameterValueException", prefix + "contains reserved keys that are currently not supported for modification. " +
				"Reserved keys used in this request: AWS_REGION, _HANDLER"},
		{func(c *lambda.Config) { c.Environment = map[string]string{"BIG": strings.Repeat("x", 4096)} },
			"InvalidParameterValueException", prefix + `exceeded the 4KB limit. String measured: {"BIG":"xxx`},
		{func(c *lambda.Config) { c.Environment = map[string]string{"NUL": "a\x00b"} }, "InvalidParameterValueException", prefix},
	} {
		c := config("add")
		tc.change(&c)
		expectError(t, lambda.Validate(c), tc.code, tc.text)
	}
	if err := lambda.Validate(config("add")); err != nil {
		t.Errorf("a valid configuration: %v", err)
	}
}

func TestCreateFunction(t *testing.T) {
	k := newKit(t)
	s := k.open(t)
	f := create(t, s, "add")
	want := lambda.Function{
		Config: lambda.Config{
			Name: "add", Role: roleARN, Handler: "bootstrap", Runtime: "provided.al2023", Architectures: []string{"x86_64"},
			MemoryMB: 128, TimeoutSeconds: 3, EphemeralMB: 512, LogGroup: "/aws/lambda/add", LogFormat: "Text",
			TracingMode: "PassThrough", ReservedConcurrency: -1,
		},
		ARN: addARN, Version: "$LATEST", CodeSize: int64(len(bundle(t, "first"))),
		CodeSHA256: f.CodeSHA256, LastModified: f.LastModified, RevisionID: f.RevisionID,
	}
	if diff := cmp.Diff(want, f); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if _, err := s.CreateFunction(config("add"), bundle(t, "other")); err == nil {
		t.Error("created twice")
	} else {
		expectError(t, err, "ResourceConflictException", "Function already exist: add")
	}
	if got := s.Functions(); len(got) != 1 || got[0].RevisionID != f.RevisionID {
		t.Errorf("Functions() = %v", got)
	}
	if k.sessions["ASIA0"] {
		t.Error("the session that checked the role is still open")
	}
	create(t, s, "most", func(c *lambda.Config) { c.ReservedConcurrency = 900 })
	c := config("sub")
	c.ReservedConcurrency = 1
	_, err := s.CreateFunction(c, bundle(t, "x"))
	expectError(t, err, "InvalidParameterValueException", "Specified ReservedConcurrentExecutions for function decreases account's")
	k.assume = func(cloud.ARN) error { return errors.New("no trust") }
	_, err = s.CreateFunction(config("sub"), bundle(t, "x"))
	expectError(t, err, "InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda.")
}

func TestBrokenBundle(t *testing.T) {
	const unzip = "Could not unzip uploaded file. Please check your file, then try to upload again."
	link := &zip.FileHeader{Name: "link"}
	link.SetMode(fs.ModeSymlink | 0o777)
	corrupt := bundle(t, "content that is stored")
	corrupt[40] ^= 0xff
	huge := zipped(t, &zip.FileHeader{Name: "bootstrap", Method: zip.Deflate}, "x")
	at := strings.LastIndex(string(huge), "PK\x01\x02")
	copy(huge[at+24:], "\xfe\xff\xff\xff") // the central directory states a size of 4 GB

	for name, tc := range map[string]struct {
		zip        []byte
		code, text string
	}{
		"nothing":      {nil, "InvalidParameterValueException", unzip},
		"not a zip":    {[]byte("hello"), "InvalidParameterValueException", unzip},
		"corrupt":      {corrupt, "InvalidParameterValueException", unzip},
		"relative":     {zipped(t, &zip.FileHeader{Name: "../bootstrap"}, "x"), "InvalidParameterValueException", unzip + ` The path "../bootstrap" leads out`},
		"absolute":     {zipped(t, &zip.FileHeader{Name: "/bootstrap"}, "x"), "InvalidParameterValueException", unzip + ` The path "/bootstrap" leads out`},
		"link":         {zipped(t, link, "/etc/passwd"), "InvalidParameterValueException", unzip + ` "link" is neither a file nor a folder`},
		"unzipped big": {huge, "InvalidParameterValueException", "Unzipped size must be smaller than 262144000 bytes"},
		"zipped big":   {make([]byte, 50<<20+1), "RequestEntityTooLargeException", "Request must be smaller than 52428800 bytes for the CreateFunction operation"},
	} {
		t.Run(name, func(t *testing.T) {
			k := newKit(t)
			s := k.open(t)
			_, err := s.CreateFunction(config("add"), tc.zip)
			expectError(t, err, tc.code, tc.text)
			_, err = s.Function("add")
			expectError(t, err, "ResourceNotFoundException", "Function not found: "+addARN)
			if left := files(t, k.options.Dir); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// TestWrongProcessor checks that a function for another processor is refused when it
// is created and when its code or its architecture changes.
func TestWrongProcessor(t *testing.T) {
	k := newKit(t)
	s := k.open(t)
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Skip("no program for this machine's processor is at hand")
	}
	own, other := "x86_64", "arm64"
	if runtime.GOARCH == "arm64" {
		own, other = other, own
	}
	code := bundle(t, string(self[:64]))
	c := config("add")
	const refused = "bootstrap is built for"
	c.Architectures = []string{other}
	_, err = s.CreateFunction(c, code)
	expectError(t, err, "InvalidParameterValueException", refused)
	if left := files(t, k.options.Dir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	c.Architectures = []string{own}
	if _, err := s.CreateFunction(c, code); err != nil {
		t.Fatal(err)
	}
	c.Architectures = []string{other}
	_, err = s.UpdateFunction(c, nil)
	expectError(t, err, "InvalidParameterValueException", refused)
	if f, err := s.Function("add"); err != nil || f.Architectures[0] != own {
		t.Errorf("architectures %v, %v", f.Architectures, err)
	}
	if _, err := s.UpdateFunction(c, bundle(t, "#!/bin/sh")); err != nil {
		t.Errorf("a script: %v", err)
	}
}

// TestPermissions checks the permissions of unpacked files: those that others have in
// the zip, because a function on AWS is not the owner of its code.
func TestPermissions(t *testing.T) {
	for mode, want := range map[fs.FileMode]fs.FileMode{0o755: 0o555, 0o777: 0o555, 0o700: 0, 0o644: 0o444, 0o640: 0, 0o711: 0o111} {
		k := newKit(t)
		s := k.open(t)
		header := &zip.FileHeader{Name: "folder/bootstrap"}
		header.SetMode(mode)
		if _, err := s.CreateFunction(config("add"), zipped(t, header, "x")); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(k.options.Dir, files(t, k.options.Dir)[0])
		file, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		folder, err := os.Stat(filepath.Dir(path))
		if err != nil {
			t.Fatal(err)
		}
		if file.Mode() != want || folder.Mode().Perm() != 0o755 {
			t.Errorf("%v became %v in %v, want %v", mode, file.Mode(), folder.Mode(), want)
		}
	}
}

// files returns the slash-separated paths of the files below dir.
func files(t *testing.T, dir string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		relative, err := filepath.Rel(dir, path)
		found = append(found, filepath.ToSlash(relative))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestUpdateFunction checks that a running invocation finishes with the old code,
// that later ones run the new code, and that the old code is deleted once no
// invocation runs it.
func TestUpdateFunction(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		k.options.Dir = dir
		k.handle = sleep(time.Second)
		s := k.open(t)
		create(t, s, "add")
		invoke(t, s, "add")
		invokeInBackground(t, s, "add")

		c := config("add")
		c.Description = "new"
		f, err := s.UpdateFunction(c, bundle(t, "second"))
		if err != nil {
			t.Fatal(err)
		}
		if got := len(files(t, dir)); got != 2 {
			t.Errorf("%d bundles while the first one is in use, want 2", got)
		}
		invoke(t, s, "add")
		synctest.Wait()
		if got := k.alive(); !slices.Equal(got, []int{1}) {
			t.Errorf("environments alive: %v, want only the second one", got)
		}
		raw, err := os.ReadFile(filepath.Join(k.specs[1].Dir, "bootstrap"))
		if err != nil || string(raw) != "second" {
			t.Errorf("the new environment's bootstrap: %q, %v", raw, err)
		}
		if got := files(t, dir); len(got) != 1 {
			t.Errorf("bundles left: %v", got)
		}
		updated, err := s.UpdateFunction(config("add"), nil)
		if err != nil || updated.CodeSHA256 != f.CodeSHA256 || updated.Description != "" {
			t.Errorf("update without code: %+v, %v", updated, err)
		}
		_, err = s.UpdateFunction(config("sub"), nil)
		expectError(t, err, "ResourceNotFoundException", "Function not found: ")
	})
}

func TestDeleteFunction(t *testing.T) {
	k := newKit(t)
	s := k.open(t)
	create(t, s, "add")
	invoke(t, s, "add")
	if err := s.DeleteFunction("add"); err != nil {
		t.Fatal(err)
	}
	if len(k.alive()) > 0 || len(files(t, k.options.Dir)) > 0 {
		t.Errorf("left: environments %v, files %v", k.alive(), files(t, k.options.Dir))
	}
	expectError(t, s.DeleteFunction("add"), "ResourceNotFoundException", "Function not found: "+addARN)
	for key, open := range k.sessions {
		if open {
			t.Errorf("session %s is still open", key)
		}
	}
}

// TestRestart checks that functions and their code survive a restart, which removes
// unfinished work of the old process.
func TestRestart(t *testing.T) {
	k := newKit(t)
	k.keepStore()
	s := k.open(t)
	f := create(t, s, "add")
	if err := s.AddPermission("add", permission); err != nil {
		t.Fatal(err)
	}
	policy, err := s.Policy("add")
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	for _, leftover := range []string{".staging/1/bootstrap", "gone/00/bootstrap", "add/00/bootstrap"} {
		path := filepath.Join(k.options.Dir, leftover)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, nil, 0o755)); err != nil {
			t.Fatal(err)
		}
	}
	s = k.open(t)
	defer s.Close()
	if got, err := s.Function("add"); err != nil || cmp.Diff(f, got) != "" {
		t.Errorf("Function = %+v, %v", got, err)
	}
	if got, err := s.Permission("add", permission.StatementID); err != nil || got != permission {
		t.Errorf("Permission = %+v, %v", got, err)
	}
	if got, err := s.Policy("add"); err != nil || got != policy {
		t.Errorf("Policy = %s, %v; it was %s", got, err, policy)
	}
	if got := files(t, k.options.Dir); len(got) != 1 || !strings.HasPrefix(got[0], "add/") || strings.HasPrefix(got[0], "add/00") {
		t.Errorf("files = %v", got)
	}
	invoke(t, s, "add")
}

func FuzzBundle(f *testing.F) {
	f.Add(bundle(f, "content"))
	f.Add(zipped(f, &zip.FileHeader{Name: "../x"}, "content"))
	f.Add(zipped(f, &zip.FileHeader{Name: "a/b/"}, ""))
	f.Add([]byte("PK"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		k := newKit(t)
		k.options.Dir = filepath.Join(k.options.Dir, "code")
		s := k.open(t)
		_, err := s.CreateFunction(config("add"), raw)
		if _, ok := errors.AsType[*cloud.Error](err); err != nil && !ok {
			t.Errorf("error %v, want one with a code of AWS", err)
		}
		for _, name := range files(t, filepath.Dir(k.options.Dir)) {
			if !strings.HasPrefix(name, "code/add/") {
				t.Errorf("%s is outside the folder of the function's code", name)
			}
		}
	})
}
