package test

import (
	"context"
	"testing"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/localcloudtest"
)

// TestFaults publishes messages to a function that counts and to a queue, while faults
// duplicate, delay and reorder them and crash the function, and the local cloud is killed
// once. Everything arrives, some of it twice, and the faults are still set afterwards.
func TestFaults(t *testing.T) {
	const seed, count = 1, 200
	ctx, stop := context.WithTimeout(t.Context(), 15*time.Minute)
	defer stop()
	world := newKillWorld(ctx, t)
	world.cloud.SetFaults(ctx, localcloudtest.Faults{
		Seed: seed, Duplicate: 0.1, Delay: 0.2, DelayFor: 2 * time.Second, Reorder: 0.2,
		Crashes: []localcloudtest.Crash{{Function: "see", Rate: 0.1}},
	})
	c := newClients(world, seed, count)
	consumers := c.consume(ctx)
	senders := c.send(ctx)
	if !c.await(ctx, count/2) {
		t.Fatalf("fewer than %d messages were acknowledged in time; %s", count/2, c)
	}
	world.kill(t)
	faults := world.cloud.Status(ctx).Faults
	if faults == nil || faults.Seed != seed {
		t.Fatalf("faults after the local cloud was killed: %+v", faults)
	}
	senders.Wait()
	lost := world.witness.awaitAll(ctx, c.owed())
	faults = world.cloud.Status(ctx).Faults
	t.Logf("%s; injected since the restart: %v; duplicates: %v", c, faults.Injected, world.witness.duplicatesIn())
	stop()
	consumers.Wait()

	for way, ids := range lost {
		t.Errorf("%s: %d of %d acknowledged messages are lost: %s", way, len(ids), len(c.owed()[way]), some(ids))
	}
	for _, kind := range []cloud.FaultKind{cloud.FaultDuplicate, cloud.FaultDelay, cloud.FaultReorder, cloud.FaultCrash} {
		if faults.Injected[kind] == 0 {
			t.Errorf("there was no %s", kind)
		}
	}
	// At a rate of 10%, fewer than 5 duplicates of some 200 messages are improbable: 1 in
	// 100,000.
	for _, place := range []string{"function", "copies"} {
		if n := world.witness.duplicatesIn()[place]; n < 5 {
			t.Errorf("%d messages arrived twice at %s", n, place)
		}
	}
}
