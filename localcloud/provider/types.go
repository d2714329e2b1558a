package provider

import (
	"cmp"
	"maps"
	"slices"

	"tally/localcloud/cloud"
	"tally/localcloud/provider/schema"
)

// Types describes the resource types that the provider deploys, sorted by token.
func Types() []schema.Type {
	var all []schema.Type
	for _, r := range resources(cloud.Place{}, Services{}, "") {
		all = append(all, r.Type)
	}
	slices.SortFunc(all, func(a, b schema.Type) int { return cmp.Compare(a.Token, b.Token) })
	return all
}

// Functions returns the tokens of the functions (data sources) that the provider
// has, sorted.
func Functions() []string {
	return slices.Sorted(maps.Keys(functions(cloud.Place{}, Services{})))
}
