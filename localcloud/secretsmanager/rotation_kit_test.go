package secretsmanager_test

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/secretsmanager"
	"tally/localcloud/store"
)

const (
	function = "arn:aws:lambda:us-east-1:000000000000:function:rotate"
	token    = "11111111-1111-1111-1111-111111111111"
	another  = "22222222-2222-2222-2222-222222222222"
)

// rotationKit is a secret "db" and its rotation function. The function fields determine the
// answers; nil means success.
type rotationKit struct {
	*secretsmanager.Service
	t       *testing.T
	began   time.Time
	store   *store.Store
	keyFile string
	pace    cloud.Pace
	allow   func(cloud.Invocation) error
	// step returns the payload of a failure, or "".
	step   func(ctx context.Context, name string) string
	finish func() error // the last step; nil makes the version current

	mu    sync.Mutex
	calls []string // "1s createSecret"
	last  struct{ Step, SecretId, ClientRequestToken, RotationToken string }
	notes []string
}

// inRotation runs a test in a bubble whose clock is fake and starts on Saturday, January 1st
// 2000.
func inRotation(t *testing.T, pace cloud.Pace, test func(*rotationKit)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		k := &rotationKit{t: t, began: time.Now(), store: store.InMemory(), keyFile: filepath.Join(t.TempDir(), "key"), pace: pace}
		k.open()
		if _, _, err := k.Create(t.Context(), cloud.Caller{}, secretsmanager.Secret{Name: "db"}, text("old"), ""); err != nil {
			t.Fatal(err)
		}
		test(k)
		if err := k.Close(); err != nil {
			t.Error(err)
		}
	})
}

func (k *rotationKit) open() {
	k.t.Helper()
	s, err := open(k.t, k.store, k.keyFile, k.pace, k)
	if err != nil {
		k.t.Fatal(err)
	}
	k.Service = s
	s.Start()
}

func (k *rotationKit) Append(e cloud.Entry) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.notes = append(k.notes, e.Message)
}

func (k *rotationKit) DryRun(_ context.Context, in cloud.Invocation) error {
	if k.allow != nil {
		return k.allow(in)
	}
	return nil
}

func (k *rotationKit) InvokeAsync(context.Context, cloud.Invocation) (string, error) {
	panic("a rotation function is invoked synchronously")
}

// Invoke rotates as AWS's template does.
func (k *rotationKit) Invoke(ctx context.Context, in cloud.Invocation) (cloud.Outcome, error) {
	k.mu.Lock()
	if err := json.Unmarshal(in.Payload, &k.last); err != nil {
		k.t.Error(err)
	}
	e, step, finish := k.last, k.step, k.finish
	k.calls = append(k.calls, fmt.Sprint(time.Since(k.began), " ", e.Step))
	k.mu.Unlock()
	if in.Caller.Service != "secretsmanager.amazonaws.com" || in.Caller.SourceARN.String() != e.SecretId || in.Function != function {
		k.t.Errorf("invoked %+v", in)
	}
	if step != nil {
		if failure := step(ctx, e.Step); failure != "" {
			return cloud.Outcome{FunctionError: "Unhandled", Payload: []byte(failure)}, ctx.Err()
		}
	}
	var err error
	switch {
	case e.Step == "createSecret":
		_, _, err = k.Put(ctx, cloud.Caller{}, e.SecretId, text("new"), e.ClientRequestToken, []string{secretsmanager.Pending})
	case e.Step == "finishSecret" && finish != nil:
		err = finish()
	case e.Step == "finishSecret":
		_, err = k.MoveStage(e.SecretId, secretsmanager.Current, k.secret().Stages[secretsmanager.Current], e.ClientRequestToken)
	}
	return cloud.Outcome{}, err
}

func (k *rotationKit) secret() secretsmanager.Secret {
	s, err := k.Find("db")
	if err != nil {
		k.t.Error(err)
	}
	return s
}

// rotate calls Rotate with a token, and returns the error.
func (k *rotationKit) rotate(r secretsmanager.RotateRequest) error {
	if r.Token == "" {
		r.Token = token
	}
	_, err := k.Rotate(k.t.Context(), cloud.Caller{Administrator: true}, "db", r)
	return err
}

// start turns on rotation, and waits until nothing more happens now.
func (k *rotationKit) start(r secretsmanager.RotateRequest) {
	k.t.Helper()
	r.Function = function
	if err := k.rotate(r); err != nil {
		k.t.Fatal(err)
	}
	synctest.Wait()
}

// did checks the calls of the function since the last time.
func (k *rotationKit) did(want ...string) {
	k.t.Helper()
	k.mu.Lock()
	defer k.mu.Unlock()
	if !slices.Equal(k.calls, want) {
		k.t.Errorf("calls %q, want %q", k.calls, want)
	}
	k.calls = nil
}

// count returns how many calls there were since the last did.
func (k *rotationKit) count() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.calls)
}

// change changes the function between two of its calls.
func (k *rotationKit) change(change func()) {
	k.mu.Lock()
	defer k.mu.Unlock()
	change()
}

func steps(at string) []string {
	return []string{at + " createSecret", at + " setSecret", at + " testSecret", at + " finishSecret"}
}

// sees checks the values of stages; "" means that there is none.
func (k *rotationKit) sees(want map[string]string) {
	k.t.Helper()
	for stage, value := range want {
		got := ""
		_, _, v, err := k.Get(k.t.Context(), cloud.Caller{}, "db", "", stage)
		if err == nil {
			got = *v.String
		} else if cloud.ErrorCode(err) != "ResourceNotFoundException" {
			k.t.Error(err)
		}
		if got != value {
			k.t.Errorf("%s is %q, want %q", stage, got, value)
		}
	}
}

// noted checks that a message contains the words, and none contains the others.
func (k *rotationKit) noted(words, others string) {
	k.t.Helper()
	k.mu.Lock()
	defer k.mu.Unlock()
	all := strings.Join(k.notes, "\n")
	if !strings.Contains(all, words) || others != "" && strings.Contains(all, others) {
		k.t.Errorf("notes:\n%s\nwant %q without %q", all, words, others)
	}
}
