package server

import (
	"slices"
	"testing"

	"tally/localcloud/lambda"
)

func TestNamed(t *testing.T) {
	var functions []lambda.Function
	for _, name := range []string{"greet", "tally-local-main-greet-1a2b3c4", "tally-local-b-main-greet-5d6e7f8", "tally-local-main-add-numbers-0a1b2c3"} {
		functions = append(functions, lambda.Function{Config: lambda.Config{Name: name}})
	}
	for name, want := range map[string][]string{
		"":                                     {"greet", "tally-local-main-greet-1a2b3c4", "tally-local-b-main-greet-5d6e7f8", "tally-local-main-add-numbers-0a1b2c3"},
		"greet":                                {"greet"},
		"main-greet":                           {"tally-local-main-greet-1a2b3c4", "tally-local-b-main-greet-5d6e7f8"},
		"tally-local-main-greet":               {"tally-local-main-greet-1a2b3c4"},
		"tally-local-main-add-numbers-0a1b2c3": {"tally-local-main-add-numbers-0a1b2c3"},
		"add-numbers":                          {"tally-local-main-add-numbers-0a1b2c3"},
		"numbers":                              {"tally-local-main-add-numbers-0a1b2c3"},
		"umbers":                               nil,
	} {
		var got []string
		for _, f := range named(functions, name) {
			got = append(got, f.Name)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q selects %q, want %q", name, got, want)
		}
	}
}
