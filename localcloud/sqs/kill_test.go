package sqs_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"tally/localcloud/sqs"
	"tally/localcloud/store"
)

const killDir = "TALLY_TEST_SQS_DIR" // set in the process that is killed

// outcomes is what a client knows after the service was killed.
type outcomes struct {
	sent, maybe, deleted map[string]bool // IDs; those of maybe were being deleted
}

// No message whose send was acknowledged is lost by SIGKILL, or there twice, also not
// while messages move to a dead-letter queue, and none comes back whose deletion was.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	o := outcomes{map[string]bool{}, map[string]bool{}, map[string]bool{}}
	for round := range 2 {
		o.untilKilled(t, dir, 200*(round+1))
		o.check(t, dir)
	}
}

// untilKilled runs TestKilled in a process of its own and kills it after that number of
// acknowledgements.
func (o *outcomes) untilKilled(t *testing.T, dir string, acknowledged int) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestKilled$")
	cmd.Env = append(os.Environ(), killDir+"="+dir)
	cmd.Stderr = os.Stderr
	out := must(cmd.StdoutPipe())(t)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	n := 0
	for lines.Scan() { // also what it wrote before it ended
		kind, id, _ := strings.Cut(lines.Text(), " ")
		switch kind {
		case "sent":
			o.sent[id] = true
		case "deleting":
			o.maybe[id] = true
		case "deleted":
			o.deleted[id] = true
		default:
			t.Errorf("the process wrote: %s", lines.Text())
		}
		if n++; n == acknowledged {
			if err := cmd.Process.Kill(); err != nil {
				t.Error(err)
			}
		}
	}
	_ = cmd.Wait() // it was killed
	if n < acknowledged {
		t.Fatalf("the process ended after %d acknowledgements", n)
	}
}

// check receives and deletes all that is left, and compares it with what the client knows.
func (o *outcomes) check(t *testing.T, dir string) {
	t.Helper()
	st := must(store.Open(dir))(t)
	defer st.Close()
	s := newService(t, st)
	must(s.UpdateQueue(work, func(q *sqs.Queue) error { q.RedrivePolicy = ""; return nil }))(t)
	found := map[string]int{}
	for _, url := range []string{work, dead} {
		for must(s.Count(url))(t) != (sqs.Counts{}) {
			var entries []sqs.BatchEntry[string]
			for i, m := range receive(t, s, url, 1) {
				found[m.ID]++
				if o.deleted[m.ID] {
					t.Errorf("the deleted message %s came back", m.ID)
				}
				entries = append(entries, sqs.BatchEntry[string]{ID: fmt.Sprint(i), Request: m.ReceiptHandle})
			}
			if len(entries) > 0 {
				must(s.DeleteBatch(t.Context(), developer, url, entries))(t)
			}
		}
	}
	for id := range o.sent {
		if n := found[id]; n > 1 || n == 0 && !o.maybe[id] && !o.deleted[id] {
			t.Errorf("message %s is there %d times", id, n)
		}
	}
	for id := range found {
		o.deleted[id] = true
	}
}

// TestKilled is the process that TestKill kills.
func TestKilled(t *testing.T) {
	dir := os.Getenv(killDir)
	if dir == "" {
		t.Skip("runs in a process of TestKill")
	}
	s := newService(t, must(store.Open(dir))(t))
	if len(s.Queues()) == 0 {
		must(s.CreateQueue(sqs.Queue{Name: "dead", VisibilityTimeoutSeconds: 60}))(t)
		must(s.CreateQueue(sqs.Queue{Name: "work", VisibilityTimeoutSeconds: 60}))(t)
	}
	must(s.UpdateQueue(work, func(q *sqs.Queue) error { q.RedrivePolicy = toDeadTwo; return nil }))(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute) // if its parent is gone
	defer cancel()
	for range 4 {
		go sendUntil(ctx, t, s)
		go receiveUntil(ctx, t, s, work)
		go receiveUntil(ctx, t, s, dead)
	}
	<-ctx.Done()
}

func sendUntil(ctx context.Context, t *testing.T, s *sqs.Service) {
	for ctx.Err() == nil {
		id, err := s.Send(ctx, developer, work, entry(strings.Repeat("x", 700)))
		if err != nil {
			t.Error(err)
			return
		}
		fmt.Println("sent", id)
	}
}

// receiveUntil receives messages, and deletes one of every eighth receive.
func receiveUntil(ctx context.Context, t *testing.T, s *sqs.Service, url string) {
	for i := 0; ctx.Err() == nil; i++ {
		hidden := 0
		if i%8 == 0 {
			hidden = 1
		}
		start := time.Now()
		got, err := s.Receive(ctx, developer, url, sqs.ReceiveRequest{MaxMessages: 10, VisibilityTimeoutSeconds: &hidden})
		if err != nil {
			t.Error(err)
			return
		}
		if hidden == 0 || len(got) == 0 {
			continue
		}
		fmt.Println("deleting", got[0].ID)
		if err := s.Delete(ctx, developer, url, got[0].ReceiptHandle); err != nil {
			t.Error(err)
			return
		}
		if time.Since(start) < time.Second { // nobody else received it, so it did not stay
			fmt.Println("deleted", got[0].ID)
		}
	}
}
