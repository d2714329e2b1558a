package main

import (
	"bytes"
	"flag"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tally/internal/project"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing them")

// newProject returns the folder of a project with the files in testdata.
func newProject(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for to, from := range map[string]string{
		mainFile: "testdata/main.go", "infra/consumers.go": "testdata/consumers.go", openAPIFile: "testdata/openapi.yaml",
	} {
		if err := project.CopyFile(from, filepath.Join(dir, to)); err != nil {
			t.Fatal(err)
		}
	}
	write(t, dir, "go.mod", "module example\n")
	write(t, dir, "Pulumi.yaml", "name: example\nruntime: go\n")
	write(t, dir, "Pulumi.staging.yaml", "")
	write(t, dir, "functions/get-sum/main.go", "package main\n")
	return dir
}

func write(t *testing.T, dir, name, content string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// files returns the contents of all files in a folder.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		raw, err := os.ReadFile(filepath.Join(dir, path))
		all[path] = string(raw)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestGolden compares what the command does to infra/main.go and docs/openapi.yaml with
// the golden files, as differences, and the names of the files that it writes.
func TestGolden(t *testing.T) {
	for _, test := range []struct{ golden, name, trigger string }{
		{"http", "greet", "POST /greet"},
		{"http-parameters", "get-greeting-url", "GET /greetings/{id}/url"},
		{"http-more-methods", "delete-sum", "DELETE /sums/{id}"},
		{"topic", "audit", "topic:numbers"},
		{"queue", "pack", "queue:orders"},
		{"queue-known", "pack", "queue:jobs"},
		{"schedule", "report", "schedule:rate(1 hour)"},
		{"used-variables", "config", "queue:type"},
	} {
		t.Run(test.golden, func(t *testing.T) {
			dir := newProject(t)
			before := files(t, dir)
			if err := run(dir, test.name, test.trigger, io.Discard); err != nil {
				t.Fatal(err)
			}
			after := files(t, dir)
			var got strings.Builder
			for _, path := range slices.Sorted(maps.Keys(after)) {
				switch old, existed := before[path]; {
				case !existed:
					got.WriteString("wrote " + path + "\n")
				case old != after[path]:
					got.WriteString("changed " + path + "\n" + difference(t, old, after[path]))
				}
			}
			compareGolden(t, filepath.Join("testdata", test.golden+".golden"), got.String())
		})
	}
}

// difference returns the lines that git shows as added or removed, with those around them.
func difference(t *testing.T, from, to string) string {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, "a", from)
	write(t, dir, "b", to)
	cmd := exec.Command("git", "diff", "--no-index", "--no-color", "a", "b")
	cmd.Dir = dir
	out, _ := cmd.Output() // it fails because the files differ
	_, hunks, ok := bytes.Cut(out, []byte("+++ b/b\n"))
	if !ok {
		t.Fatalf("git diff printed %s", out)
	}
	return string(hunks)
}

func compareGolden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s: %s", path, diff)
	}
}

