package main

import (
	"context"
	"errors"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// bench is a deployed stack and what the sections know about it.
type bench struct {
	options
	cloud   *workspace
	outputs map[string]string // of the stack
	created timings           // of the deployment from nothing
}

// newBench deploys the project to a new local cloud.
func newBench(ctx context.Context, o options) (*bench, error) {
	root, err := filepath.Abs(o.root)
	if err != nil {
		return nil, err
	}
	cloud, err := newWorkspace(ctx, root)
	if cloud == nil {
		return nil, err
	}
	b := &bench{options: o, cloud: cloud}
	if err == nil {
		err = cloud.start(ctx)
	}
	if err == nil {
		err = cloud.configure(ctx)
	}
	if err == nil {
		err = program{cloud, cloud.dir}.pulumi(ctx, create, "local", &b.created)
	}
	if err == nil {
		b.outputs, err = cloud.outputs(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, b.close())
	}
	return b, nil
}

func (b *bench) close() error { return b.cloud.close() }

// api returns the address of the stack's HTTP API.
func (b *bench) api() string { return host(b.outputs["apiUrl"]) }

// endpoint returns the address of AWS's protocols.
func (b *bench) endpoint() string { return host(b.cloud.getenv("AWS_ENDPOINT_URL")) }

// keys returns the developer's keys.
func (b *bench) keys() aws.Credentials {
	return aws.Credentials{
		AccessKeyID:     b.cloud.getenv("AWS_ACCESS_KEY_ID"),
		SecretAccessKey: b.cloud.getenv("AWS_SECRET_ACCESS_KEY"),
		SessionToken:    b.cloud.getenv("AWS_SESSION_TOKEN"),
	}
}

func host(address string) string {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil {
		return ""
	}
	return u.Host
}
