package provider

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"tally/localcloud/provider/schema"
)

// A refusal is a value of a form that a service refuses.
type refusal struct {
	token    string
	property string         // path of the property that is refused: "loggingConfig.logGroup"
	value    any            // set there
	words    string         // part of the reason
	with     map[string]any // further inputs that the refusal depends on; nil for none
}

// refusals holds the refusals of one service's types.
type refusals struct {
	rows []refusal
	// without lists the paths ("token.path") of properties without a row, whose
	// rules are the local cloud's own: they refuse what it does not emulate.
	without []string
}

// TestRefusals passes each value to both the provider's Check, which makes the
// preview fail, and the service itself. Both must refuse it with the same reason.
// The other inputs are those of the type's life cycle. Each property of any type
// that has a Check must have a row.
func TestRefusals(t *testing.T) {
	var all refusals
	for _, r := range []refusals{
		apiGatewayRefusals(), dynamoRefusals(), iamRefusals(), lambdaRefusals(), logsRefusals(), recordedRefusals(), secretRefusals(), schedulerRefusals(), eventsRefusals(), snsRefusals(), sqsRefusals(),
	} {
		all.rows = append(all.rows, r.rows...)
		all.without = append(all.without, r.without...)
	}
	clouds := map[string]cloudUnderTest{} // by token; they can be shared because a refused value changes nothing
	inputs := map[string]resource.PropertyMap{}
	for _, r := range all.rows {
		if _, ok := clouds[r.token]; !ok {
			clouds[r.token] = start(t)
			inputs[r.token] = validInputs(t, clouds[r.token], r.token)
		}
		t.Run(fmt.Sprintf("%s %s=%.40v", r.token, r.property, r.value), func(t *testing.T) {
			r.run(t, clouds[r.token], inputs[r.token])
		})
		all.without = append(all.without, r.token+"."+indices.ReplaceAllString(r.property, ""))
	}
	for _, r := range resources(place, newServices(t), "project") {
		for _, path := range checkedPaths("", r.Inputs) {
			if !slices.Contains(all.without, r.Token+"."+path) {
				t.Errorf("no row refuses %s of %s", path, r.Token)
			}
		}
	}
}

var indices = regexp.MustCompile(`\[\d+\]`)

// checkedPaths returns the paths of the properties that have a Check.
func checkedPaths(prefix string, properties []schema.Property) (paths []string) {
	for _, p := range properties {
		if p.Check != nil {
			paths = append(paths, prefix+p.Name)
		}
		paths = append(paths, checkedPaths(prefix+p.Name+".", p.Properties)...)
	}
	return paths
}

func (r refusal) run(t *testing.T, c cloudUnderTest, valid resource.PropertyMap) {
	program := resource.NewObjectProperty(c.properties(c.raw(valid))) // a deep copy
	for k, v := range resource.NewPropertyMapFromMap(r.with) {
		program.ObjectValue()[k] = v
	}
	path, err := resource.ParsePropertyPath(r.property)
	if err != nil {
		t.Fatal(err)
	}
	program, ok := path.Add(program, resource.NewPropertyValue(r.value))
	if !ok {
		t.Fatalf("the inputs cannot hold %s", r.property)
	}
	res, err := c.Check(t.Context(), &pulumirpc.CheckRequest{Urn: urnOf(r.token, "thing"), News: c.raw(program.ObjectValue())})
	if err != nil {
		t.Fatal(err)
	}
	reason := reasonOf(res, r.property)
	if reason == "" || !strings.Contains(reason, r.words) {
		t.Errorf("Check: failures %v, want %s: %s", res.Failures, r.property, r.words)
	}
	_, _, err = resourceType(t, c, r.token).Create(t.Context(), schema.Plain(c.properties(res.Inputs)))
	if err == nil {
		t.Fatalf("Create accepts %s = %v", r.property, r.value)
	}
	if got := strings.TrimPrefix(err.Error(), r.property+": "); got != reason { // those of recorded types name the property
		t.Errorf("Create refuses with %q, Check with %q", got, reason)
	}
}

// reasonOf returns the reason for which Check refuses a property, or "" if it does
// not refuse it.
func reasonOf(res *pulumirpc.CheckResponse, property string) string {
	for _, f := range res.Failures {
		if reason, ok := strings.CutPrefix(f.Reason, property+": "); f.Property == property || ok {
			return reason
		}
	}
	return ""
}

// validInputs returns the inputs of a type's first life cycle, after creating the
// resources that they refer to.
func validInputs(t *testing.T, c cloudUnderTest, token string) resource.PropertyMap {
	t.Helper()
	all := allLifeCycles()
	i := slices.IndexFunc(all, func(l lifeCycle) bool { return l.token == token })
	if i < 0 {
		t.Fatalf("%s has no life cycle", token)
	}
	return resource.NewPropertyMapFromMap(all[i].inputs(c))
}

func resourceType(t *testing.T, c cloudUnderTest, token string) *Resource {
	t.Helper()
	all := resources(place, c.services, "project")
	i := slices.IndexFunc(all, func(r *Resource) bool { return r.Token == token })
	if i < 0 {
		t.Fatalf("there is no type %s", token)
	}
	return all[i]
}
