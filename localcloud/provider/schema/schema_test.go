package schema

import (
	"errors"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// lamp returns a resource type with a property of every kind.
func lamp() *Type {
	return &Type{
		Token: "aws:test/lamp:Lamp", Noun: "Test Lamp",
		Inputs: []Property{
			{Name: "name", ForceNew: true, AutoName: 20},
			{Name: "room", Required: true, ForceNew: true},
			{Name: "watts", Kind: Int, Default: 40, Check: func(v any) error {
				if v.(float64) > 100 {
					return errors.New("expected at most 100 watts")
				}
				return nil
			}},
			{Name: "dim", Kind: Bool},
			{Name: "policy", Kind: Policy, Computed: true},
			{Name: "colours", Kind: List},
			{Name: "shade", Kind: Object, Properties: []Property{
				{Name: "size", Kind: Int, Required: true},
				{Name: "labels", Kind: Map},
				{Name: "fabric", Computed: true, Recorded: true},
			}},
			{Name: "code", Kind: Archive},
			{Name: "warmth", Kind: Float},
			{Name: "plan", Kind: JSON},
			{Name: "shares", Kind: Numbers, Recorded: true},
			{Name: "bulbs", Kind: Objects, Unsupported: []string{"fuse"}, Properties: []Property{
				{Name: "socket", Required: true},
				{Name: "watts", Kind: Int, Computed: true},
			}},
			TagProperty(),
		},
		Outputs: []Output{
			{Name: "arn"},
			{Name: "lastModified", Follows: []string{Any}},
			{Name: "codeHash", Follows: []string{"code"}},
			TagOutput(),
		},
		Unsupported: []string{"vpcConfig"},
	}
}

func props(m map[string]any) resource.PropertyMap { return resource.NewPropertyMapFromMap(m) }

func with(m resource.PropertyMap, changes map[string]any) resource.PropertyMap {
	m = m.Copy()
	for k, v := range changes {
		if v == nil {
			delete(m, resource.PropertyKey(k))
			continue
		}
		m[resource.PropertyKey(k)] = resource.NewPropertyValue(v)
	}
	return m
}

func check(t *testing.T, r CheckRequest) resource.PropertyMap {
	t.Helper()
	r.Name = "lamp"
	in, failures := lamp().Check(r)
	if len(failures) > 0 {
		t.Fatalf("Check: %v", failures)
	}
	return in
}

func TestCheckReportsEverythingThatIsWrong(t *testing.T) {
	_, failures := lamp().Check(CheckRequest{Name: "a-name-that-is-far-too-long", New: props(map[string]any{
		"rooom":     "hall",
		"watts":     250,
		"dim":       "yes",
		"vpcConfig": map[string]any{},
		"shade":     map[string]any{"labels": map[string]any{"a": 1}, "colour": "red"},
		"colours":   []any{"red", true},
		"policy":    3,
		"warmth":    "warm",
		"plan":      "{",
		"shares":    map[string]any{"a": 0.5, "b": "half"},
		"bulbs":     []any{map[string]any{"socket": "E27"}, map[string]any{"fuse": true}, "E14"},
	})})
	got := map[string]string{}
	for _, f := range failures {
		got[string(f.Property)] = f.Reason
	}
	takes := " (it takes: bulbs, code, colours, dim, name, plan, policy, room, shade, shares, tags, warmth, watts)"
	want := map[string]string{
		"bulbs[1].fuse":   `the local cloud does not emulate "bulbs[1].fuse" of aws:test/lamp:Lamp (it takes: socket, watts)`,
		"bulbs[1].socket": "missing required property of aws:test/lamp:Lamp",
		"bulbs[2]":        `must be an object, not the string "E14"`,
		"plan":            `must be a JSON document, not the string "{"`,
		"warmth":          `must be a number, not the string "warm"`,
		"colours[1]":      "must be a string, not the boolean true",
		"dim":             `must be a boolean, not the string "yes"`,
		"name":            "name 'a-name-that-is-far-too-long-' plus 7 random chars is longer than maximum length 20",
		"policy":          "must be a JSON policy document, not the number 3",
		"room":            "missing required property of aws:test/lamp:Lamp",
		"rooom":           `aws:test/lamp:Lamp has no property "rooom"; did you mean "room"?` + takes,
		"shares.b":        `must be a number, not the string "half"`,
		"shade.colour":    `aws:test/lamp:Lamp has no property "shade.colour" (it takes: fabric, labels, size)`,
		"shade.labels.a":  "must be a string, not the number 1",
		"shade.size":      "missing required property of aws:test/lamp:Lamp",
		"vpcConfig":       `the local cloud does not emulate "vpcConfig" of aws:test/lamp:Lamp` + takes,
		"watts":           "expected at most 100 watts",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("failures (-want +got):\n%s", d)
	}
}

func TestTogether(t *testing.T) {
	dimmed := lamp()
	dimmed.Together = func(in Values, fail Fail) {
		if in.Given("dim") && !in.Given("warmth") {
			fail("warmth", "goes with dim; the room is %q, %v", in.String("room"), in.Has("room"))
		}
	}
	for name, tc := range map[string]struct {
		inputs map[string]any
		want   []Failure
	}{
		"right":   {inputs: map[string]any{"room": "hall", "dim": true, "warmth": 1.5}},
		"unknown": {inputs: map[string]any{"room": "hall", "dim": true, "warmth": unknown()}},
		"wrong": {inputs: map[string]any{"room": unknown(), "dim": true},
			want: []Failure{{Property: "warmth", Reason: `goes with dim; the room is "", false`}}},
		"wrong by itself": {inputs: map[string]any{"dim": true},
			want: []Failure{{Property: "room", Reason: "missing required property of aws:test/lamp:Lamp"}}},
	} {
		t.Run(name, func(t *testing.T) {
			_, got := dimmed.Check(CheckRequest{Name: "lamp", New: props(tc.inputs)})
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Errorf("failures (-want +got):\n%s", d)
			}
		})
	}
}

