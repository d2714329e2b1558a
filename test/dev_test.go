package test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestDev does what a developer does with make dev: deploys, edits functions and the stack,
// makes mistakes, and quits.
func TestDev(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
	defer cancel()
	d := startDev(ctx, t, "")
	d.expect("watching functions/")
	d.api = d.outputs()["apiUrl"]

	d.step("a request", func(d *devSession) {
		if status, edit := d.add("3"); status != 200 || edit != "" {
			d.t.Errorf("%d, edit %q", status, edit)
		}
		d.expect("api +GET /add 200 in", "add-numbers +INFO +sum num1=3 num2=4 sum=7")
	})
	d.step("a function is saved", func(d *devSession) {
		d.edit("httpapi.JSON(http.StatusOK, nil,", `httpapi.JSON(http.StatusOK, map[string]string{"x-edit": "1"},`)
		d.expect(`add-numbers +version \d+ is live after`)
		if status, edit := d.add("3"); status != 200 || edit != "1" {
			d.t.Errorf("%d, edit %q, want 1", status, edit)
		}
	})
	d.step("a running invocation ends with the old code", func(d *devSession) {
		d.edit("s := n.Sum()", "if n.Num1.Int64() == 99 {\nh.log.Info(\"waiting\")\ntime.Sleep(8 * time.Second)\n}\ns := n.Sum()", `"net/url"`, "\"net/url\"\n\t\"time\"")
		d.expect("is live after")
		slow := make(chan string)
		go func() {
			_, edit := d.add("99")
			slow <- edit
		}()
		d.expect("INFO +waiting")
		d.edit(`"x-edit": "1"`, `"x-edit": "2"`)
		d.expect("is live after")
		if _, edit := d.add("3"); edit != "2" {
			d.t.Errorf("edit %q, want 2", edit)
		}
		if edit := <-slow; edit != "1" {
			d.t.Errorf("the invocation that ran before has the edit %q, want 1", edit)
		}
	})
	d.step("a mistake", func(d *devSession) {
		line := d.edit("s := n.Sum()", "s := n.Summ()")
		d.expect("the earlier code keeps serving")
		d.expect(fmt.Sprintf(`^functions/add-numbers/handler.go:%d:8: n.Summ undefined`, line))
		if status, edit := d.add("3"); status != 200 || edit != "2" {
			d.t.Errorf("%d, edit %q, want 2", status, edit)
		}
		line = d.edit("s := n.Summ()", "if n.Num1.Sign() < 0 {\npanic(\"boom\")\n}\ns := n.Sum()")
		d.expect("is live after")
		if status, _ := d.add("-3"); status != 500 {
			d.t.Errorf("%d, want 500", status)
		}
		d.expect(`panic: boom`)
		d.expect(fmt.Sprintf(`functions/add-numbers/handler.go:%d `, line+1))
	})
	d.step("the stack is saved", func(d *devSession) {
		replace(d.t, d.dir, "infra/main.go", "table, err := serverless.NewTable(",
			"if _, err := serverless.NewTopic(env, \"extra\", nil); err != nil {\nreturn nil, err\n}\ntable, err := serverless.NewTable(")
		d.expect(`\+ sns/topic main-extra`)
		d.expect("deployed after")
		if _, edit := d.add("3"); edit != "2" {
			d.t.Errorf("edit %q, want 2", edit)
		}
		replace(d.t, d.dir, "infra/main.go", "table, err := serverless.NewTable(", "table, err = serverless.NewTable(")
		d.expect(`^infra/main.go:\d+:\d+: undefined: table`)
		replace(d.t, d.dir, "infra/main.go", "table, err = serverless.NewTable(", "table, err := serverless.NewTable(")
		d.expect("deployed after")
	})
	d.step("q", func(d *devSession) {
		d.edit(`"x-edit": "2"`, `"x-edit": "3"`)
		d.expect("is live after")
		d.press("q")
		if err := d.wait(); err != nil {
			d.t.Errorf("dev: %v", err)
		}
		d.expect("ended; make down")
		if _, edit := d.add("3"); edit != "3" {
			d.t.Errorf("edit %q, want 3", edit)
		}
		d.unchanged("after q")
		if out, err := d.pulumi("preview --stack local --refresh --diff --expect-no-changes"); err != nil {
			d.t.Errorf("preview --refresh after q: %v\n%s", err, out)
		}
	})
}

