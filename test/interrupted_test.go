package test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"

	"tally/localcloud/localcloudtest"
)

// TestInterrupted kills deployments with SIGKILL: pulumi, the local cloud, or both, before
// the first resource, in the middle and near the end. The next deployment succeeds without
// a hint, and afterwards each resource exists once: nothing remains when the stack is
// destroyed. All names in the stack are fixed, so whatever is left of a killed deployment
// is in the way of the next one.
//
// Environment variables change it:
//
//	TALLY_KILL_RUNS=50 the number of deployments that are killed, 3 by default
//	TALLY_KILL_SEED=7  the seed, as a failure prints it
func TestInterrupted(t *testing.T) {
	runs, seed := max(fromEnv(t, "TALLY_KILL_RUNS", 3), 1), fromEnv(t, "TALLY_KILL_SEED", int(time.Now().UnixNano()%1e6))
	t.Logf("to repeat it: TALLY_KILL_RUNS=%d TALLY_KILL_SEED=%d", runs, seed)
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(runs+1)*time.Minute)
	defer cancel()
	code := t.TempDir()
	if err := os.WriteFile(filepath.Join(code, "bootstrap"), []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	i := &interruption{t: t, mortal: newMortal(t), pid: recordPID(t), random: rand.New(rand.NewPCG(uint64(seed), 0))}
	i.program = localcloudtest.Program{Run: unrepeatable(code, &i.parts), Project: "interrupted", Config: map[string]string{"aws:region": "us-east-1"}}
	i.mortal.start(t)
	i.cloud = localcloudtest.Connect(t, i.port)
	i.stack = i.cloud.NewStack(ctx, i.program)
	for run := range runs {
		i.run(ctx, run)
	}
	i.destroy(ctx)
}

// recordPID puts a pulumi first on PATH that writes its process ID into a file, and
// returns the file's path.
func recordPID(t *testing.T) string {
	t.Helper()
	pulumi, err := exec.LookPath("pulumi")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "pid")
	script := fmt.Sprintf("#!/bin/sh\necho $$ >'%[1]s.new'\nmv '%[1]s.new' '%[1]s'\nexec '%[2]s' \"$@\"\n", file, pulumi)
	if err := os.WriteFile(filepath.Join(dir, "pulumi"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	return file
}

// interruption kills deployments at moments that depend on a seed.
type interruption struct {
	*mortal
	t       *testing.T
	cloud   *localcloudtest.Cloud
	program localcloudtest.Program
	parts   int // of the program; each deployment adds one
	stack   *localcloudtest.Stack
	pid     string // the file with the process ID of pulumi
	random  *rand.Rand
}

// maxParts is the number of parts after which the stack is destroyed.
const maxParts = 4

func (i *interruption) run(ctx context.Context, run int) {
	t := i.t
	t.Helper()
	if i.parts == maxParts {
		i.destroy(ctx)
	}
	i.parts++
	_ = os.Remove(i.pid) // which has the ID of a command that has ended
	victims := []string{"the local cloud", "pulumi", "both"}[run%3]
	ended := make(chan error, 1)
	over, end := context.WithCancel(ctx)
	go func() {
		defer end()
		_, err := i.stack.Up(ctx)
		ended <- err
	}()
	i.wait(over)
	if victims != "the local cloud" {
		i.killPulumi(over)
	}
	if victims != "pulumi" {
		i.kill(t)
	}
	interrupted := <-ended
	has, pending := i.checkpoint()
	t.Logf("killed %s with %d resources in Pulumi's state and %d pending operations: %t", victims, has, pending, interrupted != nil)

	i.stack = i.cloud.NewStack(ctx, i.program)
	again, err := i.stack.Up(ctx, optup.Refresh())
	if err != nil || strings.Contains(again.StdOut+again.StdErr, "pending operation") {
		t.Fatalf("the deployment after killing %s: %v\n%s\nthe killed one: %v", victims, err, again.StdOut, interrupted)
	}
	if _, pending := i.checkpoint(); pending > 0 {
		t.Errorf("%d pending operations remain", pending)
	}
}

// wait waits for a random moment of a deployment: before its first resource, or when some of
// those of the new part are in Pulumi's state.
func (i *interruption) wait(over context.Context) {
	before, _ := i.checkpoint()
	resources := i.random.IntN(partResources)
	delay := time.Duration(i.random.IntN(5000)) * time.Microsecond
	if resources == 0 {
		delay *= 200 // up to a second
	}
	for over.Err() == nil {
		if has, pending := i.checkpoint(); resources == 0 || has-before >= resources && pending > 0 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	time.Sleep(delay)
}

// killPulumi kills the deployment, unless it is over.
func (i *interruption) killPulumi(over context.Context) {
	i.t.Helper()
	raw, err := os.ReadFile(i.pid)
	for ; errors.Is(err, fs.ErrNotExist) && over.Err() == nil; raw, err = os.ReadFile(i.pid) {
		time.Sleep(time.Millisecond) // it is starting
	}
	if over.Err() != nil {
		return
	}
	if err != nil {
		i.t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(raw)))
	if err != nil || pid <= 1 {
		i.t.Fatalf("the process ID %q: %v", raw, err)
	}
	_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended
}

// checkpoint returns the numbers of resources and of pending operations in Pulumi's state.
func (i *interruption) checkpoint() (resources, pending int) {
	raw, err := os.ReadFile(filepath.Join(i.dir, ".localcloud/pulumi/.pulumi/stacks/interrupted/local.json"))
	var file struct {
		Checkpoint struct {
			Latest struct {
				Resources  []struct{}
				Operations []struct{} `json:"pending_operations"`
			}
		}
	}
	if err == nil {
		err = json.Unmarshal(raw, &file)
	}
	if err != nil {
		i.t.Fatal(err)
	}
	return len(file.Checkpoint.Latest.Resources), len(file.Checkpoint.Latest.Operations)
}

// destroy destroys the stack, and fails the test unless nothing remains.
func (i *interruption) destroy(ctx context.Context) {
	i.t.Helper()
	i.parts = 0
	if _, err := i.stack.Destroy(ctx); err != nil {
		i.t.Fatal(err)
	}
	if status := i.cloud.Status(ctx); len(status.Resources) > 0 || len(status.Stacks) > 0 {
		i.t.Errorf("after the stack is destroyed, there are %v and other resources of %v", status.Resources, status.Stacks)
	}
}