func TestCheckFillsInDefaultsAndTags(t *testing.T) {
	in := check(t, CheckRequest{
		Seed: []byte("seed"),
		New: props(map[string]any{
			"room": "hall", "tags": map[string]any{"a": "own"},
			"policy": map[string]any{"Version": "2012-10-17"},
		}),
		DefaultTags: map[string]string{"a": "default", "b": "default"},
	})
	again := check(t, CheckRequest{Seed: []byte("seed"), New: props(map[string]any{"room": "hall"})})
	if again["name"] != in["name"] || !regexp.MustCompile(`^lamp-[0-9a-f]{7}$`).MatchString(in["name"].StringValue()) {
		t.Errorf("names: %v, %v", in["name"], again["name"])
	}
	want := map[string]any{
		"name": in["name"].StringValue(), "room": "hall", "watts": 40.0, "policy": `{"Version":"2012-10-17"}`,
		"tags":       map[string]any{"a": "own"},
		"tagsAll":    map[string]any{"a": "own", "b": "default"},
		"__defaults": []any{"name", "watts"},
	}
	if d := cmp.Diff(want, in.Mappable()); d != "" {
		t.Errorf("inputs (-want +got):\n%s", d)
	}
}

// A resource's own tags are checked, and then all tags if there are default tags.
func TestTagsAreChecked(t *testing.T) {
	tagged := lamp()
	i := slices.IndexFunc(tagged.Inputs, func(p Property) bool { return p.Name == tags })
	tagged.Inputs[i].Check = func(v any) error {
		if len(v.(map[string]any)) > 1 {
			return errors.New("at most one tag")
		}
		return nil
	}
	one, two := map[string]any{"a": "1"}, map[string]any{"a": "1", "b": unknown()}
	for name, tc := range map[string]struct {
		own         any
		defaultTags map[string]string
		reason      string // "" for none
	}{
		"one":               {own: one},
		"two":               {own: two, reason: "at most one tag"},
		"two and a default": {own: two, defaultTags: map[string]string{"c": "3"}, reason: "at most one tag"},
		"one and a default": {own: one, defaultTags: map[string]string{"c": "3"}, reason: "with the default tags of the provider: at most one tag"},
		"the same default":  {own: one, defaultTags: map[string]string{"a": "3"}},
		"unknown":           {own: unknown(), defaultTags: map[string]string{"c": "3"}},
		"defaults alone":    {defaultTags: map[string]string{"c": "3", "d": "4"}, reason: "with the default tags of the provider: at most one tag"},
	} {
		inputs := props(map[string]any{"room": "hall"})
		if tc.own != nil {
			inputs = with(inputs, map[string]any{tags: tc.own})
		}
		_, failures := tagged.Check(CheckRequest{Name: "lamp", New: inputs, DefaultTags: tc.defaultTags})
		want := []Failure{{Property: tags, Reason: tc.reason}}
		if tc.reason == "" {
			want = nil
		}
		if d := cmp.Diff(want, failures); d != "" {
			t.Errorf("%s: failures (-want +got):\n%s", name, d)
		}
	}
}

