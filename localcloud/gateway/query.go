package gateway

import (
	"bytes"
	"encoding/xml"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"tally/localcloud/cloud"
)

// query is the AWS Query protocol: a form in, XML out.
//
// https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
type query struct {
	version    string
	namespace  string
	operations map[string]queryOperation
}

type queryOperation struct {
	// parameters the operation takes, with N for the numbers of a list.
	parameters []string
	// action that the caller needs on the target; "" where it needs none, or
	// the service asks itself.
	action string
	on     func(c *call, p form) target
	run    func(c *call, p form) (result any, err error)
}

func (q query) serve(c *call) (answer, error) {
	p, err := parseForm(c)
	if err != nil {
		return answer{}, err
	}
	name := p.get("Action")
	op, ok := q.operations[name]
	if !ok || p.get("Version") != q.version {
		return answer{}, cloud.Errorf(http.StatusBadRequest, "InvalidAction",
			"Could not find operation %s for version %s; the local cloud serves %s of version %s", name, p.get("Version"),
			strings.Join(slices.Sorted(maps.Keys(q.operations)), ", "), q.version)
	}
	if err := p.check(name, op.parameters); err != nil {
		return answer{}, err
	}
	if op.action != "" {
		if err := c.authorize(op.action, op.on(c, p)); err != nil {
			return answer{}, err
		}
	}
	result, err := op.run(c, p)
	if err != nil {
		return answer{}, err
	}
	return asXML(http.StatusOK, envelope{q.namespace, name, result, c.id})
}

func (q query) fail(e *cloud.Error, requestID string) answer {
	type failure struct {
		Type, Code, Message string
	}
	sender := "Sender"
	if e.HTTPStatus() >= 500 {
		sender = "Receiver"
	}
	a, _ := asXML(e.HTTPStatus(), struct { // strings always encode
		XMLName   xml.Name
		Error     failure
		RequestID string `xml:"RequestId"`
	}{xml.Name{Space: q.namespace, Local: "ErrorResponse"}, failure{sender, e.Code, e.Message}, requestID})
	return a
}

// envelope is an operation's result as the protocol wraps it.
type envelope struct {
	namespace, operation string
	result               any
	requestID            string
}

func (v envelope) MarshalXML(e *xml.Encoder, _ xml.StartElement) error {
	start := func(local string) xml.StartElement { return xml.StartElement{Name: xml.Name{Local: local}} }
	response := start(v.operation + "Response")
	response.Name.Space = v.namespace
	type metadata struct {
		RequestID string `xml:"RequestId"`
	}
	if err := e.EncodeToken(response); err != nil {
		return err
	}
	if err := e.EncodeElement(v.result, start(v.operation+"Result")); err != nil {
		return err
	}
	if err := e.EncodeElement(metadata{v.requestID}, start("ResponseMetadata")); err != nil {
		return err
	}
	return e.EncodeToken(response.End())
}

func asXML(status int, v any) (answer, error) {
	var b bytes.Buffer
	err := xml.NewEncoder(&b).Encode(v)
	return answer{status, http.Header{"Content-Type": {"text/xml"}}, b.Bytes()}, err
}

// A form holds the parameters of a request.
type form struct{ values url.Values }

// parseForm takes the parameters of a POST from its body, and of a GET from
// its URL.
func parseForm(c *call) (form, error) {
	values := c.parameters()
	if c.Method == http.MethodPost {
		if mediaType, _, _ := mime.ParseMediaType(c.Header.Get("Content-Type")); mediaType != "application/x-www-form-urlencoded" {
			return form{}, cloud.Errorf(http.StatusBadRequest, "MalformedInput",
				"The Content-Type must be application/x-www-form-urlencoded, not %q", c.Header.Get("Content-Type"))
		}
		body, err := url.ParseQuery(string(c.body))
		if err != nil {
			return form{}, cloud.Errorf(http.StatusBadRequest, "MalformedInput", "The body is not a form: %v", err)
		}
		maps.Copy(values, body)
	}
	for name, v := range values {
		if len(v) > 1 {
			return form{}, cloud.Errorf(http.StatusBadRequest, "MalformedInput", "Parameter %s is given %d times", name, len(v))
		}
	}
	return form{values}, nil
}

var listNumber = regexp.MustCompile(`\.[0-9]+(\.|$)`)

// check refuses parameters that the operation does not take: a misspelt one
// must not pass for one that was left out.
func (p form) check(operation string, known []string) error {
	for _, name := range slices.Sorted(maps.Keys(p.values)) {
		if name == "Action" || name == "Version" {
			continue
		}
		pattern := listNumber.ReplaceAllString(name, ".N$1")
		if !slices.Contains(known, pattern) && !p.isEmptyList(name, pattern, known) {
			return unknownParameter("ValidationError", name, operation, known)
		}
	}
	return nil
}

// isEmptyList tells whether a parameter is a list without items, which SDKs
// send as the list's name alone.
func (p form) isEmptyList(name, pattern string, known []string) bool {
	return p.get(name) == "" && slices.ContainsFunc(known, func(k string) bool {
		return strings.HasPrefix(k, pattern+".member.N") || strings.HasPrefix(k, pattern+".entry.N")
	})
}

func unknownParameter(code, name, operation string, known []string) error {
	takes := "it takes none"
	if len(known) > 0 {
		takes = "it takes " + strings.Join(known, ", ")
	}
	return cloud.Errorf(http.StatusBadRequest, code, "1 validation error detected: %s does not take the parameter '%s'; %s", operation, name, takes)
}

func (p form) get(name string) string { return p.values.Get(name) }
func (p form) has(name string) bool   { return p.values.Has(name) }

// list returns the items of a list in the order of their numbers: each the
// form of what follows "prefix.N.".
func (p form) list(prefix string) []form {
	items := map[int]form{}
	for name, value := range p.values {
		rest, ok := strings.CutPrefix(name, prefix+".")
		number, member, _ := strings.Cut(rest, ".")
		n, err := strconv.Atoi(number)
		if !ok || err != nil {
			continue
		}
		if items[n].values == nil {
			items[n] = form{url.Values{}}
		}
		items[n].values[member] = value
	}
	var list []form
	for _, n := range slices.Sorted(maps.Keys(items)) {
		list = append(list, items[n])
	}
	return list
}
