package test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"tally/localcloud/localcloudtest"
)

// TestKill proves that the local cloud loses nothing that it has acknowledged, by
// whatever way it travels, if it is killed with SIGKILL five times while 16 publishers
// and other clients send. The clients count what was acknowledged. The functions and
// consumers report what arrived to a server in this process.
//
// By default, it sends 1,000 messages once. Environment variables change that:
//
//	TALLY_KILL_RUNS=10   ten runs of 10,000 messages, each with another seed
//	TALLY_KILL_COUNT=500 the number of messages published per run
//	TALLY_KILL_SEED=7    the seed of the first run, as a failure prints it
func TestKill(t *testing.T) {
	runs, count, seed := fromEnv(t, "TALLY_KILL_RUNS", 0), 1_000, fromEnv(t, "TALLY_KILL_SEED", int(time.Now().UnixNano()%1e6))
	if runs > 0 {
		count = 10_000
	}
	count, runs = fromEnv(t, "TALLY_KILL_COUNT", count), max(runs, 1)
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(runs)*15*time.Minute)
	defer cancel()

	world := newKillWorld(ctx, t)
	for run := range runs {
		world.run(ctx, t, seed+run, count)
	}
}

func fromEnv(t *testing.T, name string, or int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return or
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// killWorld is a local cloud that can be killed, and the stack in testdata/kill.
type killWorld struct {
	*mortal
	cloud   *localcloudtest.Cloud
	out     map[string]string
	witness *witness
}

func newKillWorld(ctx context.Context, t *testing.T) *killWorld {
	t.Helper()
	program := t.TempDir()
	if err := os.CopyFS(program, os.DirFS("testdata/kill")); err != nil {
		t.Fatal(err)
	}
	newModule(t, program, "kill", "")
	w := &killWorld{mortal: newMortal(t), witness: newWitness(t)}
	w.start(t)
	w.cloud = localcloudtest.Connect(t, w.port)
	stack := w.cloud.Deploy(ctx, localcloudtest.Program{Dir: program, Config: map[string]string{"witness": w.witness.url}})
	w.out = outputs(ctx, t, stack)
	// Deliveries to a function that does not exist go to the subscription's queue.
	gone := w.out["gone"]
	if _, err := lambda.NewFromConfig(w.cloud.AWSConfig()).DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: &gone}); err != nil {
		t.Fatal(err)
	}
	return w
}

// run sends, kills five times, and compares.
func (w *killWorld) run(ctx context.Context, t *testing.T, seed, count int) {
	t.Helper()
	began := time.Now()
	random := rand.New(rand.NewPCG(uint64(seed), 0))
	// Four moments are random. The last is when all is acknowledged and much is yet to
	// be delivered.
	moments := []int{count}
	for range 4 {
		moments = append(moments, random.IntN(count))
	}
	slices.Sort(moments)

	ctx, stop := context.WithCancel(ctx)
	defer stop()
	c := newClients(w, seed, count)
	consumers := c.consume(ctx)
	senders := c.send(ctx)
	downtime := time.Duration(0)
	for _, moment := range moments {
		if !c.await(ctx, moment) {
			t.Fatalf("seed %d: fewer than %d messages were acknowledged in time; %s; refused: %v", seed, count, c, c.errors())
		}
		downtime += w.kill(t)
	}
	senders.Wait()
	lost := w.witness.awaitAll(ctx, c.owed())
	stop()
	consumers.Wait()

	t.Logf("seed %d: %s; killed at %v; 5 restarts took %v, everything %v; %d duplicates; refused: %v",
		seed, c, moments, downtime.Round(time.Millisecond), time.Since(began).Round(time.Millisecond), w.witness.duplicates(), c.errors())
	for _, way := range slices.Sorted(maps.Keys(lost)) {
		t.Errorf("seed %d: %s: %d of %d acknowledged messages are lost: %s", seed, way, len(lost[way]), len(c.owed()[way]), some(lost[way]))
	}
}

// some returns the first few of many IDs.
func some(ids []string) string {
	if len(ids) > 5 {
		return fmt.Sprintf("%s, …", strings.Join(ids[:5], ", "))
	}
	return strings.Join(ids, ", ")
}