// TestRefuses proves that nothing is written if anything is refused, and that the error says
// what.
func TestRefuses(t *testing.T) {
	for _, test := range []struct{ title, name, trigger, want string }{
		{"a name in capitals", "Greet", "GET /greet", `the function "Greet": its name must be lowercase letters, digits and single dashes`},
		{"a path", "../greet", "GET /greet", `the function "../greet": its name must be`},
		{"a name that Go ignores", "testdata", "GET /greet", `the function "testdata": Go ignores folders of this name`},
		{"a name that is taken", "get-sum", "GET /greet", `the function "get-sum": there is a folder functions/get-sum already`},
		{"a reserved path", "ping", "GET /ping", `the route "GET /ping": API Gateway reserves its path for health checks`},
		{"the name of a topic", "numbers", "GET /greet", `the function "numbers": infra/main.go:21 declares the Topic of this name`},
		{"the name of its queue", "orders", "queue:orders", `the queue "orders": a function has this name`},
		{"a long name", strings.Repeat("n", 36), "GET /greet", "of 65 characters, but AWS allows at most 64: shorten the name by 1"},
		{"a long name for a schedule", strings.Repeat("n", 27), "schedule:rate(1 day)", "-schedule-1a2b3c4 of 65 characters, but AWS allows at most 64: shorten the name by 1"},

		{"an unknown trigger", "greet", "table:sums", `the trigger "table:sums": it must be a request such as "POST /greet"`},
		{"no method", "greet", "/greet", `the trigger "/greet": its method is missing: put one of GET, POST, PUT, PATCH, DELETE before the path`},
		{"a misspelled method", "greet", "GTE /greet", `the route "GTE /greet": its method must be one of GET, POST, PUT, PATCH, DELETE`},
		{"any method", "greet", "ANY /greet", `the route "ANY /greet": its method must be one of GET, POST, PUT, PATCH, DELETE`},
		{"no word", "greet", "GET /greet/", `the route "GET /greet/": its path must be words and parameters`},
		{"the rest of a path", "greet", "GET /{rest+}", `the route "GET /{rest+}": its path must be`},
		{"a query", "greet", "GET /greet?name=x", `the route "GET /greet?name=x": its path must be`},
		{"a parameter twice", "greet", "GET /{id}/{id}", "a parameter is in its path twice"},
		{"a route that is taken", "greet", "GET /sums/{id}", `the route "GET /sums/{id}": the API has the route "GET /sums/{id}" already`},
		{"a route that matches the same", "greet", "GET /sums/{number}", `the route "GET /sums/{number}": the API has the route "GET /sums/{id}" already`},
		{"another name for a parameter", "greet", "DELETE /sums/{number}", `docs/openapi.yaml has the path /sums/{id}; use its names for the parameters`},

		{"an unknown topic", "audit", "topic:number", "the topic \"number\": infra declares no topic of this name, only hidden-topic, numbers. To declare one, add to infra/main.go:\n\n  number, err := serverless.NewTopic(env, \"number\", nil)\n"},
		{"a topic elsewhere", "audit", "topic:hidden-topic", `the topic "hidden-topic": infra/consumers.go:7 does not declare it at the top level`},
		{"an invalid topic", "audit", "topic:Numbers", `the topic "Numbers": its name must be`},
		{"a queue elsewhere", "pack", "queue:hidden-queue", `the queue "hidden-queue": infra/consumers.go:10 does not declare it`},
		{"a queue in use", "pack", "queue:work", `the queue "work": it already invokes a function in line 41 of infra/main.go`},
		{"an invalid queue", "pack", "queue:", `the queue "": its name must be`},

		{"no schedule", "report", "schedule:", `the schedule "": it must be a rate such as`},
		{"a singular of two", "report", "schedule:rate(2 hour)", `the schedule "rate(2 hour)": it must be`},
		{"seconds", "report", "schedule:rate(30 seconds)", `the schedule "rate(30 seconds)": it must be`},
		{"a cron expression of Unix", "report", "schedule:cron(0 9 * * *)", `the schedule "cron(0 9 * * *)": it must be`},
		{"a date", "report", "schedule:at(2027-02-30T09:30:00)", `the schedule "at(2027-02-30T09:30:00)": it must be`},
	} {
		t.Run(test.title, func(t *testing.T) { refuses(t, newProject(t), test.name, test.trigger, test.want) })
	}
}

// refuses fails the test unless the command refuses with an error that contains want, and
// changes nothing.
func refuses(t *testing.T, dir, name, trigger, want string) {
	t.Helper()
	before := files(t, dir)
	if err := run(dir, name, trigger, io.Discard); err == nil || !strings.HasPrefix(err.Error(), "nothing was written: ") || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q in it", err, want)
	}
	if diff := cmp.Diff(before, files(t, dir)); diff != "" {
		t.Error(diff)
	}
}

// TestAccepts proves that valid triggers of unusual forms are not refused.
func TestAccepts(t *testing.T) {
	for _, trigger := range []string{
		"GET /", "PATCH /v1.0/a_b/~c/{id}", "topic:a-1", "schedule:rate(1 minute)", "schedule:rate(1 days)", "schedule:rate(10 days)", "schedule:cron(0 9 ? * MON)", "schedule:cron(0 9 1 * ?)", "schedule:cron(0/15 9-17 ? * MON-FRI *)",
		"schedule:cron(0 9 L * ? 2027,2028)", "schedule:at(2027-01-31T09:30:00)",
	} {
		if _, err := parseTrigger(trigger); err != nil {
			t.Error(err)
		}
	}
}

