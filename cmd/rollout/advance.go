package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

const (
	// poll is the time between two checks of alarms and metrics.
	poll = 5 * time.Second
	// blind is how long a rollout continues if alarms and metrics cannot be read.
	blind = time.Minute
	// patience is how long to retry a change of an alias that is throttled.
	patience = time.Minute
)

// function is a function of the stack.
type function struct {
	name     string // in the program: "handle-message"
	physical string // in AWS: "tally-prod-main-handle-message-1a2b3c4"
}

// rollout moves the aliases live of a stack's functions to their newest versions.
type rollout struct {
	cloud
	functions []function
	strategy  strategy
	keep      int  // the number of versions that prune keeps
	force     bool // despite raised alarms and earlier rollbacks
	out       io.Writer
}

// move is the rollout of one function.
type move struct {
	function
	from, to int
	live     alias     // as last read or written
	started  time.Time // when the new version received its first share
}

// run rolls out the newest version of each function, or continues where an earlier
// run was interrupted, and then removes old versions. All functions with a new
// version advance together, and return together if one of them is bad. It returns
// an error if a version was rolled back, now or earlier.
func (r *rollout) run(ctx context.Context) error {
	moves, rejected, err := r.plan(ctx)
	if err != nil {
		return err
	}
	switch {
	case len(moves) > 0:
		if err := r.advance(ctx, moves); errors.Is(err, context.Canceled) {
			return errInterrupted
		} else if err != nil {
			return err
		}
	case rejected == nil:
		r.say("%s serves the newest version of every function.", live)
	}
	if rejected != nil {
		return rejected
	}
	return r.prune(ctx)
}

// plan returns what there is to roll out. rejected is not nil if the newest version
// of a function has been rolled back.
func (r *rollout) plan(ctx context.Context) (moves []*move, rejected, err error) {
	for _, f := range r.functions {
		a, versions, err := r.read(ctx, f)
		if err != nil {
			return nil, nil, err
		}
		newest := versions[len(versions)-1]
		if !a.split() && a.serving() == newest {
			continue
		}
		if was, ok := a.rejection(); ok && was.version == newest && !r.force {
			rejected = errors.Join(rejected, fmt.Errorf("%s stays at version %d: version %d was rolled back at %s: %s: "+
				"deploy a correction, or try again with -force", f.name, a.serving(), newest, was.at.Local().Format(time.DateTime), was.reason))
			continue
		}
		moves = append(moves, &move{function: f, from: a.serving(), to: newest, live: a})
	}
	return moves, rejected, nil
}

// read returns the alias live and the versions of a function.
func (r *rollout) read(ctx context.Context, f function) (alias, []int, error) {
	a, err := r.alias(ctx, f.physical)
	if err != nil {
		return alias{}, nil, fmt.Errorf("%s: %w", f.name, err)
	}
	versions, err := r.versions(ctx, f.physical)
	if err != nil {
		return alias{}, nil, fmt.Errorf("%s: %w", f.name, err)
	}
	if len(versions) == 0 {
		return alias{}, nil, fmt.Errorf("%s has no published version: run pulumi up", f.name)
	}
	return a, versions, nil
}

// advance takes the moves through the remaining steps.
func (r *rollout) advance(ctx context.Context, moves []*move) error {
	percent, since := resume(moves)
	if len(r.strategy) > 0 {
		known, err := r.checkBefore(ctx, moves, percent > 0)
		if err != nil {
			return err
		}
		for _, step := range r.strategy.from(percent) {
			if step.percent != percent {
				since = time.Now()
			}
			if err := r.shift(ctx, moves, step.percent, since); err != nil {
				return err
			}
			bad, err := r.watch(ctx, moves, known, since.Add(step.hold))
			if err != nil {
				return err
			}
			if bad != nil {
				return r.back(ctx, moves, bad)
			}
		}
	}
	return r.finish(ctx, moves)
}

// resume returns the share that all moves have already, 0 for a rollout that
// begins, and since when.
func resume(moves []*move) (percent int, since time.Time) {
	percent = 100
	for _, m := range moves {
		if !m.live.split() || m.live.additional != m.to {
			m.started, percent = time.Now(), 0
			continue
		}
		p := m.live.progress()
		m.started, percent = p.started, min(percent, m.live.percent)
		if p.since.After(since) {
			since = p.since
		}
	}
	return percent, since
}

