package gateway

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"strings"

	"tally/localcloud/cloud"
	"tally/localcloud/internal/body"
)

// maxBody is the maximum size of a body in bytes, by service. Each is above the limit of
// every operation, so that a service refuses oversized input with an error of its own.
var maxBody = map[string]int64{
	"lambda": 8 << 20, "sns": 8 << 20, "sqs": 8 << 20, // with the encodings of the protocols
	"dynamodb": 16 << 20,
	"xray":     4 << 20, "monitoring": 2 << 20, "logs": 8 << 20, "scheduler": 1 << 20, "secretsmanager": 1 << 20, "ssm": 256 << 10, "sts": 64 << 10,
}

// maxCode is the maximum size of a body with the code of a function, as on AWS. It is the
// limit of a zip, in base64.
//
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const maxCode = 70_167_211

// limit returns the maximum size of the request's body.
func (c *call) limit() int64 {
	path := strings.TrimSuffix(c.URL.Path, "/")
	if c.service.scope == "lambda" && isLambdaPath(path) && (strings.HasSuffix(path, "/code") || strings.HasSuffix(path, "/functions")) {
		return maxCode
	}
	return maxBody[c.service.scope]
}

// readBody identifies the caller and sets c.caller and c.body. It does not read the body
// of a request that is too large, or whose key is unknown.
func (c *call) readBody() (err error) {
	limit := c.limit()
	if c.ContentLength > limit {
		return errTooLarge(limit)
	}
	if err := c.checkSignature(); err != nil {
		return err
	}
	read, release, err := body.Read(c.Request, limit)
	if errors.Is(err, body.ErrTooLarge) {
		return errTooLarge(limit)
	}
	if err != nil {
		return cloud.Errorf(http.StatusBadRequest, "IncompleteBody", "The request body ended early: %v", err)
	}
	defer release()
	c.body = read
	if c.caller, err = c.identify(); err != nil {
		return err
	}
	return c.decompress(limit)
}

func errTooLarge(limit int64) error {
	return cloud.Errorf(http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "Request must be smaller than %d bytes", limit)
}

// decompress decompresses the body. SDKs compress large PutMetricData requests.
//
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-compression.html
func (c *call) decompress(limit int64) error {
	if c.service.scope != "monitoring" || c.Header.Get("Content-Encoding") != "gzip" {
		return nil
	}
	r, err := gzip.NewReader(bytes.NewReader(c.body))
	if err != nil {
		return cloud.Errorf(http.StatusBadRequest, "SerializationException", "The body is not in gzip: %v", err)
	}
	if c.body, err = io.ReadAll(io.LimitReader(r, limit+1)); err != nil {
		return cloud.Errorf(http.StatusBadRequest, "SerializationException", "The body is not in gzip: %v", err)
	}
	if int64(len(c.body)) > limit {
		return errTooLarge(limit)
	}
	return nil
}
