package schema

import (
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/archive"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
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
		want   []plugin.CheckFailure
	}{
		"right":   {inputs: map[string]any{"room": "hall", "dim": true, "warmth": 1.5}},
		"unknown": {inputs: map[string]any{"room": "hall", "dim": true, "warmth": unknown()}},
		"wrong": {inputs: map[string]any{"room": unknown(), "dim": true},
			want: []plugin.CheckFailure{{Property: "warmth", Reason: `goes with dim; the room is "", false`}}},
		"wrong by itself": {inputs: map[string]any{"dim": true},
			want: []plugin.CheckFailure{{Property: "room", Reason: "missing required property of aws:test/lamp:Lamp"}}},
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

func TestNames(t *testing.T) {
	room := props(map[string]any{"room": "hall"})
	first := check(t, CheckRequest{New: room})
	if later := check(t, CheckRequest{New: room, Old: first}); later["name"] != first["name"] {
		t.Errorf("the name changed from %v to %v", first["name"], later["name"])
	}
	prefixed := lamp()
	prefixed.Inputs[0].AutoPrefix = "alias/"
	for _, a := range []*plugin.AutonamingOptions{nil, {Mode: plugin.AutonamingModePropose, ProposedName: "lamp-1234567"}} {
		in, _ := prefixed.Check(CheckRequest{Name: "lamp", New: room, Autonaming: a})
		if got := in["name"].StringValue(); !regexp.MustCompile(`^alias/lamp-[0-9a-f]{7}$`).MatchString(got) {
			t.Errorf("a name with a prefix: %q", got)
		}
	}
	named := with(room, map[string]any{"name": "mine"})
	if got := check(t, CheckRequest{New: named, Old: first})["name"].StringValue(); got != "mine" {
		t.Errorf("the program's name became %q", got)
	}
	// A name that the program chose and then omitted is not a generated one.
	if got := check(t, CheckRequest{New: room, Old: check(t, CheckRequest{New: named})})["name"].StringValue(); got == "mine" {
		t.Error("the old explicit name was retained")
	}
	for _, mode := range []plugin.AutonamingMode{plugin.AutonamingModePropose, plugin.AutonamingModeEnforce} {
		in := check(t, CheckRequest{New: room, Autonaming: &plugin.AutonamingOptions{Mode: mode, ProposedName: "proposed"}})
		if got := in["name"].StringValue(); got != "proposed" {
			t.Errorf("mode %v: %q", mode, got)
		}
	}
	for _, a := range []plugin.AutonamingOptions{
		{Mode: plugin.AutonamingModeDisabled},
		{Mode: plugin.AutonamingModeEnforce, ProposedName: strings.Repeat("x", 21)},
	} {
		if _, failures := lamp().Check(CheckRequest{Name: "lamp", New: room, Autonaming: &a}); len(failures) != 1 || failures[0].Property != "name" {
			t.Errorf("%+v: %v", a, failures)
		}
	}
}

// Generated names are checked like given ones, proposed by the engine or not,
// and so are retained ones.
func TestGeneratedNamesAreChecked(t *testing.T) {
	picky := lamp()
	picky.Inputs[0].Check = func(v any) error {
		if strings.Contains(v.(string), "!") {
			return errors.New("no exclamation marks")
		}
		return nil
	}
	room := props(map[string]any{"room": "hall"})
	old := props(map[string]any{"name": "old!", defaults: []any{"name"}})
	for name, tc := range map[string]struct {
		r      CheckRequest
		reason string
	}{
		"fine":         {CheckRequest{Name: "lamp", New: room}, ""},
		"logical name": {CheckRequest{Name: "lamp!", New: room}, "no exclamation marks"},
		"proposed":     {CheckRequest{Name: "lamp", New: room, Autonaming: &plugin.AutonamingOptions{ProposedName: "tally-lamp!"}}, "no exclamation marks"},
		"retained":     {CheckRequest{Name: "lamp", New: room, Old: old}, "no exclamation marks"},
		"given":        {CheckRequest{Name: "lamp", New: with(room, map[string]any{"name": "mine!"})}, "no exclamation marks"},
	} {
		_, failures := picky.Check(tc.r)
		want := []plugin.CheckFailure{{Property: "name", Reason: tc.reason}}
		if tc.reason == "" {
			want = nil
		}
		if d := cmp.Diff(want, failures); d != "" {
			t.Errorf("%s: failures (-want +got):\n%s", name, d)
		}
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
		want := []plugin.CheckFailure{{Property: tags, Reason: tc.reason}}
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
	if d := cmp.Diff([]plugin.CheckFailure{{Property: "colours[1]", Reason: "must be a string, not the number 1"}}, failures); d != "" {
		t.Errorf("failures (-want +got):\n%s", d)
	}
}

// The Check of a JSON property also refuses strings that are not JSON.
func TestChecksOfDocuments(t *testing.T) {
	planned := lamp()
	i := slices.IndexFunc(planned.Inputs, func(p Property) bool { return p.Kind == JSON })
	planned.Inputs[i].Check = func(v any) error { return errors.New("refused " + v.(string)) }
	_, failures := planned.Check(CheckRequest{Name: "lamp", New: props(map[string]any{"room": "hall", "plan": "{"})})
	if d := cmp.Diff([]plugin.CheckFailure{{Property: "plan", Reason: "refused {"}}, failures); d != "" {
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

func TestDiff(t *testing.T) {
	hash := func(h string) *archive.Archive {
		return &archive.Archive{Sig: archive.ArchiveSig, Path: "x.zip", Hash: h}
	}
	base := props(map[string]any{
		"name": "lamp-1234567", "room": "hall", "watts": 40, "colours": []any{"red", "blue"},
		"policy": `{"Statement":[{"Action":["b","a"],"Effect":"Allow"}]}`,
		"shade":  map[string]any{"size": 1, "labels": map[string]any{"a": "1", "b": "2"}},
		"code":   hash("one"), "plan": `{"a":[1,2],"b":1}`, "warmth": 2.5, "bulbs": []any{map[string]any{"socket": "E27"}}, defaults: []any{"name"},
	})
	state := with(base, map[string]any{"bulbs": []any{map[string]any{"socket": "E27", "watts": 9}}, "shade": map[string]any{"size": 1, "fabric": "linen", "labels": map[string]any{"a": "1", "b": "2"}}})
	for name, tc := range map[string]struct {
		change   map[string]any
		detail   map[string]string
		replaces []resource.PropertyKey
		first    bool // delete before replace
	}{
		"nothing":                 {},
		"policy, reformatted":     {change: map[string]any{"policy": `{ "Statement": {"Effect":"Allow", "Action":["a","b"]} }`}},
		"policy, omitted":         {change: map[string]any{"policy": nil}},
		"policy, changed":         {change: map[string]any{"policy": `{}`}, detail: map[string]string{"policy": "update"}},
		"empty is nothing":        {change: map[string]any{"dim": false, "tags": map[string]any{}}},
		"computed inside":         {change: map[string]any{"shade": map[string]any{"size": 1, "fabric": "silk", "labels": map[string]any{"a": "1", "b": "2"}}}, detail: map[string]string{"shade.fabric": "update"}},
		"the same computed":       {change: map[string]any{"shade": map[string]any{"size": 1, "fabric": "linen", "labels": map[string]any{"a": "1", "b": "2"}}}},
		"add":                     {change: map[string]any{"dim": true}, detail: map[string]string{"dim": "add"}},
		"delete":                  {change: map[string]any{"colours": nil}, detail: map[string]string{"colours": "delete"}},
		"list":                    {change: map[string]any{"colours": []any{"red", "green"}}, detail: map[string]string{"colours[1]": "update"}},
		"nested":                  {change: map[string]any{"shade": map[string]any{"size": 1, "labels": map[string]any{"a": "3", "c": "4"}}}, detail: map[string]string{"shade.labels.a": "update", "shade.labels.b": "delete", "shade.labels.c": "add"}},
		"secret, same":            {change: map[string]any{"watts": resource.MakeSecret(resource.NewNumberProperty(40))}},
		"float":                   {change: map[string]any{"warmth": 2.75}, detail: map[string]string{"warmth": "update"}},
		"document, reformatted":   {change: map[string]any{"plan": `{ "b": 1.0, "a": [1, 2] }`}},
		"document, reordered":     {change: map[string]any{"plan": `{"a":[2,1],"b":1}`}, detail: map[string]string{"plan": "update"}},
		"objects, computed":       {change: map[string]any{"bulbs": []any{map[string]any{"socket": "E27", "watts": 9}}}},
		"objects, changed":        {change: map[string]any{"bulbs": []any{map[string]any{"socket": "E14"}}}, detail: map[string]string{"bulbs[0].socket": "update"}},
		"objects, one more":       {change: map[string]any{"bulbs": []any{map[string]any{"socket": "E27"}, map[string]any{"socket": "E14"}}}, detail: map[string]string{"bulbs[1]": "add"}},
		"archive moved":           {change: map[string]any{"code": &archive.Archive{Sig: archive.ArchiveSig, Path: "elsewhere/x.zip", Hash: "one"}}},
		"archive changed":         {change: map[string]any{"code": hash("two")}, detail: map[string]string{"code": "update"}},
		"unknown":                 {change: map[string]any{"watts": unknown()}, detail: map[string]string{"watts": "update"}},
		"replace, generated name": {change: map[string]any{"room": "attic"}, detail: map[string]string{"room": "update-replace"}, replaces: []resource.PropertyKey{"room"}},
		"replace, unknown":        {change: map[string]any{"room": unknown()}, detail: map[string]string{"room": "update-replace"}, replaces: []resource.PropertyKey{"room"}},
		"replace, named":          {change: map[string]any{"room": "attic", defaults: []any{}}, detail: map[string]string{"room": "update-replace"}, replaces: []resource.PropertyKey{"room"}, first: true},
		"replace, renamed":        {change: map[string]any{"name": "new", defaults: []any{}}, detail: map[string]string{"name": "update-replace"}, replaces: []resource.PropertyKey{"name"}},
		"replace and an update":   {change: map[string]any{"room": "attic", "watts": 60}, detail: map[string]string{"room": "update-replace", "watts": "update"}, replaces: []resource.PropertyKey{"room"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := lamp().Diff(state, base, with(base, tc.change))
			detail := map[string]string{}
			for path, d := range got.DetailedDiff {
				detail[path] = d.Kind.String()
			}
			if !maps.Equal(detail, tc.detail) || !slices.Equal(got.ReplaceKeys, tc.replaces) || got.DeleteBeforeReplace != tc.first {
				t.Errorf("diff %v, replaces %v, delete first %v", detail, got.ReplaceKeys, got.DeleteBeforeReplace)
			}
			if changed := len(tc.detail) > 0; changed != (got.Changes == plugin.DiffSome) {
				t.Errorf("changes: %v", got.Changes)
			}
			if !slices.Equal(got.StableKeys, []resource.PropertyKey{"arn"}) {
				t.Errorf("stables: %v", got.StableKeys)
			}
		})
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
	if d := lamp().Diff(live, imported, program); d.Changes != plugin.DiffNone {
		t.Errorf("an import differs from its program: %v", d.DetailedDiff)
	}
}
