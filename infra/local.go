package main

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// requireLocalCloud returns an error unless the engine has been given an aws
// provider that listens on this machine. Otherwise the engine would load the
// real provider and deploy a local stack to an AWS account.
func requireLocalCloud() error {
	port, err := plugin.GetProviderAttachPort("aws")
	if err == nil && port == nil {
		err = errors.New("PULUMI_DEBUG_PROVIDERS names no aws provider")
	}
	if err == nil {
		var conn net.Conn
		conn, err = net.DialTimeout("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(*port)), time.Second)
		if err == nil {
			return conn.Close()
		}
	}
	return fmt.Errorf("this stack is for the local cloud, which is not running here (%w): run `make up`, "+
		"or `./bin/localcloud start --detach` and then `eval \"$(./bin/localcloud env)\"`", err)
}