// checkBefore returns the names of the alarms that are already raised. This is an
// error, unless the rollout is forced. A rollout that nobody watched for a while is
// rolled back, because the new version may have raised the alarm.
func (r *rollout) checkBefore(ctx context.Context, moves []*move, resumed bool) (known map[string]bool, err error) {
	alarms, err := r.alarms(ctx)
	if err != nil {
		return nil, err
	}
	known = map[string]bool{}
	for _, a := range alarms {
		switch {
		case !a.raised:
		case r.force:
			known[a.name] = true
		case resumed:
			return nil, r.back(ctx, moves, a.verdict())
		default:
			return nil, fmt.Errorf("alarm %s is raised, so nothing is rolled out (%s): wait until it is OK, or use -force", a.name, a.reason)
		}
	}
	return known, nil
}

// shift gives the new versions a share of the invocations.
func (r *rollout) shift(ctx context.Context, moves []*move, percent int, since time.Time) error {
	for _, m := range moves {
		want := alias{version: m.from, additional: m.to, percent: percent, description: progress{m.to, m.started, since}.String()}
		if m.live.routesLike(want) {
			r.say("%s: version %d continues with %d%%", m.name, m.to, percent)
			continue
		}
		if err := r.set(ctx, m, want); err != nil {
			return fmt.Errorf("%w\nRun rollout again to continue, or rollout rollback to return", err)
		}
		r.say("%s: version %d receives %d%%, version %d the rest", m.name, m.to, percent, m.from)
	}
	return nil
}

// finish sends everything to the new versions.
func (r *rollout) finish(ctx context.Context, moves []*move) error {
	var done []counts // unknown if it cannot be read
	if len(r.strategy) > 0 {
		done, _ = r.counts(ctx, moves)
	}
	for i, m := range moves {
		want := at(m.to)
		want.description = fmt.Sprintf("rolled out %d at %s", m.to, time.Now().UTC().Format(time.RFC3339))
		if err := r.set(ctx, m, want); err != nil {
			return err
		}
		proof := ""
		if done != nil && done[i].invocations == 0 {
			proof = "; it was not invoked during the rollout, so nothing shows that it works"
		}
		r.say("%s: version %d receives everything%s", m.name, m.to, proof)
	}
	return nil
}

// back returns the moves to the previous versions, even if ctx has ended, and
// returns the reason as an error. Only a version that is to blame is not rolled out
// again by the next run.
func (r *rollout) back(ctx context.Context, moves []*move, bad *verdict) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*patience)
	defer cancel()
	failed := fmt.Errorf("rolled back: %s", bad.reason)
	for _, m := range moves {
		want := at(m.from)
		want.description = "returned to this version with another function: " + bad.function
		if bad.function == "" || bad.function == m.physical {
			want.description = rejection{m.to, time.Now(), bad.reason}.String()
		}
		if err := r.set(ctx, m, want); err != nil {
			failed = errors.Join(failed, err, fmt.Errorf("%s may still send invocations to version %d: run rollout rollback", m.name, m.to))
			continue
		}
		r.say("%s: version %d receives everything again", m.name, m.from)
	}
	return failed
}

// errChanged means that someone else has changed an alias in the meantime.
var errChanged = errors.New("somebody else has changed " + live)

// set changes the alias of a move. It retries for a while if it is throttled. It
// returns errChanged if someone else has changed the alias's routing.
func (r *rollout) set(ctx context.Context, m *move, want alias) error {
	want.revision = m.live.revision
	end := time.Now().Add(patience)
	for {
		updated, err := r.update(ctx, m.physical, want)
		switch {
		case err == nil:
			m.live = updated
			return nil
		case errors.Is(err, errChanged):
			if err := r.unchanged(ctx, m); err != nil {
				return err
			}
			want.revision = m.live.revision // something other than the routing has changed
		case !transient(err) || time.Now().After(end):
			return fmt.Errorf("%s: %w", m.name, err)
		}
		if err := sleep(ctx, time.Second); err != nil {
			return err
		}
	}
}

// unchanged reads the alias of a move, and returns errChanged if it routes
// differently than this rollout left it.
func (r *rollout) unchanged(ctx context.Context, m *move) error {
	now, err := r.alias(ctx, m.physical)
	if err != nil {
		return fmt.Errorf("%s: %w", m.name, err)
	}
	if !now.routesLike(m.live) {
		return fmt.Errorf("%s: %w, which is now at %s: this rollout stops here", m.name, errChanged, now)
	}
	m.live = now
	return nil
}

// errInterrupted means that a person or the workflow has ended the rollout.
var errInterrupted = errors.New("interrupted: the versions keep their shares; run rollout again to continue, or rollout rollback to return")

// sleep waits for d, or returns an error once ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return errInterrupted
	}
}

// say prints a line with the time.
func (r *rollout) say(format string, args ...any) {
	fmt.Fprintf(r.out, time.Now().Format(time.TimeOnly)+"  "+format+"\n", args...)
}
