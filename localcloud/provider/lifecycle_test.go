package provider

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

func (c cloudUnderTest) api() made {
	c.t.Helper()
	return c.create("aws:apigatewayv2/api:Api", "api", map[string]any{"protocolType": "HTTP"})
}

func TestLifeCycle(t *testing.T) {
	all := allLifeCycles()
	for _, l := range all {
		t.Run(l.token, func(t *testing.T) { l.run(t, start(t)) })
	}
	for _, r := range resources(place, newServices(t), "") {
		if !slices.ContainsFunc(all, func(l lifeCycle) bool { return l.token == r.Token }) {
			t.Errorf("%s has no life cycle here", r.Token)
		}
	}
}

func allLifeCycles() []lifeCycle {
	return slices.Concat(lifeCycles(), lambdaLifeCycles(), snsLifeCycles(), sqsLifeCycles(), secretLifeCycles(), schedulerLifeCycles(), eventsLifeCycles(), apiGatewayLifeCycles(), cloudWatchLifeCycles(), dynamoLifeCycles(), recordedLifeCycles())
}

func (l lifeCycle) run(t *testing.T, c cloudUnderTest) {
	program := resource.NewPropertyMapFromMap(l.inputs(c))
	inputs := c.check(l.token, "thing", nil, program)
	preview := c.preview(l.token, "thing", inputs)
	m := c.create(l.token, "thing", mappable(program))
	l.settled(c, m)
	l.checkCreated(t, program, m)
	truthful(t, "create", preview, m.state)

	again := c.check(l.token, "thing", m.inputs, program)
	c.same(m, m.inputs, again)
	c.same(m, c.read(m, "").inputs, again)
	equal(t, "refreshed state", c.read(m, "").state, m.state)
	l.checkImport(t, c, m)
	if l.update != nil {
		m = l.checkUpdate(t, c, program, m)
	}
	if l.replace != nil {
		l.checkReplace(t, c, program, m)
	}
	if l.drift != nil {
		l.checkDrift(t, c, m)
	}
	c.delete(m)
	if got := c.read(m, ""); (got.id != "") != l.remains {
		t.Errorf("it exists after its deletion: %v", got)
	}
	c.delete(m)
}

func (l lifeCycle) settled(c cloudUnderTest, m made) {
	if l.settle != nil {
		l.settle(c, m)
	}
}

// mappable leaves archives and secrets unchanged.
func mappable(m resource.PropertyMap) map[string]any {
	out := map[string]any{}
	for k, v := range m {
		out[string(k)] = v
	}
	return out
}

func (l lifeCycle) checkCreated(t *testing.T, program resource.PropertyMap, m made) {
	t.Helper()
	if !regexp.MustCompile("^" + l.id + "$").MatchString(m.id) {
		t.Errorf("id %q", m.id)
	}
	for k, v := range m.state {
		pattern, expected := l.outputs[string(k)]
		switch given, isInput := program[k]; {
		case expected:
			if got := fmt.Sprint(v.Mappable()); !regexp.MustCompile("^" + pattern + "$").MatchString(got) {
				t.Errorf("%s = %s, want %s", k, got, pattern)
			}
		case isInput && k != "loggingConfig":
			equal(t, string(k), resource.PropertyMap{k: v}, resource.PropertyMap{k: given})
		case !isInput:
			t.Errorf("unexpected output %s = %v", k, v)
		}
	}
	for k := range l.outputs {
		if _, ok := m.state[resource.PropertyKey(k)]; !ok {
			t.Errorf("no output %s", k)
		}
	}
}

// truthful checks that the preview has every property of the actual state, with
// the same value if it is not unknown.
func truthful(t *testing.T, what string, preview, state resource.PropertyMap) {
	t.Helper()
	for k, v := range state {
		known, ok := preview[k]
		if !ok {
			t.Errorf("%s: the preview lacks %s", what, k)
		} else if !known.ContainsUnknowns() && !partOfState(known, v) {
			t.Errorf("%s: the preview has %s = %v, the state %v", what, k, known, v)
		}
	}
}

