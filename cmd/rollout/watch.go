package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// verdict is why a rollout is rolled back.
type verdict struct {
	reason   string
	function string // the physical name of the function to blame; "" for all
}

func (a alarm) verdict() *verdict {
	return &verdict{fmt.Sprintf("alarm %s was raised: %s", a.name, a.reason), a.function}
}

// watch checks alarms and metrics until the end of a step, and returns the verdict
// if a new version is bad. If it cannot check them for a minute, this is a verdict,
// too.
func (r *rollout) watch(ctx context.Context, moves []*move, known map[string]bool, end time.Time) (*verdict, error) {
	seen, told := time.Now(), time.Now()
	for {
		bad, err := r.check(ctx, moves, known)
		now := time.Now()
		switch {
		case ctx.Err() != nil:
			return nil, errInterrupted
		case errors.Is(err, errChanged), bad != nil:
			return bad, err
		case err != nil && now.Sub(seen) >= blind:
			return &verdict{reason: fmt.Sprintf("alarms and metrics could not be read for %v: %v", blind, err)}, nil
		case err == nil:
			seen = now
			if !now.Before(end) {
				return nil, r.tell(ctx, moves)
			}
		}
		if now.Sub(told) >= 6*poll {
			told = now
			_ = r.tell(ctx, moves) // the next check reports errors
		}
		wait := poll
		if now.Before(end) {
			wait = min(poll, end.Sub(now))
		}
		if err := sleep(ctx, wait); err != nil {
			return nil, err
		}
	}
}

// check returns a verdict if an alarm other than those in known is raised, or if a
// new version by itself would raise an alarm of its function.
func (r *rollout) check(ctx context.Context, moves []*move, known map[string]bool) (*verdict, error) {
	for _, m := range moves {
		if err := r.unchanged(ctx, m); err != nil {
			return nil, err
		}
	}
	alarms, err := r.alarms(ctx)
	if err != nil {
		return nil, err
	}
	// The version's own metrics first: unlike the alarms, they identify the
	// function to blame.
	if bad, err := r.checkVersions(ctx, moves, alarms); bad != nil || err != nil {
		return bad, err
	}
	for _, a := range alarms {
		if a.raised && !known[a.name] {
			return a.verdict(), nil
		}
	}
	return nil, nil
}

// checkVersions evaluates the alarms of each function on the metrics of its new
// version, including the current minute. An alarm itself would be raised only
// after the minute, and counts all versions.
func (r *rollout) checkVersions(ctx context.Context, moves []*move, alarms []alarm) (*verdict, error) {
	var queries []query
	var of []alarm // by query
	for _, m := range moves {
		for _, a := range alarms {
			if a.function == m.physical {
				of = append(of, a)
				queries = append(queries, query{m.physical, m.to, a.metric, a.statistic, a.period})
			}
		}
	}
	values, err := r.metrics(ctx, queries, began(moves))
	if err != nil {
		return nil, err
	}
	for i, a := range of {
		breaching := slices.DeleteFunc(slices.Clone(values[i]), func(v float64) bool { return !a.breaches(v) })
		if len(breaching) >= a.datapoints {
			return &verdict{fmt.Sprintf("version %d alone would raise alarm %s: %s of %s was %g",
				queries[i].version, a.name, a.statistic, a.metric, breaching[0]), a.function}, nil
		}
	}
	return nil, nil
}

// began returns when the first of the moves began.
func began(moves []*move) time.Time {
	first := moves[0].started
	for _, m := range moves {
		if m.started.Before(first) {
			first = m.started
		}
	}
	return first
}

// counts are what a new version has done since its rollout began.
type counts struct{ invocations, errors float64 }

// counts returns the counts of each move.
func (r *rollout) counts(ctx context.Context, moves []*move) ([]counts, error) {
	var queries []query
	for _, m := range moves {
		queries = append(queries, query{m.physical, m.to, "Invocations", "Sum", 60}, query{m.physical, m.to, "Errors", "Sum", 60})
	}
	values, err := r.metrics(ctx, queries, began(moves))
	if err != nil {
		return nil, err
	}
	all := make([]counts, len(moves))
	for i := range moves {
		all[i] = counts{sum(values[2*i]), sum(values[2*i+1])}
	}
	return all, nil
}

func sum(values []float64) (total float64) {
	for _, v := range values {
		total += v
	}
	return total
}

// tell prints a line of progress for each move.
func (r *rollout) tell(ctx context.Context, moves []*move) error {
	all, err := r.counts(ctx, moves)
	if err != nil {
		return err
	}
	for i, m := range moves {
		r.say("%s: version %d at %d%%: %g invocations, %g errors", m.name, m.to, m.live.percent, all[i].invocations, all[i].errors)
	}
	return nil
}
