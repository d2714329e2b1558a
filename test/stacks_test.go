package test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"tally/internal/project"
	"tally/localcloud/localcloudtest"
)

// TestStacks deploys two stacks of this program at once to one local cloud. It
// proves that both work, that they share no resources, and that destroying one
// does not affect the other.
func TestStacks(t *testing.T) {
	t.Parallel() // the time counts from when it runs
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
	defer cancel()
	dir := copyProject(t)
	cloud := localcloudtest.Start(t)
	stacks := map[string]*localcloudtest.Stack{}
	var group errgroup.Group
	for _, name := range []string{"local-a", "local-b"} {
		if err := project.CopyFile(dir+"/Pulumi.local.yaml", dir+"/Pulumi."+name+".yaml"); err != nil {
			t.Fatal(err)
		}
		stacks[name] = cloud.NewStack(ctx, localcloudtest.Program{Dir: dir, Stack: name})
	}
	for _, stack := range stacks {
		group.Go(func() error {
			_, err := stack.Up(ctx)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	a := deployed{t, cloud, outputs(ctx, t, stacks["local-a"])}
	b := deployed{t, cloud, outputs(ctx, t, stacks["local-b"])}
	for name, value := range a.out {
		if !slices.Contains([]string{"apiAuth", "rollout"}, name) && b.out[name] == value {
			t.Errorf("both stacks have the output %s = %s", name, value)
		}
	}
	a.adds(ctx)
	b.adds(ctx)
	before := resourcesOf(ctx, cloud)
	if n := len(before["tally/local-a"]); n == 0 || n != len(before["tally/local-b"]) || len(before) != 2 {
		t.Errorf("resources by stack: %v", before)
	}

	if _, err := stacks["local-a"].Destroy(ctx); err != nil {
		t.Fatal(err)
	}
	after := resourcesOf(ctx, cloud)
	if len(after) != 1 || !slices.Equal(after["tally/local-b"], before["tally/local-b"]) {
		t.Errorf("after destroying local-a: %v, before: %v", after, before)
	}
	if refresh, err := stacks["local-b"].Refresh(ctx); err != nil || !strings.Contains(refresh.StdOut, "unchanged") || strings.Contains(refresh.StdOut, "deleted") {
		t.Errorf("a refresh of local-b: %v\n%s", err, refresh.StdOut)
	}
	b.adds(ctx)
}

// resourcesOf returns the names of the resources of each stack, without its alarms, of which
// the status lists those that have been raised.
func resourcesOf(ctx context.Context, cloud *localcloudtest.Cloud) map[string][]string {
	byStack := map[string][]string{}
	for _, r := range cloud.Status(ctx).Resources {
		if r.Type != "alarm" {
			byStack[r.Stack] = append(byStack[r.Stack], r.Type+" "+r.Name)
		}
	}
	return byStack
}
