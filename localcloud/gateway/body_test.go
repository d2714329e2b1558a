package gateway

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// A body that is too large, or whose signer is unknown, is refused before it arrives.
func TestRefusedBeforeTheBody(t *testing.T) {
	k := newKit(t)
	for name, c := range map[string]struct {
		key    string
		length int
		want   string
	}{
		"too large":   {"test", 9 << 20, "413"},
		"unknown key": {"AKIAUNKNOWN", 1 << 20, "403"},
	} {
		conn := must(net.Dial("tcp", strings.TrimPrefix(k.url, "http://")))(t)
		now := time.Now().UTC()
		fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\nContent-Type: %s\r\nX-Amz-Date: %s\r\n"+
			"Authorization: AWS4-HMAC-SHA256 Credential=%s/%s/us-east-1/sns/aws4_request, SignedHeaders=host, Signature=00\r\n\r\n",
			c.length, formType, now.Format("20060102T150405Z"), c.key, now.Format("20060102"))
		_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || !strings.HasPrefix(res.Status, c.want) {
			t.Errorf("%s: %v %v, want %s", name, res, err, c.want)
		}
		conn.Close()
	}
}
