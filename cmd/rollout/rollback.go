package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// rollback sends all invocations of the functions to an earlier version at once: to
// the given one or, if that is 0, to the one before. The newest version then counts
// as rejected, so that the next run does not roll it out again.
func (r *rollout) rollback(ctx context.Context, to int) error {
	var failed error
	for _, f := range r.functions {
		if err := r.rollbackOne(ctx, f, to); err != nil {
			failed = errors.Join(failed, err)
		}
	}
	return failed
}

func (r *rollout) rollbackOne(ctx context.Context, f function, to int) error {
	a, versions, err := r.read(ctx, f)
	if err != nil {
		return err
	}
	if to == 0 {
		if to = before(a, versions); to == 0 {
			return fmt.Errorf("%s serves version %d, and there is no earlier one", f.name, a.serving())
		}
	}
	if !slices.Contains(versions, to) {
		return fmt.Errorf("%s has no version %d; it has %s", f.name, to, strings.Trim(fmt.Sprint(versions), "[]"))
	}
	newest := versions[len(versions)-1]
	want := r.pinned(to, newest)
	want.description = fmt.Sprintf("set to %d at %s", to, time.Now().UTC().Format(time.RFC3339))
	if to != newest {
		want.description = rejection{newest, time.Now(), "by hand"}.String()
	}
	m := &move{function: f, live: a}
	if err = r.set(ctx, m, want); errors.Is(err, errUnlike) {
		// Versions that cannot share the alias. Until the next deployment, this
		// works without weights, too.
		want.version, want.additional, want.percent = to, 0, 0
		r.say("%s: pulumi up --refresh would return to version %d: %v", f.name, newest, err)
		err = r.set(ctx, m, want)
	}
	if err != nil {
		return err
	}
	r.say("%s: version %d receives everything; before, it was %s", f.name, to, a)
	return nil
}

// before returns the version that a rollback without a version returns to: the
// previous one during a rollout, and otherwise the newest of those older than the
// one that is served. It returns 0 if there is none.
func before(a alias, versions []int) int {
	if a.split() {
		return a.version
	}
	to := 0
	for _, v := range versions { // in ascending order
		if v < a.serving() {
			to = v
		}
	}
	return to
}

// pinned returns the alias that sends everything to one version, in a form that
// deployments leave alone. With the strategy all-at-once, deployments point live to
// the newest version and leave only its weights alone.
func (r *rollout) pinned(to, newest int) alias {
	if len(r.strategy) == 0 && to != newest {
		return alias{version: newest, additional: to, percent: 100}
	}
	return at(to)
}

// prune deletes the old versions of all functions, except for the newest ones and
// those that an alias points to.
func (r *rollout) prune(ctx context.Context) error {
	for _, f := range r.functions {
		versions, err := r.versions(ctx, f.physical)
		if err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		used, err := r.referenced(ctx, f.physical)
		if err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		for _, v := range versions[:max(0, len(versions)-r.keep)] {
			if used[v] {
				continue
			}
			if err := r.remove(ctx, f.physical, v); err != nil {
				return fmt.Errorf("%s: delete version %d: %w", f.name, v, err)
			}
			r.say("%s: deleted version %d", f.name, v)
		}
	}
	return nil
}

// status prints what live serves of each function.
func (r *rollout) status(ctx context.Context) error {
	for _, f := range r.functions {
		a, versions, err := r.read(ctx, f)
		if err != nil {
			return err
		}
		fmt.Fprintf(r.out, "%s: %s of %s", f.name, a, strings.Trim(fmt.Sprint(versions), "[]"))
		if a.description != "" {
			fmt.Fprintf(r.out, " (%s)", a.description)
		}
		fmt.Fprintln(r.out)
	}
	return nil
}
