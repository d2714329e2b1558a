package test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"tally/localcloud/localcloudtest"
)

// TestSumsUnderFaults submits sums with 16 clients while deliveries are duplicated,
// reordered and delayed, functions crash, and the local cloud is killed. Every sum ends
// with exactly one result, the right one, and a consumer that removes duplicates by ID
// receives each of them. Sums that a bug prevents are recorded as failed, and are done
// once the bug is fixed and their messages have been run again.
//
// By default, it submits 1,000 sums. Environment variables change that:
//
//	TALLY_SUMS_COUNT=5000 the number of sums of each kind of run
//	TALLY_SUMS_SEED=7     the seed of the faults and kills, as a failure prints it
func TestSumsUnderFaults(t *testing.T) {
	count, seed := fromEnv(t, "TALLY_SUMS_COUNT", 1000), fromEnv(t, "TALLY_SUMS_SEED", int(time.Now().UnixNano()%1e6))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
	defer cancel()
	w := newSumsWorld(ctx, t, seed)

	w.run(ctx, "faults", count, 0)
	w.run(ctx, "faults and three SIGKILLs", count/4, 3)
	w.poison(ctx, "a bug", count/10)
	configure(ctx, t, w.stack, map[string]string{"tally:buffer": "true"})
	up(ctx, t, w.stack)
	w.run(ctx, "with a buffer: faults", count/2, 0)
	w.run(ctx, "with a buffer: faults and three SIGKILLs", count/4, 3)
	w.poison(ctx, "with a buffer: a bug", count/10)
}

// sumsWorld is a local cloud that can be killed, with this project's stack.
type sumsWorld struct {
	deployed
	*mortal
	dir   string
	stack *localcloudtest.Stack
	seed  int

	mu       sync.Mutex
	consumed map[string][]string // sums by ID, as the queue of sums delivered them
}

func newSumsWorld(ctx context.Context, t *testing.T, seed int) *sumsWorld {
	t.Helper()
	w := &sumsWorld{mortal: newMortal(t), dir: copyProject(t), seed: seed, consumed: map[string][]string{}}
	w.mortal.arguments = append(w.mortal.arguments, "--time-scale=600")
	w.start(t)
	cloud := localcloudtest.Connect(t, w.port)
	w.stack = cloud.Deploy(ctx, localcloudtest.Program{Dir: w.dir, Config: map[string]string{
		"tally:sumsQueue": "true", "tally:reservedConcurrency": "50", "tally:throttleRate": "10000", "tally:throttleBurst": "5000",
		"tally:timeout": "2", // a buffer offers a message again after six times this
	}})
	w.deployed = deployed{t, cloud, outputs(ctx, t, w.stack)}
	cloud.SetFaults(ctx, localcloudtest.Faults{
		Seed: uint64(seed), Duplicate: 0.1, Delay: 0.1, DelayFor: time.Second, Reorder: 0.1,
		Crashes: []localcloudtest.Crash{{Function: "handle-message", Rate: 0.03}, {Function: "submit-numbers", Rate: 0.03}},
	})
	return w
}

// submitted is a sum that the API has accepted.
type submitted struct{ id, num1, num2, sum string }

// run submits sums while the local cloud is killed so many times, and waits until all are
// done and consumed.
func (w *sumsWorld) run(ctx context.Context, name string, count, kills int) {
	w.t.Helper()
	began := time.Now()
	stop := w.consume(ctx)
	defer stop()
	random := rand.New(rand.NewPCG(uint64(w.seed), uint64(count)))
	moments := make([]int, kills) // numbers of submissions at which to kill
	for i := range moments {
		moments[i] = random.IntN(count)
	}
	slices.Sort(moments)

	accepted := make(chan submitted)
	go w.submitAll(ctx, count, accepted, func(i int) submitted {
		return submitted{num1: fmt.Sprint(i), num2: "1000000", sum: fmt.Sprint(i + 1000000)}
	})
	var all []submitted
	for s := range accepted {
		for len(moments) > 0 && len(all) == moments[0] {
			w.kill(w.t)
			moments = moments[1:]
		}
		all = append(all, s)
	}
	w.checkDone(ctx, name, all)
	w.checkConsumed(ctx, name, all)
	w.t.Logf("seed %d: %s: %d sums by 16 clients in %v", w.seed, name, len(all), time.Since(began).Round(time.Millisecond))
}

// submitAll submits count sums with 16 clients, each until it is accepted, with a key of its
// own, and sends the accepted sums, whose IDs all differ.
func (w *sumsWorld) submitAll(ctx context.Context, count int, accepted chan<- submitted, of func(i int) submitted) {
	defer close(accepted)
	run := time.Now().UnixNano()
	work := make(chan int)
	var clients sync.WaitGroup
	for range 16 {
		clients.Go(func() {
			for i := range work {
				s := of(i)
				location, err := w.submitUntilAccepted(ctx, fmt.Sprintf("%d-%d", run, i), s)
				if err != nil {
					w.t.Errorf("submit %s and %s: %v", s.num1, s.num2, err)
					continue
				}
				s.id = strings.TrimPrefix(location, "/sums/")
				accepted <- s
			}
		})
	}
	for i := range count {
		work <- i
	}
	close(work)
	clients.Wait()
}

