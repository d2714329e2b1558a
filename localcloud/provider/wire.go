package provider

import (
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/structpb"
)

var marshalling = plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true, KeepResources: true}

// into is a struct on the wire and the destination of its properties.
type into struct {
	raw *structpb.Struct
	m   *resource.PropertyMap
}

func decode(all ...into) error {
	for _, d := range all {
		m, err := plugin.UnmarshalProperties(d.raw, marshalling)
		if err != nil {
			return err
		}
		*d.m = m
	}
	return nil
}

func encode(m resource.PropertyMap) (*structpb.Struct, error) {
	return plugin.MarshalProperties(m, marshalling)
}

// properties converts the values of a service to those of the engine; nil
// becomes null.
func properties(live map[string]any) resource.PropertyMap {
	return resource.NewPropertyMapFromMap(live)
}

var diffKinds = map[plugin.DiffKind]pulumirpc.PropertyDiff_Kind{
	plugin.DiffAdd:           pulumirpc.PropertyDiff_ADD,
	plugin.DiffAddReplace:    pulumirpc.PropertyDiff_ADD_REPLACE,
	plugin.DiffDelete:        pulumirpc.PropertyDiff_DELETE,
	plugin.DiffDeleteReplace: pulumirpc.PropertyDiff_DELETE_REPLACE,
	plugin.DiffUpdate:        pulumirpc.PropertyDiff_UPDATE,
	plugin.DiffUpdateReplace: pulumirpc.PropertyDiff_UPDATE_REPLACE,
}

func encodeDiff(d plugin.DiffResult) *pulumirpc.DiffResponse {
	res := &pulumirpc.DiffResponse{
		Changes: pulumirpc.DiffResponse_DIFF_NONE, Stables: strs(d.StableKeys),
		Diffs: strs(d.ChangedKeys), Replaces: strs(d.ReplaceKeys), DeleteBeforeReplace: d.DeleteBeforeReplace,
		HasDetailedDiff: true, DetailedDiff: map[string]*pulumirpc.PropertyDiff{},
	}
	if d.Changes == plugin.DiffSome {
		res.Changes = pulumirpc.DiffResponse_DIFF_SOME
	}
	for _, path := range slices.Sorted(maps.Keys(d.DetailedDiff)) {
		diff := d.DetailedDiff[path]
		res.DetailedDiff[path] = &pulumirpc.PropertyDiff{Kind: diffKinds[diff.Kind], InputDiff: diff.InputDiff}
	}
	return res
}

func strs(keys []resource.PropertyKey) []string {
	out := make([]string, len(keys))
	for i, k := range keys {
		out[i] = string(k)
	}
	return out
}
