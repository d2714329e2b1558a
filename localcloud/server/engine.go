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

	"tally/localcloud/lambda/process"

	loopback "tally/localcloud/internal/peer"
)

// newEngineServer returns the gRPC server of the provider. The protocol of the engine
// has no credentials, and the engine passes on none from its environment, so the server
// asks the kernel who has connected: it serves the developer's processes, except those
// of functions. Web pages cannot connect: browsers do not speak HTTP/2 without TLS.
func newEngineServer() *grpc.Server {
	return grpc.NewServer(
		grpc.Creds(engineCredentials{insecure.NewCredentials()}),
		grpc.ChainUnaryInterceptor(refuseUnary), grpc.ChainStreamInterceptor(refuseStream),
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

// refused returns PermissionDenied if the connection of the call is refused.
func refused(ctx context.Context) error {
	p, ok := peer.FromContext(ctx)
	info, known := engineInfo{}, false
	if ok {
		info, known = p.AuthInfo.(engineInfo)
	}
	if !known {
		return status.Error(codes.PermissionDenied, "the local cloud refuses a connection that it cannot identify")
	}
	if info.refused != nil {
		return status.Errorf(codes.PermissionDenied, "the local cloud refuses this process: %v", info.refused)
	}
	return nil
}

func refuseUnary(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	if err := refused(ctx); err != nil {
		return nil, err
	}
	return handle(ctx, req)
}

func refuseStream(srv any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
	if err := refused(stream.Context()); err != nil {
		return err
	}
	return handle(srv, stream)
}