// submitUntilAccepted repeats the request, with the same key, while the function crashes or
// the local cloud is down.
func (w *sumsWorld) submitUntilAccepted(ctx context.Context, key string, s submitted) (location string, err error) {
	body := fmt.Sprintf(`{"num1":%s,"num2":%s}`, s.num1, s.num2)
	for ctx.Err() == nil {
		w.awaitAlive()
		status, header, text, failure := w.send(ctx, http.MethodPost, "sums", body, "Idempotency-Key", key)
		switch {
		case status == http.StatusAccepted:
			return header.Get("Location"), nil
		case status == 0:
			err = failure // killed
		case status < 500:
			return "", fmt.Errorf("%d %s", status, text)
		default:
			err = fmt.Errorf("%d %s", status, text)
		}
	}
	return "", fmt.Errorf("%w, %w", ctx.Err(), err)
}

// checkDone waits for each sum, and compares it.
func (w *sumsWorld) checkDone(ctx context.Context, name string, all []submitted) {
	w.t.Helper()
	ids := map[string]bool{}
	for _, s := range all {
		ids[s.id] = true
		if got := w.sum(ctx, "/sums/"+s.id, "done"); string(got.Sum) != s.sum {
			w.t.Errorf("seed %d: %s: %s + %s = %s", w.seed, name, s.num1, s.num2, got.Sum)
		}
	}
	if len(ids) != len(all) {
		w.t.Errorf("seed %d: %s: %d sums have %d IDs", w.seed, name, len(all), len(ids))
	}
}

// consume receives from the queue of sums until the returned function is called.
func (w *sumsWorld) consume(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	client := sqs.NewFromConfig(w.cloud.AWSConfig())
	queue := w.out["sumsQueueUrl"]
	var consumer sync.WaitGroup
	consumer.Go(func() {
		for ctx.Err() == nil {
			w.awaitAlive()
			// An error means that the local cloud was killed, or the end. Messages that it did
			// not delete arrive again.
			_ = drain(ctx, client, &sqs.ReceiveMessageInput{QueueUrl: &queue, MaxNumberOfMessages: 10, WaitTimeSeconds: 1}, func(body string) bool {
				w.note(body)
				return true
			})
		}
	})
	return func() { cancel(); consumer.Wait() }
}

func (w *sumsWorld) note(body string) {
	var got struct {
		ID  string
		Sum json.RawMessage
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		w.t.Errorf("the queue of sums delivered %s: %v", body, err)
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.consumed[got.ID] = append(w.consumed[got.ID], string(got.Sum))
}

// checkConsumed waits until the consumer has seen each sum, and proves that it saw no other
// result for any of the IDs.
func (w *sumsWorld) checkConsumed(ctx context.Context, name string, all []submitted) {
	w.t.Helper()
	var missing []string
	w.await(ctx, func() (bool, string) {
		w.mu.Lock()
		defer w.mu.Unlock()
		missing = nil
		for _, s := range all {
			if len(w.consumed[s.id]) == 0 {
				missing = append(missing, s.id)
			}
		}
		return len(missing) == 0, fmt.Sprintf("seed %d: %s: %d of %d sums were not delivered: %s", w.seed, name, len(missing), len(all), some(missing))
	})
	w.mu.Lock()
	defer w.mu.Unlock()
	duplicates := 0
	for _, s := range all {
		results := w.consumed[s.id]
		duplicates += len(results) - 1
		if distinct := slices.Compact(slices.Sorted(slices.Values(results))); len(distinct) != 1 || distinct[0] != s.sum {
			w.t.Errorf("seed %d: %s: %s was delivered as %v, want %s", w.seed, name, s.id, distinct, s.sum)
		}
	}
	if duplicates == 0 {
		w.t.Errorf("seed %d: %s: the faults duplicated none of %d sums", w.seed, name, len(all))
	}
}

// poison deploys a bug that prevents some sums, and proves that they are recorded as failed,
// with a reason, and done when the bug is fixed and their messages have been run again.
func (w *sumsWorld) poison(ctx context.Context, name string, count int) {
	w.t.Helper()
	const right, wrong = `n, err := sum.Parse([]byte(m.Text))`, `n, err := sum.Parse([]byte(strings.ReplaceAll(m.Text, "666", "six")))`
	const file = "functions/handle-message/handler.go"
	replace(w.t, w.dir, file, right, wrong)
	replace(w.t, w.dir, file, "\t\"log/slog\"\n", "\t\"log/slog\"\n\t\"strings\"\n")
	up(ctx, w.t, w.stack)
	accepted := make(chan submitted)
	go w.submitAll(ctx, count, accepted, func(i int) submitted {
		return submitted{num1: fmt.Sprint(i), num2: "666", sum: fmt.Sprint(i + 666)}
	})
	var all []submitted
	for s := range accepted {
		all = append(all, s)
	}
	for _, s := range all {
		if got := w.sum(ctx, "/sums/"+s.id, "failed"); got.Reason == "" {
			w.t.Errorf("seed %d: %s failed without a reason", w.seed, s.id)
		}
	}
	replace(w.t, w.dir, file, wrong, right)
	replace(w.t, w.dir, file, "\t\"strings\"\n", "")
	up(ctx, w.t, w.stack)
	w.redrive(ctx)
	stop := w.consume(ctx)
	defer stop()
	w.checkDone(ctx, name, all)
	w.checkConsumed(ctx, name, all)
}

// redrive runs all failed messages again.
func (w *sumsWorld) redrive(ctx context.Context) {
	w.t.Helper()
	r := newRedriver(ctx, w.t, w.dir)
	r.deployed = w.deployed
	r.must(ctx, "run", "-all")
}
