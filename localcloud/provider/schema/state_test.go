package schema

import (
	"maps"
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

func TestPreviews(t *testing.T) {
	in := check(t, CheckRequest{New: props(map[string]any{"room": "hall", "name": "lamp"})})
	state := lamp().PreviewCreate(in)
	for _, name := range []resource.PropertyKey{"arn", "lastModified", "codeHash", "policy", "tagsAll"} {
		if !state[name].IsComputed() {
			t.Errorf("create: %s is %v", name, state[name])
		}
	}
	if state["room"].StringValue() != "hall" || state.HasValue(defaults) {
		t.Errorf("create: %v", state)
	}
	parts := map[string]any{"shade": map[string]any{"size": 1}, "bulbs": []any{map[string]any{"socket": "E27"}}}
	fabric := func(state resource.PropertyMap) resource.PropertyValue { return state["shade"].ObjectValue()["fabric"] }
	watts := func(state resource.PropertyMap) resource.PropertyValue {
		return state["bulbs"].ArrayValue()[0].ObjectValue()["watts"]
	}
	state = lamp().PreviewCreate(with(in, parts))
	if !fabric(state).IsComputed() || !watts(state).IsComputed() {
		t.Errorf("create: values that the service chooses inside of objects are known: %v", state)
	}
	chosen := props(map[string]any{"shade": map[string]any{"size": 1, "fabric": "silk"}, "bulbs": []any{map[string]any{"socket": "E27", "watts": 9}}})
	state = lamp().PreviewUpdate(chosen, with(in, parts), with(in, parts))
	if fabric(state).V != "silk" || watts(state).V != 9.0 {
		t.Errorf("update: values that the service chose inside of objects are lost: %v", state)
	}
	old := props(map[string]any{"room": "hall", "name": "lamp", "watts": 40, "arn": "arn", "lastModified": "then", "codeHash": "hash", "policy": "{}", "tagsAll": map[string]any{}})
	state = lamp().PreviewUpdate(old, in, with(in, map[string]any{"watts": 60}))
	want := with(old, map[string]any{"watts": 60, "lastModified": unknown()})
	if !state.DeepEquals(want) {
		t.Errorf("update: %v, want %v", state, want)
	}
	if got := lamp().Effective(old, in)["policy"]; got.StringValue() != "{}" {
		t.Errorf("the service's own policy is lost: %v", got)
	}
}

func TestStateAndInputsOfALiveResource(t *testing.T) {
	in := with(check(t, CheckRequest{New: props(map[string]any{
		"room": "hall", "policy": `{ "Version": "x" }`, "dim": true,
	})}), map[string]any{"shade": map[string]any{"size": 1, "labels": map[string]any{"key": resource.MakeSecret(resource.NewStringProperty("s"))}}})
	name := in["name"].StringValue()
	live := props(map[string]any{
		"name": name, "room": "hall", "watts": 40, "policy": `{"Version":"x"}`, "arn": "arn",
		"shade": map[string]any{"size": 1, "labels": map[string]any{"key": "s"}, "fabric": "silk"}, "tagsAll": map[string]any{},
	})
	state := lamp().State(live, in)
	if state["policy"].StringValue() != `{ "Version": "x" }` || !state["shade"].ContainsSecrets() || !state["dim"].BoolValue() || state["arn"].StringValue() != "arn" {
		t.Errorf("state: %v", state)
	}
	if fabric := state["shade"].ObjectValue()["fabric"]; fabric.V != "silk" {
		t.Errorf("what the service chose inside of an object is lost: %v", state["shade"])
	}
	if again := lamp().ReadInputs(live, in, nil); !again.DeepEquals(in) {
		t.Errorf("undrifted inputs changed:\n%v\n%v", in, again)
	}
	drifted := with(live, map[string]any{"watts": 60, "colours": []any{"red"},
		"shade": map[string]any{"size": 2, "labels": map[string]any{"key": "other"}}})
	got := lamp().Diff(nil, lamp().ReadInputs(drifted, in, nil), in)
	paths := slices.Sorted(maps.Keys(got.DetailedDiff))
	if want := []string{"colours", "shade.labels.key", "shade.size", "watts"}; !slices.Equal(paths, want) {
		t.Errorf("drift: %v, want %v", paths, want)
	}
	imported := lamp().ReadInputs(live, nil, nil)
	program := check(t, CheckRequest{New: props(map[string]any{"room": "hall", "name": name, "shade": map[string]any{"size": 1, "labels": map[string]any{"key": "s"}}})})
	if d := lamp().Diff(live, imported, program); d.Changes != pulumirpc.DiffResponse_DIFF_NONE {
		t.Errorf("an import differs from its program: %v", d.DetailedDiff)
	}
}