// A Check never receives elements of the wrong kind.
func TestChecksOfElements(t *testing.T) {
	coloured := lamp()
	i := slices.IndexFunc(coloured.Inputs, func(p Property) bool { return p.Kind == List })
	coloured.Inputs[i].Check = func(v any) error {
		for _, e := range v.([]any) {
			_ = e.(string)
		}
		return nil
	}
	_, failures := coloured.Check(CheckRequest{Name: "lamp", New: props(map[string]any{"room": "hall", "colours": []any{"red", 1}})})
	if d := cmp.Diff([]Failure{{Property: "colours[1]", Reason: "must be a string, not the number 1"}}, failures); d != "" {
		t.Errorf("failures (-want +got):\n%s", d)
	}
}

// The Check of a JSON property also refuses strings that are not JSON.
func TestChecksOfDocuments(t *testing.T) {
	planned := lamp()
	i := slices.IndexFunc(planned.Inputs, func(p Property) bool { return p.Kind == JSON })
	planned.Inputs[i].Check = func(v any) error { return errors.New("refused " + v.(string)) }
	_, failures := planned.Check(CheckRequest{Name: "lamp", New: props(map[string]any{"room": "hall", "plan": "{"})})
	if d := cmp.Diff([]Failure{{Property: "plan", Reason: "refused {"}}, failures); d != "" {
		t.Errorf("failures (-want +got):\n%s", d)
	}
}

func TestUnknownsAndSecretsPassTheCheck(t *testing.T) {
	in := check(t, CheckRequest{New: resource.PropertyMap{
		"room":   unknown(),
		"watts":  resource.MakeSecret(resource.NewNumberProperty(60)),
		"tags":   unknown(),
		"shade":  resource.NewObjectProperty(resource.PropertyMap{"size": unknown()}),
		"policy": resource.NewObjectProperty(resource.PropertyMap{"Statement": unknown()}),
	}})
	if !in["room"].IsComputed() || !in["tagsAll"].IsComputed() || !in["watts"].IsSecret() || !in["policy"].ContainsUnknowns() {
		t.Errorf("inputs: %v", in)
	}
	_, failures := lamp().Check(CheckRequest{Name: "lamp", New: resource.PropertyMap{
		"room": unknown(), "watts": resource.MakeSecret(resource.NewNumberProperty(101))}})
	if len(failures) != 1 || failures[0].Property != "watts" {
		t.Errorf("a secret value was not checked: %v", failures)
	}
}

// A policy with a secret inside is a secret document, whether or not the policy
// itself is a secret.
func TestPolicyWithSecret(t *testing.T) {
	policy := resource.NewObjectProperty(resource.PropertyMap{
		"Version": resource.MakeSecret(resource.NewStringProperty("2012-10-17")),
	})
	for _, p := range []resource.PropertyValue{policy, resource.MakeSecret(policy)} {
		in := check(t, CheckRequest{New: resource.PropertyMap{"room": resource.NewStringProperty("hall"), "policy": p}})
		if got := in["policy"]; !got.IsSecret() || got.SecretValue().Element.V != `{"Version":"2012-10-17"}` {
			t.Errorf("policy: %v", got)
		}
	}
}

func TestWithoutEffect(t *testing.T) {
	for name, tc := range map[string]struct {
		in   map[string]any
		want []string
	}{
		"none":      {in: map[string]any{"room": "hall", "shade": map[string]any{"size": 1}}},
		"nested":    {in: map[string]any{"shade": map[string]any{"fabric": "silk"}, "shares": map[string]any{"a": 0.5}}, want: []string{"shade.fabric", "shares"}},
		"defaulted": {in: map[string]any{"shares": map[string]any{"a": 0.5}, defaults: []any{"shares"}}},
		"secret":    {in: map[string]any{"shade": resource.MakeSecret(resource.NewObjectProperty(props(map[string]any{"fabric": "silk"})))}, want: []string{"shade.fabric"}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := lamp().WithoutEffect(props(tc.in)); !slices.Equal(got, tc.want) {
				t.Errorf("%v, want %v", got, tc.want)
			}
		})
	}
}
