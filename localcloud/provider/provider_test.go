package provider

import (
	"archive/zip"
	"bytes"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/archive"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/structpb"

	"tally/localcloud/account"
	"tally/localcloud/cloud"
	"tally/localcloud/provider/wire"
	"tally/localcloud/store"
)

var place = cloud.Place{Region: "us-east-1", Account: "000000000000"}

type silent struct{}

func (silent) Append(cloud.Entry) {}

// newServices returns real services without a durable store.
func newServices(t *testing.T) Services {
	t.Helper()
	s, _ := openServices(t, nil, t.TempDir())
	return s
}

// openServices returns real services with that store and the code of functions in dir. They
// are closed by close or at the end of the test.
func openServices(t *testing.T, st *store.Store, dir string) (_ Services, close func()) {
	t.Helper()
	s, err := account.New(account.Options{
		Place: place, Store: st, Dir: dir, Journal: silent{}, Endpoint: func() string { return "http://127.0.0.1:4566" },
		KeyFile: dir + ".key", // the service removes unknown files from dir
	})
	if err != nil {
		t.Fatal(err)
	}
	close = sync.OnceFunc(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(close)
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	return *s, close
}

// cloudUnderTest is a provider that serves gRPC, as it does for the engine.
type cloudUnderTest struct {
	client
	services Services
	provider *Provider
	dir      string // the folder of the program
	address  string
}

func start(t *testing.T) cloudUnderTest {
	t.Helper()
	return startWith(t, newServices(t), t.TempDir())
}

func startWith(t *testing.T, s Services, dir string) cloudUnderTest {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := cloudUnderTest{services: s, dir: dir, address: l.Addr().String()}
	if err := c.services.Deployments.Register(c.dir); err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	c.provider = New(place, c.services, []string{"local", "local-*"})
	pulumirpc.RegisterResourceProviderServer(server, c.provider)
	go func() { _ = server.Serve(l) }() // until Stop
	t.Cleanup(server.Stop)
	c.client = c.connect(t, map[string]any{"region": "us-east-1"})
	return c
}

// connect returns another provider instance with a configuration of its own.
func (c cloudUnderTest) connect(t *testing.T, config map[string]any) client {
	t.Helper()
	conn, err := grpc.NewClient(c.address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	instance := client{t: t, ResourceProviderClient: pulumirpc.NewResourceProviderClient(conn)}
	if _, err := instance.Handshake(t.Context(), &pulumirpc.ProviderHandshakeRequest{}); err != nil {
		t.Fatal(err)
	}
	if _, err := instance.Configure(t.Context(), &pulumirpc.ConfigureRequest{Args: instance.raw(resource.NewPropertyMapFromMap(config))}); err != nil {
		t.Fatal(err)
	}
	return instance
}

// client calls the provider as the engine does.
type client struct {
	pulumirpc.ResourceProviderClient
	t *testing.T
}

func (c client) raw(m resource.PropertyMap) *structpb.Struct {
	c.t.Helper()
	s, err := wire.Encode(m)
	if err != nil {
		c.t.Fatal(err)
	}
	return s
}

func (c client) properties(s *structpb.Struct) resource.PropertyMap {
	c.t.Helper()
	var m resource.PropertyMap
	if err := decode(into{s, &m}); err != nil {
		c.t.Fatal(err)
	}
	return m
}

func urnOf(token, name string) string { return "urn:pulumi:local::project::" + token + "::" + name }

// made is a created resource in the engine's state.
type made struct {
	token, name, id string
	inputs, state   resource.PropertyMap
}

func (m made) urn() string { return urnOf(m.token, m.name) }

func (m made) arn() string { return m.state["arn"].StringValue() }

// check returns the checked inputs. It fails the test if they are refused.
func (c client) check(token, name string, old, want resource.PropertyMap) resource.PropertyMap {
	c.t.Helper()
	res, err := c.Check(c.t.Context(), &pulumirpc.CheckRequest{
		Urn: urnOf(token, name), Olds: c.raw(old), News: c.raw(want), RandomSeed: []byte("seed"),
	})
	if err != nil {
		c.t.Fatal(err)
	}
	if len(res.Failures) > 0 {
		c.t.Fatalf("%s: %v", token, res.Failures)
	}
	return c.properties(res.Inputs)
}

func (c client) preview(token, name string, inputs resource.PropertyMap) resource.PropertyMap {
	c.t.Helper()
	res, err := c.Create(c.t.Context(), &pulumirpc.CreateRequest{Urn: urnOf(token, name), Properties: c.raw(inputs), Preview: true})
	if err != nil {
		c.t.Fatal(err)
	}
	if res.Id != "" {
		c.t.Errorf("a preview created %s", res.Id)
	}
	return c.properties(res.Properties)
}

func (c client) create(token, name string, want map[string]any) made {
	c.t.Helper()
	inputs := c.check(token, name, nil, resource.NewPropertyMapFromMap(want))
	res, err := c.Create(c.t.Context(), &pulumirpc.CreateRequest{Urn: urnOf(token, name), Properties: c.raw(inputs)})
	if err != nil {
		c.t.Fatal(err)
	}
	return made{token, name, res.Id, inputs, c.properties(res.Properties)}
}

func (c client) diff(m made, old, want resource.PropertyMap) *pulumirpc.DiffResponse {
	c.t.Helper()
	res, err := c.Diff(c.t.Context(), &pulumirpc.DiffRequest{
		Id: m.id, Urn: m.urn(), Olds: c.raw(m.state), OldInputs: c.raw(old), News: c.raw(want),
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return res
}

func (c client) same(m made, old, want resource.PropertyMap) {
	c.t.Helper()
	if d := c.diff(m, old, want); d.Changes != pulumirpc.DiffResponse_DIFF_NONE || len(d.DetailedDiff) > 0 {
		c.t.Errorf("%s differs: %v\n%v\n%v", m.token, d.DetailedDiff, old, want)
	}
}

func (c client) update(m made, inputs resource.PropertyMap, preview bool) resource.PropertyMap {
	c.t.Helper()
	res, err := c.Update(c.t.Context(), &pulumirpc.UpdateRequest{
		Id: m.id, Urn: m.urn(), Olds: c.raw(m.state), OldInputs: c.raw(m.inputs), News: c.raw(inputs), Preview: preview,
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return c.properties(res.Properties)
}

// read refreshes m, or imports it if importID is set.
func (c client) read(m made, importID string) made {
	c.t.Helper()
	req := &pulumirpc.ReadRequest{Id: importID, Urn: m.urn()}
	if importID == "" {
		req = &pulumirpc.ReadRequest{Id: m.id, Urn: m.urn(), Properties: c.raw(m.state), Inputs: c.raw(m.inputs)}
	}
	res, err := c.Read(c.t.Context(), req)
	if err != nil {
		c.t.Fatal(err)
	}
	return made{m.token, m.name, res.Id, c.properties(res.Inputs), c.properties(res.Properties)}
}

func (c client) delete(m made) {
	c.t.Helper()
	if _, err := c.Delete(c.t.Context(), &pulumirpc.DeleteRequest{
		Id: m.id, Urn: m.urn(), Properties: c.raw(m.state), OldInputs: c.raw(m.inputs),
	}); err != nil {
		c.t.Fatal(err)
	}
}

// zipped returns a bundle whose bootstrap contains text.
func zipped(t *testing.T, text string) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	h := &zip.FileHeader{Name: "bootstrap"}
	h.SetMode(0o755)
	f, err := w.CreateHeader(h)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

// hashed returns the archive as the engine sends it: with its hash, and with paths
// relative to the program in dir.
func hashed(t *testing.T, dir string, a *archive.Archive) *archive.Archive {
	t.Helper()
	if err := a.EnsureHashWithWD(dir); err != nil {
		t.Fatal(err)
	}
	return a
}

func pathArchive(t *testing.T, dir, path string) *archive.Archive {
	t.Helper()
	return hashed(t, dir, &archive.Archive{Sig: archive.ArchiveSig, Path: path})
}

const (
	trust   = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	publish = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sns:Publish","Resource":"*"}]}`
)

// function creates a role and a function that uses it.
func (c cloudUnderTest) function(name string) made {
	c.t.Helper()
	r := c.create("aws:iam/role:Role", name, map[string]any{"assumeRolePolicy": trust})
	write(c.t, filepath.Join(c.dir, "f.zip"), zipped(c.t, "one"))
	return c.create("aws:lambda/function:Function", name, map[string]any{
		"role": r.arn(), "runtime": "provided.al2023", "handler": "bootstrap", "code": pathArchive(c.t, c.dir, "f.zip"),
	})
}