// TestByHand proves that the command says which lines to add if it does not understand
// infra/main.go, and that it writes the rest once they are there.
func TestByHand(t *testing.T) {
	for _, test := range []struct{ remove, with, name, trigger, missing, add string }{
		{"env, err := serverless.NewEnvironment", "var env, err = serverless.NewEnvironment", "audit", "topic:numbers", "no env, err := serverless.NewEnvironment(…)",
			"  audit, err := function(\"audit\", nil)\n  if err != nil {\n  \treturn nil, err\n  }\n  if _, err := numbers.Subscribe(audit, nil); err != nil {\n"},
		{"function := func", "create := func", "report", "schedule:rate(1 hour)", "no function := func(…)",
			`if _, err := serverless.NewSchedule(env, "report", &serverless.ScheduleArgs{Expression: "rate(1 hour)", Function: report}); err != nil {`},
		{"serverless.Route{", "routeOf{", "greet", "POST /greet", "no api, err := serverless.NewAPI(…), with a serverless.Route",
			"  // in the API's routes:\n  serverless.Route{Key: \"POST /greet\", Function: greet},\n"},
		{"outputs := pulumi.Map{", "outputs := Outputs{", "pack", "queue:orders", "no outputs := pulumi.Map{…}",
			`if err := orders.Invoke(pack, &serverless.InvokeArgs{MaxConcurrency: pollConcurrency(config)}); err != nil {`},
	} {
		t.Run(test.trigger, func(t *testing.T) {
			dir := newProject(t)
			raw, err := os.ReadFile(filepath.Join(dir, mainFile))
			if err != nil {
				t.Fatal(err)
			}
			source := strings.Replace(string(raw), test.remove, test.with, 1)
			write(t, dir, mainFile, source)
			refuses(t, dir, test.name, test.trigger, test.missing)
			refuses(t, dir, test.name, test.trigger, test.add)

			source = strings.Replace(source, "\toutputs := ", "\t_, _ = function(\""+test.name+"\", nil)\n\toutputs := ", 1)
			write(t, dir, mainFile, source)
			var out strings.Builder
			if err := run(dir, test.name, test.trigger, &out); err != nil {
				t.Fatal(err)
			}
			if want := "infra/main.go already declares " + test.name; !strings.Contains(out.String(), want) {
				t.Errorf("printed %s, want %s in it", out.String(), want)
			}
			after := files(t, dir)
			if after[mainFile] != source || after["functions/"+test.name+"/handler.go"] == "" {
				t.Error("infra/main.go has changed, or there is no function")
			}
		})
	}
}

// TestComments proves that a comment stays with its statement.
func TestComments(t *testing.T) {
	dir := newProject(t)
	raw, err := os.ReadFile(filepath.Join(dir, mainFile))
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, mainFile, strings.Replace(string(raw), "}\n\t// The API is last, after its functions.\n", "} // checked\n", 1))
	if err := run(dir, "greet", "POST /greet", io.Discard); err != nil {
		t.Fatal(err)
	}
	if got, want := files(t, dir)[mainFile], "\t} // checked\n\tgreet, err := function(\"greet\", nil)\n"; !strings.Contains(got, want) {
		t.Errorf("got\n%swant %s in it", got, want)
	}
}

// TestOutput proves that the command says what it has added, what to do next and how to undo
// it.
func TestOutput(t *testing.T) {
	var out strings.Builder
	if err := run(newProject(t), "greet", "PUT /greet/{id}", &out); err != nil {
		t.Fatal(err)
	}
	compareGolden(t, "testdata/output.golden", out.String())
}

// TestFunctions writes a function of each kind into a copy of this project. It proves that
// their tests pass, that the files have Go's format and no fault that vet finds, and that
// the program's own infra/main.go has what the command needs.
func TestFunctions(t *testing.T) {
	dir := t.TempDir()
	if err := project.Copy(t.Context(), filepath.Join("..", ".."), dir); err != nil {
		t.Fatal(err)
	}
	var packages []string
	for name, trigger := range map[string]string{
		"greet": "GET /greetings/{id}/{part}", "audit": "topic:numbers", "pack": "queue:orders", "report": "schedule:cron(30 9 ? * MON-FRI *)",
	} {
		if err := run(dir, name, trigger, io.Discard); err != nil {
			t.Fatal(err)
		}
		packages = append(packages, "./functions/"+name)
	}
	for _, command := range [][]string{
		append([]string{"go", "test"}, packages...),
		append([]string{"go", "vet"}, packages...),
		{"gofmt", "-l", "functions", mainFile},
	} {
		cmd := exec.Command(command[0], command[1:]...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if err != nil || command[0] == "gofmt" && len(out) > 0 {
			t.Errorf("%s: %v\n%s", command, err, out)
		}
	}
}
