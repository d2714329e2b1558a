package schema

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// suffix is the number of hex digits that the bridge appends to the logical
// name: "numbers-1a2b3c4".
const suffix = 7

// autoName generates the value of an auto-named property, or returns the one
// generated before.
func (r CheckRequest) autoName(p Property) (string, error) {
	if old := r.Old[resource.PropertyKey(p.Name)]; old.IsString() && defaulted(r.Old, p.Name) {
		return old.StringValue(), nil
	}
	if r.Autonaming.GetMode() == pulumirpc.CheckRequest_AutonamingOptions_DISABLE {
		return "", errors.New("automatic naming is disabled but no explicit name was provided")
	}
	if proposed := r.Autonaming.GetProposedName(); proposed != "" {
		return r.proposed(p, p.AutoPrefix+proposed)
	}
	return resource.NewUniqueName(r.Seed, p.AutoPrefix+r.Name+"-", suffix, p.AutoName, nil)
}

func (r CheckRequest) proposed(p Property, name string) (string, error) {
	if len(name) > p.AutoName {
		return "", fmt.Errorf("the name %q is longer than maximum length %d", name, p.AutoName)
	}
	return name, nil
}
