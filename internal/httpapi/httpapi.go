// Package httpapi holds what the functions behind the HTTP API share: they read JSON
// bodies, and respond with JSON or with problem documents. Events and responses have
// API Gateway's payload format 2.0.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
package httpapi

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"mime"
	"net/http"
	"strings"

	"github.com/aws/aws-lambda-go/events"
)

// MaxBody is the maximum size of a request body in bytes. It leaves ample room
// for two integers of sum.MaxDigits digits.
const MaxBody = 64 << 10

// Body returns the body of a request that sends JSON. It does not parse the body. A
// non-nil error is a *Problem: the content type is another one, or the body is too
// large.
func Body(r events.APIGatewayV2HTTPRequest) ([]byte, error) {
	if !isJSON(r.Headers["content-type"]) {
		return nil, &Problem{
			Status: http.StatusUnsupportedMediaType,
			Detail: "The Content-Type must be application/json, encoded in UTF-8.",
			Header: map[string]string{"accept": "application/json"},
		}
	}
	body := []byte(r.Body)
	if r.IsBase64Encoded {
		var err error
		if body, err = base64.StdEncoding.DecodeString(r.Body); err != nil {
			return nil, &Problem{Status: http.StatusBadRequest, Detail: "The body is not valid base64: " + err.Error() + "."}
		}
	}
	if len(body) > MaxBody {
		return nil, &Problem{Status: http.StatusRequestEntityTooLarge, Detail: "The body must not exceed 65536 bytes."}
	}
	return body, nil
}

// isJSON reports whether a Content-Type is application/json. RFC 8259 defines no
// parameters for it, but many clients send its only encoding as a charset. Types
// that end in +json (RFC 6839) have semantics that this API does not implement.
func isJSON(contentType string) bool {
	media, params, err := mime.ParseMediaType(contentType)
	charset, named := params["charset"]
	return err == nil && media == "application/json" && (!named || strings.EqualFold(charset, "utf-8"))
}

// JSON returns a response with body encoded as JSON. header holds what the response has
// in addition to the content type, with names in lowercase; nil for nothing.
func JSON(status int, header map[string]string, body any) (events.APIGatewayV2HTTPResponse, error) {
	return respond(status, "application/json", header, body)
}

// respond returns a response with body encoded as JSON and, in addition to the content
// type, what is in header.
func respond(status int, contentType string, header map[string]string, body any) (events.APIGatewayV2HTTPResponse, error) {
	raw, err := json.Marshal(body)
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	all := map[string]string{"content-type": contentType}
	maps.Copy(all, header)
	return events.APIGatewayV2HTTPResponse{StatusCode: status, Headers: all, Body: string(raw)}, nil
}
