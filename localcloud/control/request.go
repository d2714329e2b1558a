package control

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"tally/localcloud/iam"
)

// The pages of a local cloud. All but FolderPath require a signature.
const (
	FolderPath   = "/_localcloud/folder"
	StatusPath   = "/_localcloud/status"
	LogsPath     = "/_localcloud/logs"
	EventsPath   = "/_localcloud/events"
	DebugPath    = "/_localcloud/debug"
	ProgramsPath = "/_localcloud/programs"
	EmailsPath   = "/_localcloud/emails"
	FaultsPath   = "/_localcloud/faults"
	RepairPath   = "/_localcloud/repair"
	ConsolePath  = "/_localcloud/link" // of the console
	APIPath      = "/_localcloud/api/" // of the JSON API of the console
)

// Service is the service in the signatures of requests to the pages. They are signed as
// requests to AWS are, so the secret itself is never sent.
const Service = "localcloud"

// Folder says where the secret is that a client needs for the other pages.
type Folder struct {
	Dir string `json:"dir"`
	PID int    `json:"pid"`
}

// folderAt returns the state folder of the local cloud that listens on a port, and
// ErrNotRunning if nothing or another program listens there.
func folderAt(ctx context.Context, port int) (Folder, error) {
	var f Folder
	res, err := Config{Port: port}.send(ctx, http.MethodGet, FolderPath, nil)
	if err == nil {
		defer res.Body.Close()
		err = json.NewDecoder(io.LimitReader(res.Body, 1<<16)).Decode(&f)
	}
	if ctx.Err() != nil {
		return f, ctx.Err()
	}
	if err != nil || res.StatusCode != http.StatusOK || f.Dir == "" {
		return f, ErrNotRunning
	}
	return f, nil
}

// request sends a request to a page and returns the body of a 200. Another status is an
// error with the response's text.
func (c Config) request(ctx context.Context, method, page string, body []byte) (io.ReadCloser, error) {
	if c.Secret == "" {
		return nil, errors.New("the secret of the local cloud is not known")
	}
	res, err := c.send(ctx, method, page, body)
	if err != nil {
		return nil, err
	}
	proof := Proof(c.Secret, res.Request.Header.Get("Authorization"))
	if res.StatusCode == http.StatusOK && hmac.Equal([]byte(proof), []byte(res.Header.Get(ProofHeader))) {
		return res.Body, nil
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(res.Body, 4096))
	if res.StatusCode == http.StatusOK {
		return nil, fmt.Errorf("the program on port %d is not the local cloud with the state in %s", c.Port, c.Dir)
	}
	return nil, errors.New(strings.TrimSpace(string(text)))
}

// stream copies the response of a page to w as it arrives, until it or ctx ends.
func (c Config) stream(ctx context.Context, method, page string, w io.Writer) error {
	body, err := c.request(ctx, method, page, nil)
	if err != nil {
		return err
	}
	defer body.Close()
	if _, err := io.Copy(w, body); err != nil && ctx.Err() == nil {
		return fmt.Errorf("the connection to the local cloud ended: %w", err)
	}
	return nil
}

// send sends a request, signed if the secret is known.
func (c Config) send(ctx context.Context, method, page string, body []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://127.0.0.1:"+strconv.Itoa(c.Port)+page, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if c.Secret != "" {
		hash := sha256.Sum256(body)
		keys := aws.Credentials{AccessKeyID: iam.DeveloperKey, SecretAccessKey: c.Secret}
		if err := v4.NewSigner().SignHTTP(ctx, keys, req, hex.EncodeToString(hash[:]), Service, Service, time.Now()); err != nil {
			return nil, err
		}
	}
	// No proxy: those in the developer's environment are not for loopback.
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	return client.Do(req)
}
