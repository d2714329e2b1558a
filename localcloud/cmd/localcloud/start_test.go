package main

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"testing"

	"tally/localcloud/cloud"
	"tally/localcloud/iam"
	"tally/localcloud/journal"
	"tally/localcloud/lambda"
	"tally/localcloud/logs"
	"tally/localcloud/store"
)

// TestStartWithQueuedEvents starts a local cloud in which a function has a queued
// event. If the function inherited the descriptor for the ready message, it could
// write to it, and would block the command as long as it runs.
func TestStartWithQueuedEvents(t *testing.T) {
	project := t.TempDir()
	state := filepath.Join(project, ".localcloud")
	queueEvent(t, state, "#!/bin/sh\necho intruder >&3\nexec sleep 60\n")

	localcloud := func(args ...string) {
		t.Helper()
		if out, err := exec.Command("localcloud", append(args, "--project", project)...).CombinedOutput(); err != nil {
			t.Fatalf("localcloud %v: %v\n%s", args, err, out)
		}
	}
	t.Cleanup(func() { localcloud("stop") })
	localcloud("start", "--detach", "--port=0", "--provider-port=0", "--api-port=0")
}

// queueEvent adds to the state an event for a function with that bootstrap.
func queueEvent(t *testing.T, state, bootstrap string) {
	t.Helper()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	place := cloud.Place{Region: "us-east-1", Account: "000000000000"}
	st, err := store.Open(state)
	check(err)
	defer st.Close()
	roles, err := iam.New(place, st)
	check(err)
	role, err := roles.CreateRole(iam.Role{Name: "f", AssumeRolePolicy: `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`})
	check(err)
	lines, err := logs.New(place, st, roles)
	check(err)
	defer lines.Close()
	functions, err := lambda.New(lambda.Options{
		Place: place, Store: st, Dir: filepath.Join(state, "functions"),
		Roles: roles, Authorizer: roles, Logs: lines, Journal: journal.New(1), Runner: never{},
		Endpoint: func() string { return "" },
	})
	check(err)
	defer functions.Close()
	_, err = functions.CreateFunction(lambda.Config{
		Name: "f", Role: roles.RoleARN(role).String(), Handler: "bootstrap", Runtime: "provided.al2023",
		MemoryMB: 128, TimeoutSeconds: 60, ReservedConcurrency: -1,
	}, bundle(t, bootstrap))
	check(err)
	developer := cloud.Caller{ARN: cloud.ARN{Partition: "aws", Service: "iam", Account: place.Account, Resource: "user/developer"}, Administrator: true}
	_, err = functions.InvokeAsync(t.Context(), cloud.Invocation{Caller: developer, Function: "f", Payload: []byte("{}")})
	check(err)
}

// never is a Runner whose environments never start, so that events stay queued.
type never struct{}

func (never) TaskRoot(dir string) string { return dir }

func (never) Start(ctx context.Context, _ lambda.Spec) (lambda.Environment, error) {
	<-ctx.Done()
	return nil, context.Cause(ctx)
}

// bundle returns a zip with that bootstrap.
func bundle(t *testing.T, bootstrap string) []byte {
	t.Helper()
	var raw bytes.Buffer
	z := zip.NewWriter(&raw)
	header := &zip.FileHeader{Name: "bootstrap"}
	header.SetMode(0o755)
	w, err := z.CreateHeader(header)
	if err == nil {
		_, err = w.Write([]byte(bootstrap))
	}
	if err := errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return raw.Bytes()
}
