// Package provider is the aws provider of the local cloud: it serves the Pulumi
// resource provider protocol, so that the engine deploys the aws:* resources of
// an unmodified program here instead of to AWS.
//
// Each resource type has a file of its own and a row in the table of resources.
// Package schema implements what all types have in common.
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

	"tally/localcloud/account"
	"tally/localcloud/cloud"
	"tally/localcloud/internal/nearest"
)

// Version is the release of the real aws provider that this one stands in for.
const Version = "6.83.2"

// Services are the services that resources are created in.
type Services = account.Services

// New returns the provider, to be registered with a gRPC server. It deploys
// only stacks whose name matches one of the globs (as in [path.Match]).
// Relative paths of archives are resolved against the folders that s.Deployments
// has for the project of the resource.
func New(place cloud.Place, s Services, stacks []string) *Provider {
	return &Provider{
		place: place, stacks: stacks, services: s,
		functions:   functions(place, s),
		tables:      map[string]table{},
		connections: map[string]connection{},
	}
}

// Provider is the aws provider of the local cloud.
type Provider struct {
	pulumirpc.UnimplementedResourceProviderServer

	place     cloud.Place
	stacks    []string
	services  Services
	functions map[string]function // by token

	creating sync.Mutex // held while a resource of an exclusive type is created
	// repairing is held during a repair, and for reading during a creation, which may go
	// on for a moment after the engine was killed.
	repairing sync.RWMutex

	mu     sync.Mutex
	tables map[string]table // by project
	// connections holds the configuration of each connection, by peer address:
	// all aws provider instances of a program share this process, and each has a
	// connection of its own. Nothing signals the end of a connection, so entries
	// stay. They are small, and a new connection from the same address replaces
	// its entry before it is used.
	connections map[string]connection
}

// table holds the resource types by token.
type table map[string]*Resource

// table returns the resource types for the programs of a project, in whose folders
// relative paths start.
func (p *Provider) table(project string) table {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.tables[project]
	if t == nil {
		t = table{}
		for _, r := range resources(p.place, p.services, project) {
			t[r.Token] = r
		}
		p.tables[project] = t
	}
	return t
}

// connection is the configuration of one provider instance.
type connection struct{ defaultTags map[string]string }

func (p *Provider) setConnection(ctx context.Context, c connection) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.connections[peerAddress(ctx)] = c
}

func (p *Provider) connection(ctx context.Context) (connection, error) {
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

// parse parses a URN and checks that its stack may be deployed here.
func (p *Provider) parse(s string) (urn.URN, error) {
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
	allowed := strings.Join(p.stacks, ",")
	return "", fmt.Errorf("the stack %q is not local, and this is the aws provider of the local cloud, which never deploys to AWS: "+
		"to deploy to AWS, run `eval \"$(localcloud env --unset)\"`; to allow the stack here, run `localcloud stop`, and then `localcloud start --detach --stack '%s,%s'`",
		stack, allowed, stack)
}

// resource returns the type of the resource with that URN, and the parsed URN.
func (p *Provider) resource(s string) (*Resource, urn.URN, error) {
	u, err := p.parse(s)
	if err != nil {
		return nil, "", err
	}
	types := p.table(string(u.Project()))
	r, ok := types[string(u.Type())]
	if !ok {
		return nil, "", unknownToken("resource type", string(u.Type()), slices.Collect(maps.Keys(types)))
	}
	return r, u, nil
}

// unknownToken returns an error with the known token that is nearest, and where to find all.
func unknownToken(what, token string, known []string) error {
	hint := ""
	if near := nearest.Name(token, known); near != "" {
		hint = fmt.Sprintf("; did you mean %s?", near)
	}
	return fmt.Errorf("the local cloud does not emulate the %s %s%s; to list what it emulates, run: localcloud types", what, token, hint)
}

// Handshake reports the features of the protocol that the provider supports.
func (p *Provider) Handshake(context.Context, *pulumirpc.ProviderHandshakeRequest) (*pulumirpc.ProviderHandshakeResponse, error) {
	return &pulumirpc.ProviderHandshakeResponse{
		AcceptSecrets: true, AcceptResources: true, AcceptOutputs: true, SupportsAutonamingConfiguration: true,
	}, nil
}

// Attach receives the engine's address, which is not used: the provider never
// calls the engine.
func (p *Provider) Attach(context.Context, *pulumirpc.PluginAttach) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

// Cancel does nothing, because every operation is short.
func (p *Provider) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

// GetPluginInfo returns the version of the real provider that this one stands
// in for.
func (p *Provider) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: Version}, nil
}

// GetSchema returns the name of the package without its types: programs use
// the SDKs generated from the real provider's schema.
func (p *Provider) GetSchema(context.Context, *pulumirpc.GetSchemaRequest) (*pulumirpc.GetSchemaResponse, error) {
	raw, err := json.Marshal(map[string]string{"name": "aws", "version": Version})
	return &pulumirpc.GetSchemaResponse{Schema: string(raw)}, err
}
