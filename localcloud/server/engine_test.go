package server

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"

	"tally/localcloud/internal/peer"
	"tally/localcloud/lambda"
	"tally/localcloud/lambda/process"
)

// TestMain makes the test binary one of three programs: the tests, a client of the
// provider, or the bootstrap of a function that is such a client.
func TestMain(m *testing.M) {
	address, api := os.Getenv("PROVIDER"), os.Getenv("AWS_LAMBDA_RUNTIME_API")
	switch {
	case address != "" && api != "":
		fmt.Println(callProvider(address))
		// A child that has left the session is still one of the function.
		child := exec.Command("/proc/self/exe")
		child.Env, child.Stdout = []string{"PROVIDER=" + address}, os.Stdout
		child.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if err := child.Run(); err != nil {
			fmt.Println(err)
		}
	case address != "":
		fmt.Println(callProvider(address))
	default:
		os.Exit(m.Run())
	}
}

// callProvider returns the result of a call of the provider. If the call is refused, it
// calls again without sending a message, and returns that result.
func callProvider(address string) string {
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	info, err := pulumirpc.NewResourceProviderClient(conn).GetPluginInfo(ctx, &emptypb.Empty{})
	if status.Code(err) == codes.PermissionDenied {
		var stream grpc.ClientStream
		stream, err = conn.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true}, pulumirpc.ResourceProvider_GetPluginInfo_FullMethodName)
		if err == nil {
			err = stream.RecvMsg(&emptypb.Empty{})
		}
	}
	if err != nil {
		return strings.ReplaceAll(err.Error(), "\n", " ")
	}
	return "version " + info.Version
}

// The developer's processes can use the provider; functions, their children and other
// users cannot.
func TestWhoCanUseTheProvider(t *testing.T) {
	if err := peer.Available(); err != nil {
		t.Skip(err)
	}
	address := fmt.Sprintf("127.0.0.1:%d", serve(t, t.TempDir()).Config().ProviderPort)
	if got := callProvider(address); !strings.HasPrefix(got, "version ") {
		t.Errorf("this process: %s", got)
	}
	self, err := os.ReadFile("/proc/self/exe")
	check(t, err)
	dir, err := os.MkdirTemp("", "bundle") // which everybody can read
	check(t, err)
	defer os.RemoveAll(dir)
	check(t, os.Chmod(dir, 0o755))
	bootstrap := filepath.Join(dir, "bootstrap")
	check(t, os.WriteFile(bootstrap, self, 0o755))

	cmd := exec.Command(bootstrap)
	cmd.Env = []string{"PROVIDER=" + address}
	if out, err := cmd.CombinedOutput(); err != nil || !strings.HasPrefix(string(out), "version ") {
		t.Errorf("another process: %v %s", err, out)
	}
	if os.Geteuid() == 0 {
		cmd := exec.Command(bootstrap)
		cmd.Env, cmd.Dir = []string{"PROVIDER=" + address}, dir
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 59993, Gid: 59993}}
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "the connection is from user 59993") {
			t.Errorf("another user: %v %s", err, out)
		}
	}
	runners := map[string]*process.Runner{"plain": process.WithoutIsolation()}
	if process.Isolation() == nil {
		runners["isolated"] = process.New()
	}
	for name, r := range runners {
		var lines []string
		_, err := r.Start(t.Context(), lambda.Spec{Dir: dir, MemoryMB: 2048, Env: []string{"PROVIDER=" + address},
			Output: func(line string) { lines = append(lines, line) }})
		if err == nil || len(lines) != 2 {
			t.Fatalf("%s: %v, the function printed %q", name, err, lines)
		}
		for _, line := range lines {
			if !strings.Contains(line, "PermissionDenied") {
				t.Errorf("%s: the function printed %s", name, line)
			}
		}
	}
}

// A browser speaks HTTP/1.1 to a port without TLS, which the provider does not answer.
func TestWebPageCannotUseTheProvider(t *testing.T) {
	c := serve(t, t.TempDir()).Config()
	conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", c.ProviderPort))
	check(t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, "POST /pulumirpc.ResourceProvider/GetPluginInfo HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/grpc\r\nContent-Length: 5\r\n\r\n\x00\x00\x00\x00\x00")
	check(t, err)
	check(t, conn.SetReadDeadline(time.Now().Add(10*time.Second)))
	if got, _ := io.ReadAll(conn); strings.HasPrefix(string(got), "HTTP/1.1 2") || strings.Contains(string(got), "6.83") {
		t.Errorf("the provider answered %q", got)
	}
}

// The engine accepts properties of many megabytes, and so does the provider.
func TestLargeProperty(t *testing.T) {
	conn, err := grpc.NewClient(fmt.Sprintf("127.0.0.1:%d", serve(t, t.TempDir()).Config().ProviderPort),
		grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage)))
	check(t, err)
	defer conn.Close()
	client := pulumirpc.NewResourceProviderClient(conn)
	_, err = client.Configure(t.Context(), &pulumirpc.ConfigureRequest{Args: &structpb.Struct{}})
	check(t, err)
	res, err := client.Check(t.Context(), &pulumirpc.CheckRequest{
		Urn:        "urn:pulumi:local::p::aws:sns/topic:Topic::t",
		RandomSeed: []byte("seed"),
		News:       &structpb.Struct{Fields: map[string]*structpb.Value{"displayName": structpb.NewStringValue(strings.Repeat("x", 6<<20))}},
	})
	if err != nil || len(res.Failures) != 1 || res.Failures[0].Property != "displayName" {
		t.Errorf("%d failures, error %.200v, want one of displayName", len(res.GetFailures()), err)
	}
}
