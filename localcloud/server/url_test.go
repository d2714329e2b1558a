package server

import (
	"slices"
	"testing"

	"tally/localcloud/control"
	"tally/localcloud/lambda"
)

func TestStatusListsURLs(t *testing.T) {
	s := serve(t, t.TempDir())
	f := s.deploy(t, "one-1a2b3c4")
	_, err := s.services.Lambda.CreateAlias(lambda.Alias{Function: f.Name, Name: "live", Version: "$LATEST"})
	check(t, err)
	plain, err := s.services.Lambda.CreateFunctionURL(lambda.FunctionURL{Function: f.Name, AuthType: "NONE"})
	check(t, err)
	live, err := s.services.Lambda.CreateFunctionURL(lambda.FunctionURL{Function: f.Name, Qualifier: "live", AuthType: "AWS_IAM"})
	check(t, err)
	for _, want := range []control.Resource{
		{Type: "url", Name: "one-1a2b3c4", Detail: plain.Address()},
		{Type: "url", Name: "one-1a2b3c4/live", Detail: live.Address()},
	} {
		if all := s.resources(); !slices.Contains(all, want) {
			t.Errorf("%v lacks %v", all, want)
		}
	}
}
