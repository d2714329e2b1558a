package main

import (
	"strings"
	"testing"

	"github.com/aws/smithy-go"
)

// TestConnect proves that the command does not take AWS for the local cloud.
func TestConnect(t *testing.T) {
	local := []queue{{Name: "q", URL: "http://127.0.0.1:4566/000000000000/q", FunctionARN: failures.FunctionARN}}
	t.Setenv("AWS_ENDPOINT_URL", "")
	if _, err := connect(t.Context(), local); err == nil || !strings.Contains(err.Error(), "AWS_ENDPOINT_URL is not set") {
		t.Errorf("got %v", err)
	}
	if _, err := connect(t.Context(), []queue{failures}); err != nil {
		t.Error(err)
	}
	t.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
	if _, err := connect(t.Context(), local); err != nil {
		t.Error(err)
	}
}

func TestExplain(t *testing.T) {
	err := &smithy.GenericAPIError{Code: "ResourceNotFoundException", Message: "Function not found: f"}
	const want = "the function or its alias does not exist: deploy the stack (api error ResourceNotFoundException: Function not found: f)"
	if got := explain(err); got.Error() != want {
		t.Errorf("got %v", got)
	}
	err.Code = "AccessDeniedException"
	if got := explain(err); got != error(err) {
		t.Errorf("got %v", got)
	}
}