// devSession is a running cmd/dev.
type devSession struct {
	*workspace
	api   string
	input io.Writer
	wait  func() error
	*transcript
}

// transcript holds the lines that a process has printed, and how many were expected.
type transcript struct {
	mu      sync.Mutex
	lines   []string
	next    int // the first line that expect looks at
	changed chan struct{}
}

// startDev starts dev with arguments, for a copy of the project in a local cloud of its own.
// settings are arguments of pulumi config set.
func startDev(ctx context.Context, t *testing.T, args string, settings ...string) *devSession {
	t.Helper()
	w := newWorkspace(t, copyProject(t))
	w.start()
	if settings != nil {
		w.mustPulumi("stack select --create --stack local")
	}
	for _, s := range settings {
		w.mustPulumi("config set --stack local " + s)
	}
	build := exec.CommandContext(ctx, "go", "build", "-o", w.bin, "./cmd/dev")
	build.Dir = ".."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build dev: %v\n%s", err, out)
	}
	cmd := exec.CommandContext(ctx, "sh", "-ec", `eval "$(localcloud env)"; exec dev `+args)
	cmd.Dir, cmd.Env = w.dir, w.environment()
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	input, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, writer := io.Pipe()
	cmd.Stdout, cmd.Stderr = writer, writer
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	d := &devSession{workspace: w, input: input, transcript: &transcript{changed: make(chan struct{})}}
	go d.read(output)
	d.wait = sync.OnceValue(func() error {
		defer writer.Close()
		return cmd.Wait()
	})
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt) // it has ended, unless the test failed
		_ = d.wait()
		if t.Failed() {
			t.Logf("dev printed:\n%s", strings.Join(d.lines, "\n"))
		}
	})
	return d
}

func (tr *transcript) read(r io.Reader) {
	for lines := bufio.NewScanner(r); lines.Scan(); {
		tr.mu.Lock()
		tr.lines = append(tr.lines, lines.Text())
		close(tr.changed)
		tr.changed = make(chan struct{})
		tr.mu.Unlock()
	}
}

// expect waits for lines that match the patterns, in any order, after those that were expected
// before.
func (d *devSession) expect(patterns ...string) {
	d.t.Helper()
	timeout := time.After(10 * time.Minute)
	for {
		missing, changed := d.look(patterns)
		if missing == "" {
			return
		}
		select {
		case <-changed:
		case <-timeout:
			d.t.Fatalf("no line matches %q", missing)
		}
	}
}

// look returns a pattern that no line matches yet, and a channel that is closed when there is
// another line.
func (tr *transcript) look(patterns []string) (missing string, changed <-chan struct{}) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	next := tr.next
	for _, pattern := range patterns {
		i := slices.IndexFunc(tr.lines[tr.next:], regexp.MustCompile(pattern).MatchString)
		if i < 0 {
			return pattern, tr.changed
		}
		next = max(next, tr.next+i+1)
	}
	tr.next = next
	return "", nil
}

func (d *devSession) step(name string, run func(d *devSession)) {
	if d.t.Failed() {
		return // the steps build on each other
	}
	d.t.Run(name, func(t *testing.T) {
		w := *d.workspace
		w.t = t
		inner := *d
		inner.workspace = &w
		run(&inner)
	})
}

// edit saves the handler of add-numbers with replacements, pairs of old and new text, and
// returns the number of the first line that changes.
func (d *devSession) edit(replacements ...string) (line int) {
	d.t.Helper()
	name := filepath.Join(d.dir, "functions/add-numbers/handler.go")
	text := string(readFile(d.t, name))
	before, _, found := strings.Cut(text, replacements[0])
	if !found {
		d.t.Fatalf("the handler does not contain %s", replacements[0])
	}
	if err := os.WriteFile(name, []byte(strings.NewReplacer(replacements...).Replace(text)), 0o644); err != nil {
		d.t.Fatal(err)
	}
	return strings.Count(before, "\n") + 1
}

// add sends a number to add to 4, and returns the status and the header that edits add.
func (d *devSession) add(number string) (status int, edit string) {
	resp, err := http.Get(d.api + "add?num2=4&num1=" + number)
	if err != nil {
		d.t.Error(err)
		return 0, ""
	}
	resp.Body.Close()
	return resp.StatusCode, resp.Header.Get("x-edit")
}

func (d *devSession) press(key string) {
	d.t.Helper()
	if _, err := io.WriteString(d.input, key); err != nil {
		d.t.Fatal(err)
	}
}