// partOfState reports whether v has the known values. A service may add
// properties to an object.
func partOfState(known, v resource.PropertyValue) bool {
	if !known.IsObject() || !v.IsObject() {
		return known.DeepEquals(v)
	}
	for k, e := range known.ObjectValue() {
		if !partOfState(e, v.ObjectValue()[k]) {
			return false
		}
	}
	return true
}

func equal(t *testing.T, what string, got, want resource.PropertyMap) {
	t.Helper()
	if !got.DeepEquals(want) {
		t.Errorf("%s:\ngot  %v\nwant %v", what, got, want)
	}
}

func (l lifeCycle) checkImport(t *testing.T, c cloudUnderTest, m made) {
	t.Helper()
	id := m.id
	if l.importID != nil {
		id = l.importID(m)
	}
	imported := c.read(m, id)
	if imported.id != m.id {
		t.Errorf("imported %s as %q", id, imported.id)
	}
	// Code cannot be read back: the update after an import deploys the program's.
	inputs := m.inputs.Copy()
	delete(inputs, "code")
	maps.Copy(inputs, resource.NewPropertyMapFromMap(l.imported))
	c.same(m, imported.inputs, inputs)
}

func (l lifeCycle) checkUpdate(t *testing.T, c cloudUnderTest, program resource.PropertyMap, m made) made {
	t.Helper()
	changed := program.Copy()
	maps.Copy(changed, resource.NewPropertyMapFromMap(l.update))
	inputs := c.check(l.token, "thing", m.inputs, changed)
	got := map[string]string{}
	d := c.diff(m, m.inputs, inputs)
	for path, p := range d.DetailedDiff {
		got[path] = p.Kind.String()
	}
	if !maps.Equal(got, l.diff) || len(d.Replaces) > 0 {
		t.Errorf("diff %v, want %v; replaces %v", got, l.diff, d.Replaces)
	}
	preview := c.update(m, inputs, true)
	for _, k := range d.Stables {
		if got, was := preview[resource.PropertyKey(k)], m.state[resource.PropertyKey(k)]; !got.DeepEquals(was) {
			t.Errorf("the stable output %s is previewed as %v", k, got)
		}
	}
	m.state, m.inputs = c.update(m, inputs, false), inputs
	l.settled(c, m)
	truthful(t, "update", preview, m.state)
	refreshed := c.read(m, "")
	c.same(m, refreshed.inputs, inputs)
	equal(t, "state after the update", refreshed.state, m.state)
	return m
}

func (l lifeCycle) checkReplace(t *testing.T, c cloudUnderTest, program resource.PropertyMap, m made) {
	t.Helper()
	changed := program.Copy()
	maps.Copy(changed, resource.NewPropertyMapFromMap(l.replace))
	d := c.diff(m, m.inputs, c.check(l.token, "thing", m.inputs, changed))
	if !slices.Equal(d.Replaces, l.replaces) || d.DeleteBeforeReplace != l.deletes {
		t.Errorf("replaces %v, delete first %v", d.Replaces, d.DeleteBeforeReplace)
	}
}

func (l lifeCycle) checkDrift(t *testing.T, c cloudUnderTest, m made) {
	t.Helper()
	if err := l.drift(c, m); err != nil {
		t.Fatal(err)
	}
	refreshed := c.read(m, "")
	d := c.diff(refreshed, refreshed.inputs, m.inputs)
	if !slices.Equal(d.Diffs, l.seen) {
		t.Errorf("drift is detected in %v, want %v", d.Diffs, l.seen)
	}
	if len(d.Replaces) > 0 {
		return
	}
	refreshed.state, refreshed.inputs = c.update(refreshed, m.inputs, false), m.inputs
	c.same(m, c.read(refreshed, "").inputs, m.inputs)
}
