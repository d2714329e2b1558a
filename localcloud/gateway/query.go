package gateway

import (
	"bytes"
	"encoding/xml"
	"maps"
	"mime"
	"net/http"
	"net/url"

	"tally/localcloud/cloud"
)

// query is the AWS Query protocol: a form in, XML out.
//
// https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
type query struct{ version, namespace string }

func (query) String() string { return "AWS Query" }

func (q query) parse(c *call) (string, decoder, error) {
	f, err := readForm(c)
	if err != nil {
		return "", nil, err
	}
	return q.operation(c, f)
}

// operation finds the operation that a form names.
func (q query) operation(c *call, f *form) (string, decoder, error) {
	name, version := f.get("Action"), f.get("Version")
	if version == "" && c.isUnsigned() {
		version = q.version // the URLs in messages of SNS have none
	}
	if _, ok := c.service.operations[name]; !ok || version != q.version {
		return "", nil, cloud.Errorf(http.StatusBadRequest, "InvalidAction",
			"Could not find operation %s for version %s; the local cloud serves %s of version %s", name, version, c.service.operations.names(), q.version)
	}
	return name, func(into any) error { return f.decode(name, into) }, nil
}

// readForm reads the parameters from the URL and, for a POST, from the body, which
// takes precedence.
func readForm(c *call) (*form, error) {
	values := c.parameters()
	if c.Method == http.MethodPost {
		if mediaType, _, _ := mime.ParseMediaType(c.Header.Get("Content-Type")); mediaType != "application/x-www-form-urlencoded" {
			return nil, cloud.Errorf(http.StatusBadRequest, "MalformedInput",
				"The Content-Type must be application/x-www-form-urlencoded, not %q", c.Header.Get("Content-Type"))
		}
		body, err := url.ParseQuery(string(c.body))
		if err != nil {
			return nil, cloud.Errorf(http.StatusBadRequest, "MalformedInput", "The body is not a form: %v", err)
		}
		maps.Copy(values, body)
	}
	return newForm(values)
}

func (q query) encode(name string, result any, requestID string) (response, error) {
	return xmlResponse(http.StatusOK, envelope{q.namespace, name, result, requestID})
}

func (q query) refuse(e *cloud.Error, requestID string) response {
	type failure struct {
		Type, Code, Message string
	}
	fault := "Sender"
	if e.HTTPStatus() >= http.StatusInternalServerError {
		fault = "Receiver"
	}
	res, _ := xmlResponse(e.HTTPStatus(), struct { // encoding strings cannot fail
		XMLName   xml.Name
		Error     failure
		RequestID string `xml:"RequestId"`
	}{xml.Name{Space: q.namespace, Local: "ErrorResponse"}, failure{fault, e.Code, e.Message}, requestID})
	return res
}

// envelope wraps the result of an operation in the elements of the protocol.
type envelope struct {
	namespace, operation string
	result               any
	requestID            string
}

func (v envelope) MarshalXML(e *xml.Encoder, _ xml.StartElement) error {
	start := func(local string) xml.StartElement { return xml.StartElement{Name: xml.Name{Local: local}} }
	root := start(v.operation + "Response")
	root.Name.Space = v.namespace
	type metadata struct {
		RequestID string `xml:"RequestId"`
	}
	if err := e.EncodeToken(root); err != nil {
		return err
	}
	if err := e.EncodeElement(v.result, start(v.operation+"Result")); err != nil {
		return err
	}
	if err := e.EncodeElement(metadata{v.requestID}, start("ResponseMetadata")); err != nil {
		return err
	}
	return e.EncodeToken(root.End())
}

func xmlResponse(status int, v any) (response, error) {
	var b bytes.Buffer
	err := xml.NewEncoder(&b).Encode(v)
	return response{status, http.Header{"Content-Type": {"text/xml"}}, b.Bytes()}, err
}
