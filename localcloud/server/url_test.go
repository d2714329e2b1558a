package server

import (
	"net"
	"slices"
	"strings"
	"testing"

	"tally/localcloud/control"
	"tally/localcloud/httpapi"
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

// At a start, an endpoint whose port is taken by another program does not move to the port
// of an endpoint that is not served yet.
func TestEndpointsKeepTheirPorts(t *testing.T) {
	for taken, kept := range map[string]string{"url": "api", "api": "url"} {
		t.Run(taken, func(t *testing.T) {
			c := config(t.TempDir())
			c.APIPort = 20_000
			addresses := func(s *Server) map[string]string {
				all := map[string]string{}
				for _, r := range s.resources() {
					if r.Type == "url" || r.Type == "api" {
						all[r.Type] = strings.TrimSuffix(r.Detail, "/")
					}
				}
				return all
			}
			var before map[string]string
			t.Run("deploy", func(t *testing.T) {
				s := serveWith(t, c)
				f := s.deploy(t, "one-1a2b3c4")
				for _, kind := range []string{taken, kept} { // the ports follow one another
					if kind == "url" {
						_, err := s.services.Lambda.CreateFunctionURL(lambda.FunctionURL{Function: f.Name, AuthType: "NONE"})
						check(t, err)
						continue
					}
					_, err := s.services.HTTPAPI.CreateAPI(httpapi.API{Name: "api", ProtocolType: "HTTP"})
					check(t, err)
				}
				before = addresses(s)
			})
			l, err := net.Listen("tcp", strings.TrimPrefix(before[taken], "http://"))
			check(t, err)
			defer l.Close()
			after := addresses(serveWith(t, c))
			if after[kept] != before[kept] || after[taken] == before[taken] || after[taken] == after[kept] {
				t.Errorf("before %v, after %v", before, after)
			}
		})
	}
}
