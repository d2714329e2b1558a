package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
)

// A provocation does what should raise a kind of alarm.
type provocation struct {
	cause  string // for people
	raises func(alarm) bool
	// provoke does it for all alarms that it raises, and adds to undo what restores the
	// stack, also if it fails.
	provoke func(ctx context.Context, d *drill, all []alarm, undo *undo) error
	// long means that it is complete at once, but the alarms are raised much later.
	long bool
	// alone means that it must wait for the long ones, because it would disturb them.
	alone bool
}

// watches returns a function that selects the alarms on metrics of a namespace.
func watches(namespace string, metrics ...string) func(alarm) bool {
	return func(a alarm) bool { return a.namespace == namespace && slices.Contains(metrics, a.metric) }
}

// holds returns a function that selects the alarms on the messages of a kind of queue.
func holds(kind queueKind) func(alarm) bool {
	visible := watches("AWS/SQS", visibleMessages)
	return func(a alarm) bool { return visible(a) && a.queue.kind == kind }
}

// visibleMessages is the metric of queues that should be empty.
const visibleMessages = "ApproximateNumberOfMessagesVisible"

// anyOf returns a function that selects the alarms that one of the functions selects.
func anyOf(all ...func(alarm) bool) func(alarm) bool {
	return func(a alarm) bool {
		return slices.ContainsFunc(all, func(selects func(alarm) bool) bool { return selects(a) })
	}
}

// provocations raise alarms by what they watch. Those that need no function come first, while
// events wait.
var provocations = []provocation{
	{cause: "an event waits for hours", raises: watches("AWS/Lambda", "AsyncEventAge"), provoke: holdEvents, long: true},
	{cause: "requests to a table fail", raises: watches("AWS/DynamoDB", "SystemErrors"), provoke: failTables},
	{cause: "requests to a table are throttled", raises: watches("AWS/DynamoDB", "ReadThrottleEvents", "WriteThrottleEvents"), provoke: throttleTables},
	{cause: "a subscriber and its redrive queue refuse a message", provoke: refuseEverything,
		raises: watches("AWS/SNS", "NumberOfNotificationsFailed", "NumberOfNotificationsFailedToRedriveToDlq")},
	{cause: "a subscriber refuses a message", raises: holds(redriveQueue), provoke: refuseDelivery},
	{cause: "a consumer receives a message and never deletes it", raises: holds(deadLetterQueue), provoke: receiveAgainAndAgain},
	{cause: "nobody receives the messages of a queue", raises: watches("AWS/SQS", "ApproximateAgeOfOldestMessage"), provoke: stopConsumers},
	{cause: "a message that the function cannot process", provoke: poison, alone: true,
		raises: anyOf(watches("AWS/Lambda", "Errors", "AsyncEventsDropped"), holds(failureQueue))},
	{cause: "no concurrency, and the failure queue refuses events", raises: watches("AWS/Lambda", "Throttles", "DestinationDeliveryFailures"), provoke: throttle, alone: true},
	{cause: "a burst of slow invocations", raises: watches("AWS/Lambda", "Duration", "ConcurrentExecutions"), provoke: slowDown, alone: true},
	{cause: "slow requests", raises: watches("AWS/ApiGateway", "Latency"), provoke: slowRequests, alone: true},
	{cause: "functions crash", raises: watches("AWS/ApiGateway", "5xx"), provoke: crash, alone: true},
}

// holdEvents sends an event to each function, and holds it back until it is old enough.
func holdEvents(ctx context.Context, d *drill, all []alarm, undo *undo) error {
	oldest := time.Duration(0)
	for _, a := range all {
		oldest = max(oldest, a.age())
	}
	if err := setFaults(ctx, undo, "--delay", fmt.Sprint("1:", oldest+time.Minute)); err != nil {
		return err
	}
	for _, a := range all {
		if err := d.invokeLater(ctx, a.dimensions["FunctionName"], harmless()); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, d.patience)
	defer cancel()
	for {
		s, err := localStatus(ctx)
		if err != nil {
			return err
		}
		if s.Faults != nil && s.Faults.Injected["delay"] >= len(all) {
			return undo.run(ctx) // the events are held back, also without the fault
		}
		wait(ctx, pollInterval)
	}
}

