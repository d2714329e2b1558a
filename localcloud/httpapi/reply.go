package httpapi

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
)

// An answer is what a client gets.
type answer struct {
	status  int
	header  http.Header
	body    []byte
	refusal string // API Gateway's own message; "" for a function's answer
}

// refuse is an answer of API Gateway itself.
func refuse(status int, message string) answer {
	return answer{status, http.Header{"Content-Type": {"application/json"}},
		fmt.Appendf(nil, `{"message":%q}`, message), message}
}

func (a answer) write(w http.ResponseWriter) {
	for name, values := range a.header {
		w.Header()[name] = values
	}
	if a.status != http.StatusNoContent && a.status != http.StatusNotModified {
		w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // nobody is left to tell; no body where HTTP has none
}

// decodeReply makes an answer of what a function returned in format 2.0: an
// object with a statusCode is an HTTP answer; any other JSON is the body of a
// 200. The error says why it is neither.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
func decodeReply(payload []byte) (answer, error) {
	if !json.Valid(payload) {
		return answer{}, errors.New("it is not JSON")
	}
	// A map, because the names of a struct's fields match in any case, which
	// AWS does not let pass.
	var reply map[string]json.RawMessage
	if json.Unmarshal(payload, &reply) != nil || reply["statusCode"] == nil {
		return answer{status: http.StatusOK, header: http.Header{"Content-Type": {"application/json"}}, body: payload}, nil
	}
	return decodeFormatted(reply)
}

func decodeFormatted(reply map[string]json.RawMessage) (answer, error) {
	var (
		a        = answer{header: http.Header{}}
		headers  map[string]headerValue
		cookies  []string
		body     string
		isBase64 bool
	)
	for name, into := range map[string]any{
		"statusCode": &a.status, "headers": &headers, "cookies": &cookies, "body": &body, "isBase64Encoded": &isBase64,
	} {
		if raw, ok := reply[name]; ok {
			if err := json.Unmarshal(raw, into); err != nil {
				return answer{}, fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	if a.status < 200 || a.status > 599 {
		return answer{}, fmt.Errorf("statusCode %d is not between 200 and 599", a.status)
	}
	a.body = []byte(body)
	if isBase64 {
		raw, err := base64.StdEncoding.DecodeString(body)
		if err != nil {
			return answer{}, fmt.Errorf("isBase64Encoded is true, but the body: %w", err)
		}
		a.body = raw
	}
	for name, value := range headers {
		if !hopByHop(name) {
			a.header.Set(name, string(value))
		}
	}
	for _, c := range cookies {
		a.header.Add("Set-Cookie", c)
	}
	if a.header.Get("Content-Type") == "" {
		a.header.Set("Content-Type", "text/plain;charset=utf-8")
	}
	return a, nil
}

// headerValue is a string; a number or a boolean is taken as it is written.
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
