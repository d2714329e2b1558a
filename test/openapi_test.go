package test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
)

// description is docs/openapi.yaml.
type description struct {
	doc    *openapi3.T
	router routers.Router
}

// readDescription reads the description. It is valid, and so are its examples.
func readDescription(t *testing.T) description {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile("../docs/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context(), openapi3.EnableExamplesValidation()); err != nil {
		t.Fatal(err)
	}
	router, err := legacy.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return description{doc, router}
}

// exchange is an event of API Gateway and a function's response to it.
type exchange struct {
	event struct {
		RawPath, RawQueryString, Body string
		Headers                       map[string]string
		RequestContext                struct {
			DomainName, Stage string
			HTTP              struct{ Method string }
		}
		IsBase64Encoded bool
	}
	response struct {
		StatusCode int
		Headers    map[string]string
		Body       string
	}
}

// goldenExchanges returns the golden files of the functions behind the HTTP API, by the
// names of the events' files.
func goldenExchanges(t *testing.T) map[string]exchange {
	t.Helper()
	names, err := filepath.Glob("../functions/*/testdata/*.response.json")
	if err != nil || len(names) < 10 {
		t.Fatalf("found only %q: %v", names, err)
	}
	all := map[string]exchange{}
	for _, response := range names {
		var x exchange
		event := strings.Replace(response, ".response.", ".event.", 1)
		for name, into := range map[string]any{event: &x.event, response: &x.response} {
			raw, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(raw, into); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		all[strings.TrimPrefix(event, "../functions/")] = x
	}
	return all
}

// input returns the request as a client sends it to the API.
func (d description) input(t *testing.T, x exchange) *openapi3filter.RequestValidationInput {
	t.Helper()
	body := []byte(x.event.Body)
	if x.event.IsBase64Encoded {
		body, _ = base64.StdEncoding.DecodeString(x.event.Body)
	}
	path := strings.TrimPrefix(x.event.RawPath, "/"+x.event.RequestContext.Stage) // the description has no stage
	target := "https://" + x.event.RequestContext.DomainName + path + "?" + x.event.RawQueryString
	request, err := http.NewRequestWithContext(t.Context(), x.event.RequestContext.HTTP.Method, target, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range x.event.Headers {
		request.Header.Set(name, value)
	}
	route, parameters, err := d.router.FindRoute(request)
	if err != nil {
		t.Fatalf("%s %s: %v", request.Method, request.URL, err)
	}
	return &openapi3filter.RequestValidationInput{Request: request, Route: route, PathParams: parameters, Options: options}
}

var options = &openapi3filter.Options{IncludeResponseStatus: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc}

// check returns the error of a response that the description does not allow.
func (x exchange) check(t *testing.T, request *openapi3filter.RequestValidationInput) error {
	header := http.Header{}
	for name, value := range x.response.Headers {
		header.Set(name, value)
	}
	return openapi3filter.ValidateResponse(t.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: request, Status: x.response.StatusCode, Header: header,
		Body: io.NopCloser(strings.NewReader(x.response.Body)), Options: options,
	})
}

// TestOpenAPI holds the description of the HTTP API against the functions' golden events
// and responses: it allows each response, allows a request exactly if the function does,
// and lists no status or header that no golden response has.
func TestOpenAPI(t *testing.T) {
	d := readDescription(t)
	seen := map[string]bool{}
	for name, x := range goldenExchanges(t) {
		t.Run(name, func(t *testing.T) {
			input := d.input(t, x)
			if err := x.check(t, input); err != nil {
				t.Error(err)
			}
			// Whether the ID exists, or the key is used, is not a matter of syntax.
			status := x.response.StatusCode
			allowed := status < 400 || status == http.StatusNotFound || status == http.StatusUnprocessableEntity
			if err := openapi3filter.ValidateRequest(t.Context(), input); (err == nil) != allowed {
				t.Errorf("the response has the status %d, but the error of the request is %v", status, err)
			}
			operation := input.Route.Method + " " + input.Route.Path + " " + strconv.Itoa(status)
			seen[operation] = true
			for header := range x.response.Headers {
				seen[operation+" "+http.CanonicalHeaderKey(header)] = true
			}
		})
	}
	for _, listed := range d.listed() {
		// Two of the functions share the code that refuses a large body.
		if !seen[listed] && !strings.HasSuffix(listed, " 413") {
			t.Errorf("docs/openapi.yaml lists %s, but no golden response has it", listed)
		}
		delete(seen, listed)
	}
	for response := range seen {
		if !strings.HasSuffix(response, " Content-Type") {
			t.Errorf("a golden response has %s, but docs/openapi.yaml does not list it", response)
		}
	}
}

// listed returns "METHOD PATH STATUS" for each response of a function in the description,
// and the same with each of its headers.
func (d description) listed() (all []string) {
	for path, item := range d.doc.Paths.Map() {
		for method, operation := range item.Operations() {
			for status, response := range operation.Responses.Map() {
				if response.Ref == "#/components/responses/Gateway" {
					continue
				}
				all = append(all, method+" "+path+" "+status)
				for header := range response.Value.Headers {
					all = append(all, method+" "+path+" "+status+" "+header)
				}
			}
		}
	}
	return all
}

// TestOpenAPIRoutes compares the operations with the routes of the functions' events.
func TestOpenAPIRoutes(t *testing.T) {
	d := readDescription(t)
	var got []string
	for path, item := range d.doc.Paths.Map() {
		for method := range item.Operations() {
			got = append(got, method+" "+path)
		}
	}
	routes := map[string]bool{}
	for _, x := range goldenExchanges(t) {
		input := d.input(t, x)
		routes[input.Route.Method+" "+input.Route.Path] = true
	}
	slices.Sort(got)
	if want := slices.Sorted(maps.Keys(routes)); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestOpenAPINotification holds the description of notifications against the message in
// the golden event of the function that sends them.
func TestOpenAPINotification(t *testing.T) {
	d := readDescription(t)
	raw, err := os.ReadFile("../functions/notify/testdata/sns.event.json")
	if err != nil {
		t.Fatal(err)
	}
	var event struct {
		Records []struct{ Sns struct{ Message string } }
	}
	if err := json.Unmarshal(raw, &event); err != nil {
		t.Fatal(err)
	}
	schema := d.doc.Webhooks["sum"].Post.RequestBody.Value.Content["application/json"].Schema.Value
	for message, allowed := range map[string]bool{
		event.Records[0].Sns.Message:                                         true,
		strings.Replace(event.Records[0].Sns.Message, `"sum"`, `"total"`, 1): false,
	} {
		var value any
		if err := json.Unmarshal([]byte(message), &value); err != nil {
			t.Fatal(err)
		}
		if err := d.doc.ValidateSchemaJSON(schema, value); (err == nil) != allowed {
			t.Errorf("%s: %v", message, err)
		}
	}
}

// TestOpenAPIRefuses proves that the description refuses what differs from a response.
func TestOpenAPIRefuses(t *testing.T) {
	d := readDescription(t)
	golden := goldenExchanges(t)
	for name, test := range map[string]struct {
		of     string
		change func(*exchange)
	}{
		"another status":        {"add-numbers/testdata/post.event.json", func(x *exchange) { x.response.StatusCode = 204 }},
		"a sum in a string":     {"add-numbers/testdata/post.event.json", inBody(`:7`, `:"7"`)},
		"a fraction":            {"add-numbers/testdata/post.event.json", inBody(`:7`, `:7.5`)},
		"another member":        {"add-numbers/testdata/post.event.json", inBody(`"sum"`, `"total"`)},
		"another content type":  {"add-numbers/testdata/post.event.json", func(x *exchange) { x.response.Headers["content-type"] = "text/plain" }},
		"another status member": {"submit-numbers/testdata/post.event.json", inBody("pending", "queued")},
		"no location":           {"submit-numbers/testdata/post.event.json", func(x *exchange) { delete(x.response.Headers, "location") }},
		"no sum":                {"get-sum/testdata/done.event.json", inBody(`"pending"`, `"done"`, `,"sum":9007199254740997`, "")},
		"a sum while pending":   {"get-sum/testdata/pending.event.json", inBody(`:4}`, `:4,"sum":7}`)},
		"no reason":             {"get-sum/testdata/failed.event.json", inBody(`"reason"`, `"why"`)},
		"cached":                {"get-sum/testdata/done.event.json", func(x *exchange) { x.response.Headers["cache-control"] = "max-age=60" }},
		"no problem":            {"get-sum/testdata/unknown.event.json", func(x *exchange) { x.response.Body = `{"message":"Not Found"}` }},
	} {
		x, ok := golden[test.of]
		if !ok {
			t.Fatalf("there is no %s", test.of)
		}
		x.response.Headers = maps.Clone(x.response.Headers)
		before := x
		test.change(&x)
		if x.response.Body == before.response.Body && x.response.StatusCode == before.response.StatusCode && maps.Equal(x.response.Headers, golden[test.of].response.Headers) {
			t.Errorf("%s: nothing changed", name)
		}
		if x.check(t, d.input(t, x)) == nil {
			t.Errorf("%s: allowed", name)
		}
	}
}

// inBody returns a change of a response's body.
func inBody(pairs ...string) func(*exchange) {
	return func(x *exchange) { x.response.Body = strings.NewReplacer(pairs...).Replace(x.response.Body) }
}
