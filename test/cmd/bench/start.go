package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"tally/test/cmd/bench/floor"
	"tally/test/cmd/bench/report"
)

// coldFunction is a function whose cold start is measured.
type coldFunction struct {
	name, output, event string
	next, reply         report.Row
}

// start measures how long the local cloud with the deployed stack takes from its
// start to the first answer, and the cold starts of the functions in it.
func (b *bench) start(ctx context.Context) ([]report.Row, error) {
	functions := []*coldFunction{
		{name: "add-numbers", output: "addNumbersFunction", event: "post.event.json"},
		{name: "handle-message", output: "handleMessageFunction", event: "sns.event.json"},
	}
	for _, f := range functions {
		_, size, err := b.cloud.unpack(f.name)
		if err != nil {
			return nil, err
		}
		name := fmt.Sprintf("cold start of %s (%.1f MB), from exec to ", f.name, float64(size)/1e6)
		f.next = report.Row{Name: name + "first next", Unit: "ms"}
		f.reply = report.Row{Name: name + "first reply", Unit: "ms"}
	}
	first := report.Row{Name: "first answer after localcloud start", Unit: "ms"}
	for range 2*b.rounds + 1 {
		answered, err := b.firstAnswer(ctx)
		if err != nil {
			return nil, err
		}
		first.Here.Add(answered)
		if err := b.cloud.start(ctx); err != nil {
			return nil, err
		}
		for _, f := range functions {
			if err := errors.Join(b.coldFloor(ctx, f), b.coldHere(ctx, f)); err != nil {
				return nil, fmt.Errorf("%s: %w", f.name, err)
			}
		}
	}
	first.Goal = report.Goal{Base: report.Absolute, Limit: 50 + functions[0].reply.Here.Median(), Text: "50 + cold start of add-numbers"}
	rows := []report.Row{first}
	for _, f := range functions {
		rows = append(rows, f.next, f.reply)
	}
	return rows, nil
}

// firstAnswer starts the local cloud again and returns how many milliseconds passed
// until a request to the HTTP API succeeded. It stops the local cloud.
func (b *bench) firstAnswer(ctx context.Context) (float64, error) {
	if err := b.cloud.stop(ctx); err != nil {
		return 0, err
	}
	request, err := post(b.api(), "/add", "application/json", []byte(numbers))
	if err != nil {
		return 0, err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(b.cloud.bin, "localcloud"), append([]string{"start"}, strings.Fields(b.cloud.flags)...)...)
	cmd.Dir, cmd.Env = b.cloud.dir, b.cloud.environ
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	var took float64
	err = wait(ctx, time.Minute, time.Millisecond, func() (bool, error) {
		conn, err := dial(ctx, b.api())
		if err != nil {
			return false, nil // it does not listen yet
		}
		defer conn.Close()
		_, err = conn.send(request)
		took = milliseconds(time.Since(began))
		return err == nil, nil
	})
	return took, errors.Join(err, cmd.Process.Signal(os.Interrupt), cmd.Wait())
}

// event returns the example event of a function.
func (b *bench) event(f *coldFunction) ([]byte, error) {
	return os.ReadFile(filepath.Join(b.cloud.dir, "functions", f.name, "testdata", f.event))
}

// coldFloor measures a cold start on the floor.
func (b *bench) coldFloor(ctx context.Context, f *coldFunction) error {
	event, err := b.event(f)
	if err != nil {
		return err
	}
	bootstrap, _, err := b.cloud.unpack(f.name)
	if err != nil {
		return err
	}
	began := time.Now()
	running, err := floor.Start(floor.Config{Bootstrap: bootstrap, Processes: 1, Env: b.floorEnv(f.name), Log: os.DevNull})
	if err != nil {
		return err
	}
	next := running.Ready(ctx)
	f.next.Floor1.Add(milliseconds(time.Since(began)))
	request, err := post(running.Address(), floor.InvokePath, "application/json", event)
	if err == nil {
		_, err = exchange(ctx, running.Address(), request)
	}
	f.reply.Floor1.Add(milliseconds(time.Since(began)))
	return errors.Join(next, err, running.Close())
}

// coldHere measures the first invocation since the local cloud has started.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
func (b *bench) coldHere(ctx context.Context, f *coldFunction) error {
	event, err := b.event(f)
	if err != nil {
		return err
	}
	path := "/2015-03-31/functions/" + url.PathEscape(b.outputs[f.output]) + "/invocations"
	request, err := b.signed(ctx, "lambda", path, "application/json", event)
	if err != nil {
		return err
	}
	began := time.Now()
	if _, err := exchange(ctx, b.endpoint(), request); err != nil {
		return err
	}
	f.reply.Here.Add(milliseconds(time.Since(began)))
	return wait(ctx, 10*time.Second, 50*time.Millisecond, func() (bool, error) {
		since := int(time.Since(began).Seconds()) + 1
		lines, err := b.cloud.messages(ctx, f.name, since)
		init, ok := initDuration(lines)
		if ok {
			f.next.Here.Add(init)
		}
		return ok, err
	})
}

// initDuration returns the duration of the last initialization in a log in
// milliseconds: from the start of the process to its first request for an event.
//
// https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html#platform-report
func initDuration(log string) (took float64, ok bool) {
	for line := range strings.Lines(log) {
		at := strings.IndexByte(line, '{')
		var event struct {
			Type   string
			Record struct {
				Metrics struct{ InitDurationMs float64 }
			}
		}
		if at < 0 || json.Unmarshal([]byte(line[at:]), &event) != nil || event.Type != "platform.report" {
			continue
		}
		if d := event.Record.Metrics.InitDurationMs; d > 0 {
			took, ok = d, true
		}
	}
	return took, ok
}