// poison sends each function an event that it cannot process, until Lambda gives up on it.
func poison(ctx context.Context, d *drill, all []alarm, undo *undo) error {
	undo.add(d.emptyFailures)
	for _, function := range functionsOf(all) {
		event, err := d.poisonFor(ctx, function)
		if err != nil {
			return err
		}
		if err := d.invokeLater(ctx, function, event); err != nil {
			return err
		}
	}
	return nil
}

// throttle takes away the concurrency of the functions, and the permission to send events
// that they cannot process to their failure queues.
func throttle(ctx context.Context, d *drill, all []alarm, undo *undo) error {
	undo.add(d.emptyFailures)
	for _, function := range functionsOf(all) {
		if err := d.reserveNothing(ctx, function, undo); err != nil {
			return err
		}
		destination, err := d.failureDestination(ctx, function)
		if err != nil {
			return err
		}
		if err := d.denySending(ctx, destination, undo); err != nil {
			return err
		}
		if err := d.invoke(ctx, function, harmless()); !isThrottled(err) {
			return errors.Join(fmt.Errorf("%s was not throttled", function), err)
		}
		if err := d.invokeLater(ctx, function, harmless()); err != nil {
			return err
		}
	}
	return nil
}

// slowDown invokes each function as often at the same time as its alarm allows, and makes
// each invocation as slow.
func slowDown(ctx context.Context, d *drill, all []alarm, undo *undo) error {
	slow, bursts := 0.0, map[string]int{}
	for _, a := range all {
		n := 1
		if a.metric == "Duration" {
			slow = max(slow, a.threshold)
		} else {
			n = int(math.Ceil(a.threshold))
		}
		bursts[a.dimensions["FunctionName"]] = max(n, bursts[a.dimensions["FunctionName"]])
	}
	if err := setFaults(ctx, undo, "--slow", fmt.Sprintf("*=1:%v", milliseconds(slow+300))); err != nil {
		return err
	}
	undo.add(d.emptyFailures)
	var group errgroup.Group
	for function, n := range bursts {
		for range n {
			group.Go(func() error {
				if err := d.invoke(ctx, function, harmless()); err != nil && !isThrottled(err) { // part of a burst
					return err
				}
				return nil
			})
		}
	}
	return group.Wait()
}

// slowRequests sends requests to slow functions until the alarm is raised.
func slowRequests(ctx context.Context, d *drill, all []alarm, undo *undo) error {
	slow := 0.0
	for _, a := range all {
		slow = max(slow, a.threshold)
	}
	if err := setFaults(ctx, undo, "--slow", fmt.Sprintf("*=1:%v", milliseconds(slow+200))); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	var group errgroup.Group
	undo.add(func(context.Context) error {
		cancel()
		return group.Wait()
	})
	group.Go(func() error {
		for ; ctx.Err() == nil; wait(ctx, 400*time.Millisecond) {
			group.Go(func() error {
				_, err := d.request(ctx)
				if ctx.Err() != nil {
					return nil
				}
				return err
			})
		}
		return nil
	})
	return nil
}

// crash ends the execution environment of a function behind the API.
func crash(ctx context.Context, d *drill, _ []alarm, undo *undo) error {
	if err := setFaults(ctx, undo, "--crash", "*=1:before"); err != nil {
		return err
	}
	status, err := d.request(ctx)
	if err == nil && status < 500 {
		err = fmt.Errorf("the API responded with the status %d", status)
	}
	return err
}

// functionsOf returns the functions that alarms watch, or whose failures they watch.
func functionsOf(all []alarm) (names []string) {
	for _, a := range all {
		name := a.queue.function
		if a.namespace == "AWS/Lambda" {
			name = a.dimensions["FunctionName"]
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

func milliseconds(n float64) time.Duration { return time.Duration(n) * time.Millisecond }

// wait waits for a time, or until ctx ends.
func wait(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
