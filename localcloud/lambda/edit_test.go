package lambda_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/lambda"
	"tally/localcloud/lambda/runtimeapi"
)

// An invocation in progress ends on the old code, and the next one runs the new code.
func TestEditDuringInvocation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		k.handle = sleep(2 * time.Second)
		s := k.open(t)
		f := create(t, s, "add")
		invokeInBackground(t, s, "add")
		edited, err := s.EditFunction("add", f.RevisionID, bundle(t, "second"), func(c *lambda.Config) { c.Description = "new" })
		if err != nil || edited.CodeSHA256 == f.CodeSHA256 || edited.Description != "new" {
			t.Fatalf("%+v, %v", edited, err)
		}
		k.handle = func(context.Context, runtimeapi.Event) (runtimeapi.Response, error) {
			return runtimeapi.Response{Payload: []byte(`"new"`)}, nil
		}
		if out := invoke(t, s, "add"); string(out.Payload) != `"new"` {
			t.Errorf("%s", out.Payload)
		}
		if alive := k.alive(); len(alive) != 2 {
			t.Errorf("alive: %v, want the old environment and the new one", alive)
		}
		time.Sleep(3 * time.Second)
		if alive := k.alive(); len(alive) != 1 || alive[0] != 1 || k.specs[0].Dir == k.specs[1].Dir {
			t.Errorf("alive: %v, want only the new environment", alive)
		}
	})
}

// A change that is based on an outdated function is refused, also if both are made at once.
func TestConflictingEdits(t *testing.T) {
	k := newKit(t)
	s := k.open(t)
	f := create(t, s, "add")
	var inner error
	_, err := s.EditFunction("add", "", nil, func(c *lambda.Config) {
		c.MemoryMB = 256
		inner = s.ReserveConcurrency("add", 5)
	})
	expectError(t, errors.Join(err, inner), "ResourceConflictException", "The operation cannot be performed at this time. An update is in progress for resource: "+addARN)
	now, err := s.Function("add")
	if err != nil || now.MemoryMB != 128 || now.ReservedConcurrency != 5 || now.RevisionID != f.RevisionID {
		t.Errorf("%+v, %v", now, err)
	}
	_, err = s.EditFunction("add", "r", nil, func(*lambda.Config) {})
	expectError(t, err, "PreconditionFailedException", "The Revision Id provided does not match the latest Revision Id.")
	_, err = s.EditFunction("sub", "", nil, func(*lambda.Config) {})
	expectError(t, err, "ResourceNotFoundException", "Function not found: ")
}

// A reservation counts at once, and leaves the other functions the minimum.
func TestReserveConcurrency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		k.handle = sleep(time.Minute)
		s := k.open(t)
		create(t, s, "add")
		create(t, s, "sub")
		if err := s.ReserveConcurrency("add", 1); err != nil {
			t.Fatal(err)
		}
		invokeInBackground(t, s, "add")
		_, err := s.Invoke(t.Context(), cloud.Invocation{Caller: developer, Function: "add"})
		expectError(t, err, "TooManyRequestsException", "Rate Exceeded.")
		expectError(t, s.ReserveConcurrency("sub", 900), "InvalidParameterValueException", "Specified ReservedConcurrentExecutions for function decreases")
		if err := s.ReserveConcurrency("add", -1); err != nil {
			t.Fatal(err)
		}
		invokeInBackground(t, s, "add")
		if alive := k.alive(); len(alive) != 2 {
			t.Errorf("alive: %v", alive)
		}
	})
}
