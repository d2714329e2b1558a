package server

import (
	"context"
	"errors"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/tap"

	"tally/localcloud/lambda/process"

	loopback "tally/localcloud/internal/peer"
)

// maxMessage is the maximum size of a message in bytes, which is also the engine's: a
// property may be an archive. gRPC's default is 4 MiB.
const maxMessage = 400 << 20

// newEngineServer returns the gRPC server of the provider. The protocol of the engine
// has no credentials, and the engine passes on none from its environment, so the server
// asks the kernel who has connected: it serves the developer's processes, except those
// of functions. Web pages cannot connect: browsers do not speak HTTP/2 without TLS.
func newEngineServer() *grpc.Server {
	return grpc.NewServer(
		grpc.Creds(engineCredentials{insecure.NewCredentials()}),
		grpc.InTapHandle(refuse), grpc.MaxRecvMsgSize(maxMessage),
		grpc.ConnectionTimeout(10*time.Second))
}

// engineCredentials identify the process at the other end of a connection.
type engineCredentials struct {
	credentials.TransportCredentials
}

// engineInfo says why a connection is refused, or nil.
type engineInfo struct {
	credentials.CommonAuthInfo
	refused error
}

func (engineInfo) AuthType() string { return "peer" }

// ServerHandshake implements credentials.TransportCredentials. It accepts every
// connection, so that the client receives the reason with its first call.
func (engineCredentials) ServerHandshake(c net.Conn) (net.Conn, credentials.AuthInfo, error) {
	return c, engineInfo{credentials.CommonAuthInfo{SecurityLevel: credentials.NoSecurity}, checkEngine(c)}, nil
}

// Clone implements credentials.TransportCredentials.
func (c engineCredentials) Clone() credentials.TransportCredentials {
	return engineCredentials{c.TransportCredentials.Clone()}
}

// checkEngine returns an error unless the connection is from a process of the developer
// that is not one of a function. Outside of Linux, it accepts all.
func checkEngine(c net.Conn) error {
	if loopback.Available() != nil {
		return nil
	}
	p, err := loopback.Of(c)
	if err != nil {
		return err
	}
	if err := p.CheckUser(); err != nil {
		return err
	}
	if process.Holds(p) {
		return errors.New("functions may not use the provider")
	}
	return nil
}

// refuse returns PermissionDenied if the connection of the call is refused. It is called
// before the message is read, so that strangers cannot fill the memory.
func refuse(ctx context.Context, _ *tap.Info) (context.Context, error) {
	p, ok := peer.FromContext(ctx)
	info, known := engineInfo{}, false
	if ok {
		info, known = p.AuthInfo.(engineInfo)
	}
	if !known {
		return nil, status.Error(codes.PermissionDenied, "the local cloud refuses a connection that it cannot identify")
	}
	if info.refused != nil {
		return nil, status.Errorf(codes.PermissionDenied, "the local cloud refuses this process: %v", info.refused)
	}
	return ctx, nil
}
