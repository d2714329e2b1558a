// Package provider is the aws provider of the local cloud: it speaks the Pulumi
// resource provider protocol, so that the engine deploys a program's aws:*
// resources here instead of to AWS, without the program knowing.
//
// A resource type is one file and one row in the table of resources; what all
// types share is in package schema.
package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/peer"
	"google.golang.org/protobuf/types/known/emptypb"

	"tally/localcloud/cloud"
	"tally/localcloud/httpapi"
	"tally/localcloud/iam"
	"tally/localcloud/internal/nearest"
	"tally/localcloud/lambda"
	"tally/localcloud/logs"
	"tally/localcloud/recorded"
	"tally/localcloud/sns"
	"tally/localcloud/sqs"
)

// Version is the release of the real aws provider whose resource types these
// are.
const Version = "6.83.2"

// Services are what resources are made of.
type Services struct {
	IAM     *iam.Service
	Lambda  *lambda.Service
	SNS     *sns.Service
	SQS     *sqs.Service
	HTTPAPI *httpapi.Service
	Logs    *logs.Service
	// Recorded keeps what has no effect here.
	Recorded *recorded.Service
}

// New returns the provider, to be registered with a gRPC server. Relative
// paths of archives start in dir, the folder of the Pulumi project. Only
// stacks whose name matches one of the globs (as in [path.Match]) are deployed.
func New(place cloud.Place, s Services, dir string, stacks []string) pulumirpc.ResourceProviderServer {
	p := &provider{
		place: place, stacks: stacks,
		resources:   map[string]*Resource{},
		functions:   functions(place, s),
		recorded:    s.Recorded,
		connections: map[string]connection{},
	}
	for _, r := range resources(place, s, dir) {
		p.resources[r.Token] = r
	}
	return p
}

type provider struct {
	pulumirpc.UnimplementedResourceProviderServer

	place     cloud.Place
	stacks    []string
	resources map[string]*Resource // by token
	functions map[string]function  // by token
	recorded  *recorded.Service

	mu sync.Mutex
	// connections holds what each connection configured, by peer address: all
	// aws provider instances of a program share this process, each over a
	// connection of its own. Nothing tells when one ends; an entry is small, and
	// whoever gets the same address next configures it first.
	connections map[string]connection
}

// connection is the configuration of one provider instance.
type connection struct{ defaultTags map[string]string }

func (p *provider) setConnection(ctx context.Context, c connection) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.connections[peerAddress(ctx)] = c
}

func (p *provider) connection(ctx context.Context) (connection, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c, ok := p.connections[peerAddress(ctx)]
	if !ok {
		return connection{}, fmt.Errorf("the aws provider was not configured on this connection; run the command again")
	}
	return c, nil
}

func peerAddress(ctx context.Context) string {
	if p, ok := peer.FromContext(ctx); ok {
		return p.Addr.String()
	}
	return ""
}

// parse checks that the URN is of a stack that may be deployed here.
func (p *provider) parse(s string) (urn.URN, error) {
	u, err := urn.Parse(s)
	if err != nil {
		return "", err
	}
	stack := string(u.Stack())
	for _, glob := range p.stacks {
		if ok, _ := path.Match(glob, stack); ok {
			return u, nil
		}
	}
	return "", fmt.Errorf("the stack %q is not local, and this is the aws provider of the local cloud, which never deploys to AWS: "+
		"unset PULUMI_DEBUG_PROVIDERS to deploy to AWS, or allow the stack here with `localcloud start --stack %s` (allowed: %s)",
		stack, stack, strings.Join(p.stacks, ", "))
}

// resource is the type of the resource with that URN.
func (p *provider) resource(s string) (*Resource, urn.URN, error) {
	u, err := p.parse(s)
	if err != nil {
		return nil, "", err
	}
	r, ok := p.resources[string(u.Type())]
	if !ok {
		return nil, "", unknownToken("resource type", string(u.Type()), slices.Collect(maps.Keys(p.resources)))
	}
	return r, u, nil
}

// unknownToken says which tokens there are.
func unknownToken(what, token string, known []string) error {
	slices.Sort(known)
	hint := ""
	if near := nearest.Name(token, known); near != "" {
		hint = fmt.Sprintf("; did you mean %s?", near)
	}
	return fmt.Errorf("the local cloud does not emulate the %s %s%s (it knows: %s)", what, token, hint, strings.Join(known, ", "))
}

// Handshake tells the engine what the provider understands.
func (p *provider) Handshake(context.Context, *pulumirpc.ProviderHandshakeRequest) (*pulumirpc.ProviderHandshakeResponse, error) {
	return &pulumirpc.ProviderHandshakeResponse{
		AcceptSecrets: true, AcceptResources: true, AcceptOutputs: true, SupportsAutonamingConfiguration: true,
	}, nil
}

// Attach is how the engine introduces itself to a provider that it did not
// start. Nothing here calls back.
func (p *provider) Attach(context.Context, *pulumirpc.PluginAttach) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

// Cancel has nothing to end: every operation is short.
func (p *provider) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

// GetPluginInfo names the version that is imitated, which is the one the
// program's SDK asks for.
func (p *provider) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: Version}, nil
}

// GetSchema names the package; its types are those of the aws SDKs, which have
// their schema from the real provider.
func (p *provider) GetSchema(context.Context, *pulumirpc.GetSchemaRequest) (*pulumirpc.GetSchemaResponse, error) {
	raw, err := json.Marshal(map[string]string{"name": "aws", "version": Version})
	return &pulumirpc.GetSchemaResponse{Schema: string(raw)}, err
}
