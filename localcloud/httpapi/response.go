package httpapi

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"tally/localcloud/cloud"
)

// A response is the response that a client receives.
type response struct {
	status  int
	header  http.Header
	body    []byte
	refusal string // the message of API Gateway itself; "" for a function's response
}

// refuse returns a response of API Gateway itself.
func refuse(status int, message string) response {
	return response{status, http.Header{"Content-Type": {"application/json"}},
		fmt.Appendf(nil, `{"message":%q}`, message), message}
}

func (r response) write(w http.ResponseWriter) {
	for name, values := range r.header {
		w.Header()[name] = values
	}
	if r.status != http.StatusNoContent && r.status != http.StatusNotModified {
		w.Header().Set("Content-Length", strconv.Itoa(len(r.body)))
	}
	w.WriteHeader(r.status)
	cloud.WriteBody(w, r.body)
}

// decodeResponse returns the response for what a function returned in format 2.0: an
// object with a statusCode describes a response, and any other JSON is the body of a
// response with status 200, a string without its quotes. It fails if the payload is
// not JSON.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
func decodeResponse(payload []byte) (response, error) {
	// This is a map because encoding/json matches the fields of a struct regardless
	// of case, which AWS does not do.
	var members map[string]json.RawMessage
	if json.Unmarshal(payload, &members) != nil || members["statusCode"] == nil {
		if !json.Valid(payload) {
			return response{}, errors.New("it is not JSON")
		}
		var text *string
		if json.Unmarshal(payload, &text) == nil && text != nil {
			payload = []byte(*text)
		}
		return response{status: http.StatusOK, header: http.Header{"Content-Type": {"application/json"}}, body: payload}, nil
	}
	return decodeFormatted(members)
}

// decodeFormatted returns the response that the members of an object describe.
func decodeFormatted(members map[string]json.RawMessage) (response, error) {
	var (
		res      = response{header: http.Header{}}
		headers  map[string]headerValue
		cookies  []string
		body     string
		isBase64 bool
	)
	for name, into := range map[string]any{
		"statusCode": &res.status, "headers": &headers, "cookies": &cookies, "body": &body, "isBase64Encoded": &isBase64,
	} {
		if raw, ok := members[name]; ok {
			if err := json.Unmarshal(raw, into); err != nil {
				return response{}, fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	if res.status < 200 || res.status > 599 {
		return response{}, fmt.Errorf("statusCode %d is not between 200 and 599", res.status)
	}
	res.body = []byte(body)
	if isBase64 {
		raw, err := base64.StdEncoding.DecodeString(body)
		if err != nil {
			return response{}, fmt.Errorf("isBase64Encoded is true, but the body: %w", err)
		}
		res.body = raw
	}
	for name, value := range headers {
		if !hopByHop(name) {
			res.header.Set(name, string(value))
		}
	}
	for _, c := range cookies {
		res.header.Add("Set-Cookie", c)
	}
	if res.header.Get("Content-Type") == "" {
		res.header.Set("Content-Type", "text/plain;charset=utf-8")
	}
	return res, nil
}

// headerValue is a string, or the text of a number or boolean.
type headerValue string

func (v *headerValue) UnmarshalJSON(raw []byte) error {
	switch raw[0] {
	case '"':
		return json.Unmarshal(raw, (*string)(v))
	case '{', '[', 'n':
		return fmt.Errorf("a header must be a string, not %s", raw)
	}
	*v = headerValue(raw)
	return nil
}
