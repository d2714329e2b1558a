// Package control is how the localcloud command finds a running local cloud,
// asks about it and ends it.
//
// A running local cloud keeps a run file in its state folder, and serves two
// pages beside AWS's protocols: its status as JSON and its functions' logs as
// text.
package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/store"
)

// The pages.
const (
	StatusPath = "/_localcloud/status"
	LogsPath   = "/_localcloud/logs"
)

// ErrNotRunning says that no local cloud runs on a state folder.
var ErrNotRunning = errors.New("no local cloud is running here; start one with: localcloud start --detach")

// Config says where a local cloud keeps its state and listens.
type Config struct {
	// Dir is the folder of the durable state; it is made where it is missing.
	Dir string `json:"dir"`
	// Project is the folder that relative archive paths of Pulumi programs
	// start from: the one with Pulumi.yaml.
	Project string `json:"project"`
	Region  string `json:"region"` // "us-east-1"
	// Port serves AWS's wire protocols, ProviderPort the Pulumi provider;
	// 0 is any free port.
	Port         int `json:"port"`
	ProviderPort int `json:"providerPort"`
	// APIPort is where the search for each HTTP API's own port begins;
	// 0 is any free port.
	APIPort int `json:"apiPort"`
	// Stacks are the globs of the stacks that the provider accepts.
	Stacks []string `json:"stacks"`
	// TimeScale divides AWS's waits of a minute or more; 0 and 1 keep them.
	TimeScale float64 `json:"timeScale"`
	// IdleTimeout is how long an unused execution environment is kept.
	IdleTimeout time.Duration `json:"idleTimeout"`
}

// Endpoint is the URL that AWS_ENDPOINT_URL takes: "http://127.0.0.1:4566".
func (c Config) Endpoint() string { return "http://127.0.0.1:" + strconv.Itoa(c.Port) }

// Status is what a running local cloud says of itself.
type Status struct {
	PID       int           `json:"pid"`
	Program   string        `json:"program"` // digest of its executable
	Started   time.Time     `json:"started"`
	Config    Config        `json:"config"`
	Resources []Resource    `json:"resources"`
	Recorded  []Recorded    `json:"recorded"`
	Warnings  []cloud.Entry `json:"warnings"` // the last few, oldest first
}

// Resource is one thing that is deployed.
type Resource struct {
	Type   string `json:"type"` // "function", "topic", "api"
	Name   string `json:"name"`
	Detail string `json:"detail"` // what a person wants to know of it in a few words
}

// Recorded is what was accepted and is kept, but has no effect here.
type Recorded struct {
	Type string `json:"type"` // "aws:cloudwatch/metricAlarm:MetricAlarm"
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
	// Properties are the ones without effect of a resource that is emulated
	// otherwise; none where the whole resource has no effect.
	Properties []string `json:"properties,omitempty"`
}

// run is the run file: just enough to reach the process.
type run struct {
	PID  int `json:"pid"`
	Port int `json:"port"`
}

func runFile(dir string) string { return filepath.Join(dir, "run.json") }

// WriteRunFile says where this process listens; call it when it does.
func WriteRunFile(c Config) error {
	raw, err := json.Marshal(run{PID: os.Getpid(), Port: c.Port})
	if err != nil {
		return err
	}
	return os.WriteFile(runFile(c.Dir), raw, 0o600)
}

// RemoveRunFile takes this process's run file away, and leaves another's: the
// folder may have been removed and taken by a newer local cloud.
func RemoveRunFile(c Config) error {
	raw, err := os.ReadFile(runFile(c.Dir))
	var r run
	if err != nil || json.Unmarshal(raw, &r) != nil || r.PID != os.Getpid() {
		return err
	}
	return os.Remove(runFile(c.Dir))
}

// Find asks the local cloud that runs on folder dir for its status.
// ErrNotRunning where there is none, also where one died and left its run file;
// ctx's error where that ends before the answer.
func Find(ctx context.Context, dir string) (Status, error) {
	raw, err := os.ReadFile(runFile(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return Status{}, ErrNotRunning
	}
	if err != nil {
		return Status{}, err
	}
	var r run
	if err := json.Unmarshal(raw, &r); err != nil {
		return Status{}, fmt.Errorf("%s: %w; remove the file if no local cloud runs", runFile(dir), err)
	}
	var status Status
	body, err := get(ctx, r.Port, StatusPath, nil)
	if err == nil {
		defer body.Close()
		err = json.NewDecoder(body).Decode(&status)
	}
	if ctx.Err() != nil {
		return Status{}, ctx.Err()
	}
	if err != nil || status.PID != r.PID {
		// Whoever listens there, if anybody, it is not the one of the run file.
		return Status{}, ErrNotRunning
	}
	return status, nil
}

// Stop ends the local cloud that runs on folder dir, and returns when it has
// released the folder. ErrNotRunning where there is none.
func Stop(ctx context.Context, dir string) error {
	status, err := Find(ctx, dir)
	if err != nil {
		return err
	}
	if err := syscall.Kill(status.PID, syscall.SIGTERM); err != nil {
		return fmt.Errorf("end process %d: %w", status.PID, err)
	}
	for ctx.Err() == nil {
		// The state file is locked until the process has closed everything.
		st, err := store.Open(dir)
		if err == nil {
			return st.Close()
		}
		if !errors.Is(err, store.ErrInUse) {
			return err
		}
	}
	return fmt.Errorf("process %d does not end: %w", status.PID, ctx.Err())
}

// LogQuery chooses what Logs copies.
type LogQuery struct {
	// Function is the name of a function, with or without the suffix that
	// auto-naming gave it; "" is every function.
	Function string
	Since    time.Time // zero: from the beginning
	Follow   bool      // go on until ctx ends
}

// Values are the query parameters of the logs page.
func (q LogQuery) Values() url.Values {
	v := url.Values{"function": {q.Function}, "follow": {strconv.FormatBool(q.Follow)}}
	if !q.Since.IsZero() {
		v.Set("since", q.Since.UTC().Format(time.RFC3339Nano))
	}
	return v
}

// ParseLogQuery reads what Values wrote.
func ParseLogQuery(v url.Values) (q LogQuery, err error) {
	q.Function = v.Get("function")
	if s := v.Get("follow"); s != "" {
		if q.Follow, err = strconv.ParseBool(s); err != nil {
			return q, fmt.Errorf("follow: %w", err)
		}
	}
	if s := v.Get("since"); s != "" {
		if q.Since, err = time.Parse(time.RFC3339Nano, s); err != nil {
			return q, fmt.Errorf("since: %w", err)
		}
	}
	return q, nil
}

// Logs copies the chosen log lines to w as they come.
func Logs(ctx context.Context, c Config, q LogQuery, w io.Writer) error {
	body, err := get(ctx, c.Port, LogsPath, q.Values())
	if err != nil {
		return err
	}
	defer body.Close()
	if _, err := io.Copy(w, body); err != nil && ctx.Err() == nil {
		return fmt.Errorf("the local cloud ended: %w", err)
	}
	return nil
}

// get fetches a page; an answer other than 200 is an error with its text.
func get(ctx context.Context, port int, path string, query url.Values) (io.ReadCloser, error) {
	u := url.URL{Scheme: "http", Host: "127.0.0.1:" + strconv.Itoa(port), Path: path, RawQuery: query.Encode()}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	// A proxy of the developer's environment has no business on loopback.
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		defer resp.Body.Close()
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 4096))
		return nil, errors.New(string(text))
	}
	return resp.Body, nil
}
