package xray

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"sync"
	"time"

	"tally/localcloud/cloud"
)

// daemon is the X-Ray daemon of one execution environment. It listens on loopback.
type daemon struct {
	service  *Service
	caller   cloud.Caller
	function string
	conn     *net.UDPConn
	done     chan struct{}
	refused  sync.Once
}

// Daemon implements [cloud.TraceWriter]. If the caller may not write traces, or a
// packet is invalid, a warning in the journal says so.
//
// https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sendingdata.html#xray-api-daemon
func (s *Service) Daemon(caller cloud.Caller, function string) (cloud.TraceDaemon, error) {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, fmt.Errorf("start the X-Ray daemon of %s: %w", function, err)
	}
	d := &daemon{service: s, caller: caller, function: function, conn: conn, done: make(chan struct{})}
	go d.run()
	return d, nil
}

func (d *daemon) Address() string { return d.conn.LocalAddr().String() }

// closeTimeout is how long Close waits for its own packet, which is lost if the
// socket's buffer is full.
const closeTimeout = time.Second

// Close stops the daemon. The daemon sends itself an empty packet, which arrives after
// all others.
func (d *daemon) Close() {
	_ = d.conn.SetReadDeadline(time.Now().Add(closeTimeout))
	_, _ = d.conn.WriteTo(nil, d.conn.LocalAddr())
	<-d.done
	_ = d.conn.Close()
}

func (d *daemon) run() {
	defer close(d.done)
	packet := make([]byte, 64<<10)
	for {
		n, from, err := d.conn.ReadFromUDP(packet)
		if err != nil || from.String() == d.Address() {
			return
		}
		d.receive(packet[:n])
	}
}

// receive stores the document of a packet, which follows a header in a line of its
// own.
func (d *daemon) receive(packet []byte) {
	header, document, _ := bytes.Cut(packet, []byte("\n"))
	var h struct {
		Format  string
		Version int
	}
	if json.Unmarshal(header, &h) != nil || h.Format != "json" || h.Version != 1 {
		d.service.warn(d.function, `a trace is lost: the packet does not start with the header {"format": "json", "version": 1}`)
		return
	}
	unprocessed, err := d.service.PutSegments(context.Background(), d.caller, string(document))
	if err != nil {
		d.refused.Do(func() { d.service.warn(d.function, "no traces from this environment: %v", err) })
	}
	for _, u := range unprocessed {
		d.service.warn(d.function, "a trace is lost: segment %q: %s", u.ID, u.Message)
	}
}
