package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestSubmit proves that the sum is read where the API says it is, until it is there, and
// that every other response is an error.
func TestSubmit(t *testing.T) {
	for _, test := range []struct {
		name      string
		submitted int
		location  string
		reads     []string // the bodies of the responses to GET, in order
		want      string   // in the response or, unless it starts with "200 OK", in the error
	}{
		{"at once", 202, "/v1/sums/a", []string{`{"status":"done","sum":7}`}, `200 OK {"status":"done","sum":7}`},
		{"later", 202, "/v1/sums/a", []string{`{"status":"pending"}`, `{"status":"done","sum":7}`}, `200 OK {"status":"done","sum":7}`},
		{"a wrong sum", 202, "/v1/sums/a", []string{`{"status":"done","sum":8}`}, "want a sum of 7"},
		{"failed", 202, "/v1/sums/a", []string{`{"status":"failed","reason":"num1: is missing"}`}, "num1: is missing"},
		{"not JSON", 202, "/v1/sums/a", []string{`<html>`}, "want the status of a sum"},
		{"not there", 202, "/v1/sums/b", nil, "404 Not Found"},
		{"no location", 202, "", nil, "want the status 202 and a location"},
		{"refused", 400, "/v1/sums/a", nil, "400 Bad Request"},
	} {
		t.Run(test.name, func(t *testing.T) {
			mux := http.NewServeMux()
			mux.HandleFunc("POST /v1/sums", func(w http.ResponseWriter, _ *http.Request) {
				if test.location != "" {
					w.Header().Set("Location", test.location)
				}
				w.WriteHeader(test.submitted)
			})
			mux.HandleFunc("GET /v1/sums/a", func(w http.ResponseWriter, _ *http.Request) {
				fmt.Fprint(w, test.reads[0])
				test.reads = test.reads[1:]
			})
			server := httptest.NewServer(mux)
			defer server.Close()
			c := caller{auth: "none"}
			location, _, err := c.submit(t.Context(), server.URL+"/v1/")
			got := ""
			if err == nil {
				got, err = c.await(t.Context(), location)
			}
			if ok := strings.HasPrefix(test.want, "200 OK"); ok != (err == nil) || !strings.Contains(got+fmt.Sprint(err), test.want) || len(test.reads) > 0 {
				t.Errorf("got %q, %v, want %s; %d responses not read", got, err, test.want, len(test.reads))
			}
		})
	}
}
