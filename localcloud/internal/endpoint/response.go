package endpoint

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"tally/localcloud/cloud"
)

// A Response is the HTTP response that a client receives.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// Write sends the response.
func (r Response) Write(w http.ResponseWriter) {
	for name, values := range r.Header {
		w.Header()[name] = values
	}
	if r.Status != http.StatusNoContent && r.Status != http.StatusNotModified {
		w.Header().Set("Content-Length", strconv.Itoa(len(r.Body)))
	}
	w.WriteHeader(r.Status)
	cloud.WriteBody(w, r.Body)
}

// DecodeResponse returns the response for what a function returned in format 2.0: an
// object with a statusCode describes a response, and any other JSON is the body of a
// response with status 200, a string without its quotes. contentType is that of a described
// response that names none. It fails if the payload is not JSON.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
func DecodeResponse(payload []byte, contentType string) (Response, error) {
	// This is a map because encoding/json matches the fields of a struct regardless
	// of case, which AWS does not do.
	var members map[string]json.RawMessage
	if json.Unmarshal(payload, &members) != nil || members["statusCode"] == nil {
		if !json.Valid(payload) {
			return Response{}, errors.New("it is not JSON")
		}
		var text *string
		if json.Unmarshal(payload, &text) == nil && text != nil {
			payload = []byte(*text)
		}
		return Response{Status: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: payload}, nil
	}
	return decodeFormatted(members, contentType)
}

// decodeFormatted returns the response that the members of an object describe.
func decodeFormatted(members map[string]json.RawMessage, contentType string) (Response, error) {
	var (
		res      = Response{Header: http.Header{}}
		headers  map[string]headerValue
		cookies  []string
		body     string
		isBase64 bool
	)
	for name, into := range map[string]any{
		"statusCode": &res.Status, "headers": &headers, "cookies": &cookies, "body": &body, "isBase64Encoded": &isBase64,
	} {
		if raw, ok := members[name]; ok {
			if err := json.Unmarshal(raw, into); err != nil {
				return Response{}, fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	if res.Status < 200 || res.Status > 599 {
		return Response{}, fmt.Errorf("statusCode %d is not between 200 and 599", res.Status)
	}
	res.Body = []byte(body)
	if isBase64 {
		raw, err := base64.StdEncoding.DecodeString(body)
		if err != nil {
			return Response{}, fmt.Errorf("isBase64Encoded is true, but the body: %w", err)
		}
		res.Body = raw
	}
	for name, value := range headers {
		if !hopByHop(name) {
			res.Header.Set(name, string(value))
		}
	}
	for _, c := range cookies {
		res.Header.Add("Set-Cookie", c)
	}
	if res.Header.Get("Content-Type") == "" {
		res.Header.Set("Content-Type", contentType)
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
