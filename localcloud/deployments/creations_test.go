package deployments

import (
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"

	"tally/localcloud/store"
)

const doubted = urn.URN("urn:pulumi:local::p::aws:sns/topic:Topic::t")

// checkpointOf returns a checkpoint of the stack p/local with that content.
func checkpointOf(t *testing.T, latest string) *Checkpoint {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, ".pulumi", "stacks", "p", "local.json")
	check(t, os.MkdirAll(filepath.Dir(path), 0o700))
	check(t, os.WriteFile(path, []byte(`{"version":3,"checkpoint":{"latest":`+latest+`}}`), 0o600))
	all, err := Checkpoints(dir)
	check(t, err)
	if len(all) != 1 || all[0].Stack() != "p/local" {
		t.Fatalf("checkpoints %v", all)
	}
	check(t, all[0].Read())
	return all[0]
}

// TestUnknown checks which resources of an interrupted creation are unknown to Pulumi, at
// each moment at which the local cloud can be killed.
func TestUnknown(t *testing.T) {
	const (
		none    = `{}`
		known   = `{"resources":[{"urn":"` + string(doubted) + `","id":"1"}]}`
		pending = `{"pending_operations":[{"resource":{"urn":"` + string(doubted) + `"},"type":"creating"}]}`
		other   = `{"resources":[{"urn":"urn:pulumi:local-b::p::aws:sns/topic:Topic::t","id":"1"}]}`
	)
	type steps func(t *testing.T, s *Service)
	begun := func(t *testing.T, s *Service) {
		check(t, s.Begin(Creation{URN: doubted, ID: "1", Inputs: Inputs{"name": "t"}}))
	}
	created := func(t *testing.T, s *Service) { begun(t, s); s.Created(doubted, "1") }
	answered := func(t *testing.T, s *Service) { created(t, s); time.Sleep(2 * answerTime) }
	again := func(t *testing.T, s *Service) {
		created(t, s)
		check(t, s.Forget(doubted, "1"))
		time.Sleep(answerTime / 2)
		created(t, s)
		time.Sleep(answerTime * 3 / 4)
	}
	for name, tc := range map[string]struct {
		do         steps
		checkpoint string
		killed     bool
		want       int
	}{
		"killed before the creation":            {begun, none, true, 1},
		"killed at once":                        {created, none, true, 1},
		"killed later":                          {answered, none, true, 0},
		"killed later, and pulumi with it":      {answered, pending, true, 1},
		"killed after it was created again":     {again, none, true, 1},
		"still running":                         {created, none, false, 0},
		"still running, but pulumi was killed":  {created, pending, false, 1},
		"creating while pulumi was killed":      {begun, pending, false, 1},
		"killed, but Pulumi knows":              {created, known, true, 0},
		"killed, and another stack has its own": {created, other, true, 1},
		"deleted":                               {func(t *testing.T, s *Service) { created(t, s); check(t, s.Forget(doubted, "1")) }, pending, true, 0},
		"failed":                                {func(t *testing.T, s *Service) { begun(t, s); check(t, s.Forget(doubted, "1")) }, none, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			c := checkpointOf(t, tc.checkpoint)
			synctest.Test(t, func(t *testing.T) {
				st := store.InMemory()
				s := open(t, st)
				tc.do(t, s)
				if tc.killed {
					s = open(t, st)
				}
				doubtful := s.Doubtful("p/local")
				remain, err := s.Confirm(c)
				check(t, err)
				if remain != (doubtful && tc.checkpoint != known) {
					t.Errorf("others remain: %t", remain)
				}
				if got := s.Unknown(c); len(got) != tc.want {
					t.Errorf("unknown to Pulumi: %v", got)
				}
				check(t, s.Settle("p/local"))
				if s.Doubtful("p/local") || len(s.Unknown(c)) > 0 {
					t.Error("doubts remain after the repair")
				}
			})
		})
	}
}

// TestClearCreating checks that the rest of a checkpoint stays as it is.
func TestClearCreating(t *testing.T) {
	const (
		updating = `{"resource":{"urn":"u"},"type":"updating"}`
		foreign  = `{"resource":{"urn":"urn:pulumi:local::p::github:index/repository:Repository::r"},"type":"creating"}`
	)
	c := checkpointOf(t, `{"manifest":{"magic":"x"},"pending_operations":[{"resource":{"urn":"`+string(doubted)+`"},"type":"creating"},`+
		updating+`,`+foreign+`],"resources":[{"urn":"r","id":"9007199254740993"}]}`)
	if !c.Interrupted() || !c.Creating[doubted] || len(c.Creating) != 1 {
		t.Errorf("interrupted: %t, creating %v", c.Interrupted(), c.Creating)
	}
	unlock, ok, err := c.Lock()
	check(t, err)
	if _, again, err := c.Lock(); !ok || again || err != nil {
		t.Errorf("locked: %t, and again: %t, %v", ok, again, err)
	}
	check(t, c.ClearCreating())
	check(t, unlock())
	raw, err := os.ReadFile(c.path)
	check(t, err)
	const want = `{"checkpoint":{"latest":{"manifest":{"magic":"x"},"pending_operations":[` + updating + `,` + foreign + `],"resources":[{"urn":"r","id":"9007199254740993"}]}},"version":3}`
	if string(raw) != want {
		t.Errorf("the checkpoint is\n%s\nwant\n%s", raw, want)
	}
}

// TestLockOfKilledRepair checks that the lock of a repair that was killed is removed, even
// if another process has its ID by now, as in a container.
func TestLockOfKilledRepair(t *testing.T) {
	c := checkpointOf(t, `{}`)
	_, ok, err := c.Lock()
	check(t, err)
	if !ok {
		t.Fatal("not locked")
	}
	again, err := Checkpoints(filepath.Dir(filepath.Dir(filepath.Dir(filepath.Dir(c.path)))))
	check(t, err)
	if len(again) != 1 || again[0].locked() {
		t.Errorf("checkpoints %v", again)
	}
}
