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

// TestUnanswered checks which resources a local cloud that was killed may have created
// without an answer: those of the last second.
func TestUnanswered(t *testing.T) {
	const none, known = `{}`, `{"resources":[{"urn":"` + string(doubted) + `","id":"1"}]}`
	for name, tc := range map[string]struct {
		checkpoint string
		lived      time.Duration // how long the process lived after the creation
		killed     bool
		want       int
	}{
		"killed at once":           {none, 0, true, 1},
		"killed later":             {none, 2 * answerTime, true, 0},
		"still running":            {none, 0, false, 0},
		"killed, but Pulumi knows": {known, 0, true, 0},
		"another stack has it":     {`{"resources":[{"urn":"urn:pulumi:local-b::p::aws:sns/topic:Topic::t","id":"1"}]}`, 0, true, 1},
	} {
		t.Run(name, func(t *testing.T) {
			c := checkpointOf(t, tc.checkpoint)
			synctest.Test(t, func(t *testing.T) {
				st := store.InMemory()
				s := open(t, st)
				check(t, s.SetOwner(Owner{URN: doubted, ID: "1", Doubt: Unanswered, Inputs: Inputs{"name": "t"}}))
				time.Sleep(tc.lived)
				if tc.killed {
					s = open(t, st)
				}
				remain, err := s.Confirm(c)
				check(t, err)
				if remain != (tc.checkpoint != known) {
					t.Errorf("doubts remain: %t", remain)
				}
				if got := s.Unknown(c); len(got) != tc.want {
					t.Errorf("unknown to Pulumi: %v", got)
				}
				check(t, s.Settle("p/local"))
				if o, _ := s.Owner("aws:sns/topic:Topic", "1"); s.Doubtful("p/local") || o.Inputs != nil || len(s.Unknown(c)) > 0 {
					t.Errorf("after the repair: %+v", o)
				}
			})
		})
	}
}

// TestClearCreating checks that the rest of a checkpoint stays as it is.
func TestClearCreating(t *testing.T) {
	c := checkpointOf(t, `{"manifest":{"magic":"x"},"pending_operations":[{"resource":{"urn":"`+string(doubted)+`"},"type":"creating"},{"resource":{"urn":"u"},"type":"updating"}],"resources":[{"urn":"r","id":"9007199254740993"}]}`)
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
	const want = `{"checkpoint":{"latest":{"manifest":{"magic":"x"},"pending_operations":[{"resource":{"urn":"u"},"type":"updating"}],"resources":[{"urn":"r","id":"9007199254740993"}]}},"version":3}`
	if string(raw) != want {
		t.Errorf("the checkpoint is\n%s\nwant\n%s", raw, want)
	}
}
