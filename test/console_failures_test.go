package test

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
)

// failed is what the command redrive and the console say of a message.
type failed struct {
	MessageID, Condition, Reason, Payload string
	Attempts                              int
}

// consoleAgrees checks that the console understands the messages in failure queues as the
// command redrive does.
func (r redriver) consoleAgrees(ctx context.Context) {
	r.t.Helper()
	byID := func(messages []failed) []failed {
		found := map[string]failed{}
		for _, m := range messages {
			found[m.MessageID] = m
		}
		var all []failed
		for _, id := range slices.Sorted(maps.Keys(found)) {
			all = append(all, found[id])
		}
		return all
	}
	type queues []struct{ Messages []failed }
	merge := func(all queues) (merged []failed) {
		for _, q := range all {
			merged = append(merged, q.Messages...)
		}
		return byID(merged)
	}
	var listed, shown queues
	if err := json.Unmarshal([]byte(r.must(ctx, "list", "-json")), &listed); err != nil {
		r.t.Fatal(err)
	}
	r.cloud.Query(ctx, "failures", &shown)
	if want, got := merge(listed), merge(shown); !slices.Equal(want, got) || len(want) == 0 {
		r.t.Errorf("redrive lists\n%+v\nand the console\n%+v", want, got)
	}
}
