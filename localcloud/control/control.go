// Package control finds a running local cloud, reads its status and its logs, and
// stops it.
//
// A running local cloud has a run file and a secret in its state folder. Beside AWS's
// protocols it serves a few pages to those who know the secret: its status as JSON, its
// functions' logs as text, what happens as JSON, the registration of programs, faults, and
// the preparation of functions for a debugger.
package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/deployments"
	"tally/localcloud/store"
)

// ErrNotRunning means that no local cloud runs with a state folder or on a port.
var ErrNotRunning = errors.New("no local cloud is running here; start one with: localcloud start --detach")

// The files and folders in a state folder, beside the state file.
const (
	// LogFile has the output of a local cloud that runs in the background.
	LogFile = "localcloud.log"
	// OldLog is appended to the name of an older log file.
	OldLog         = ".1"
	runFileName    = "run.json"
	functionsDir   = "functions" // the unpacked code of functions
	keyFileName    = "key"       // of the secret values in the state
	pulumiStateDir = "pulumi"
	pulumiHomeDir  = "pulumi-home"
)

// Config is the configuration of a local cloud.
type Config struct {
	// Dir is the folder of the durable state; it is created if it is missing.
	Dir    string `json:"dir"`
	Region string `json:"region"` // "us-east-1"
	// Port serves AWS's wire protocols, ProviderPort the Pulumi provider;
	// 0 means any free port.
	Port         int `json:"port"`
	ProviderPort int `json:"providerPort"`
	// APIPort is the lowest port of an HTTP API or a URL of a function; 0 means any free port.
	APIPort int `json:"apiPort"`
	// Stacks are the globs of the stacks that the provider accepts.
	Stacks []string `json:"stacks"`
	// TimeScale divides AWS's waits of a minute or more; 0 and 1 leave them unchanged.
	TimeScale float64 `json:"timeScale"`
	// IdleTimeout is how long an unused execution environment lives.
	IdleTimeout time.Duration `json:"idleTimeout"`
	// LogLimitMiB is the size on disk in MiB up to which log events are kept; 0 means
	// any size.
	LogLimitMiB int `json:"logLimitMiB"`
	// Secret is the developer's secret access key, from the state folder.
	Secret string `json:"-"`
}

// FunctionsDir returns the folder with the unpacked code of functions.
func (c Config) FunctionsDir() string { return filepath.Join(c.Dir, functionsDir) }

// KeyFile returns the file with the key that encrypts secret values in the state. Without
// it, nobody can read them.
func (c Config) KeyFile() string { return filepath.Join(c.Dir, keyFileName) }

// Endpoint returns the value of AWS_ENDPOINT_URL: "http://127.0.0.1:4566".
func (c Config) Endpoint() string { return "http://127.0.0.1:" + strconv.Itoa(c.Port) }

// Status describes a running local cloud.
type Status struct {
	PID     int       `json:"pid"`
	Program string    `json:"program"` // digest of its executable
	Started time.Time `json:"started"`
	Config  Config    `json:"config"`
	// NotIsolated says why functions see this machine as the developer's programs
	// do, and how to change that, if it is known; "" if they are isolated.
	NotIsolated string `json:"notIsolated"`
	// Programs are the registered programs, the most recently registered first.
	Programs []deployments.Program `json:"programs"`
	// Stacks are the stacks that have resources, as "project/stack".
	Stacks    []string   `json:"stacks"`
	Resources []Resource `json:"resources"`
	Owed      []Owed     `json:"owed"` // what waits to be delivered or processed
	Sizes     Sizes      `json:"sizes"`
	Recorded  []Recorded `json:"recorded"`
	// Faults are the faults that are set; nil for none.
	Faults   *FaultStatus  `json:"faults,omitempty"`
	Warnings []cloud.Entry `json:"warnings"` // the last few losses and other warnings, oldest first; similar ones are one entry
}

// Sizes are bytes on disk. What was written in the last seconds may not be counted.
type Sizes struct {
	State uint64 `json:"state"` // of everything but the code of functions
	Logs  uint64 `json:"logs"`  // of this, log events
}

// Resource is a deployed resource.
type Resource struct {
	Type   string `json:"type"` // "function", "topic", "queue", "api"
	Name   string `json:"name"`
	Detail string `json:"detail"`          // its most important properties, for human readers
	Stack  string `json:"stack,omitempty"` // "project/stack"; "" if no program created it
}

// Owed says how many deliveries a subscription is owed, how many events a schedule or a target
// of a rule, or how many events are in the queue of a function. Those in progress count, too.
type Owed struct {
	Type     string `json:"type"`               // "subscription", "schedule", "rule" or "function"
	Name     string `json:"name"`               // the ARN of a subscription; "group/name" of a schedule
	Endpoint string `json:"endpoint,omitempty"` // where they go; "" for a function, and for what was deleted
	Count    int    `json:"count"`              // more than 0
}

// Recorded is a resource, or some properties of one, without effect here.
type Recorded struct {
	Type string `json:"type"` // "aws:cloudwatch/metricAlarm:MetricAlarm"
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
	// Properties are those without effect of an emulated resource; nil means
	// that the whole resource has no effect.
	Properties []string `json:"properties,omitempty"`
}

// run is the run file.
type run struct {
	PID  int `json:"pid"`
	Port int `json:"port"`
}

func runFile(dir string) string { return filepath.Join(dir, runFileName) }

// WriteRunFile writes the run file of this process, which must be listening.
func WriteRunFile(c Config) error {
	raw, err := json.Marshal(run{PID: os.Getpid(), Port: c.Port})
	if err != nil {
		return err
	}
	return os.WriteFile(runFile(c.Dir), raw, 0o600)
}

// RemoveRunFile removes this process's run file, but not another's: the folder
// may have been removed and taken over by a newer local cloud.
func RemoveRunFile(c Config) error {
	raw, err := os.ReadFile(runFile(c.Dir))
	var r run
	if err != nil || json.Unmarshal(raw, &r) != nil || r.PID != os.Getpid() {
		return err
	}
	return os.Remove(runFile(c.Dir))
}

// Find returns the status of the local cloud whose state is in dir. The error is
// ErrNotRunning if there is none, even if one died and left its run file, and
// ctx's error if ctx ends before the response.
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
		return Status{}, fmt.Errorf("%s: %w; remove the file if no local cloud is running", runFile(dir), err)
	}
	secret, err := Secret(dir)
	if err != nil {
		return Status{}, cannotControl(ctx, r.PID, err)
	}
	status, err := statusOf(ctx, Config{Port: r.Port, Dir: dir, Secret: secret})
	if err == nil && status.PID != r.PID {
		return Status{}, ErrNotRunning // another one listens there
	}
	return status, err
}

// At returns the status of the local cloud that listens on a loopback port. The
// error is ErrNotRunning if nothing or another program listens there.
func At(ctx context.Context, port int) (Status, error) {
	folder, err := folderAt(ctx, port)
	if err != nil {
		return Status{}, err
	}
	secret, err := Secret(folder.Dir)
	if err != nil {
		return Status{}, fmt.Errorf("port %d: %w", port, cannotControl(ctx, folder.PID, err))
	}
	return statusOf(ctx, Config{Port: port, Dir: folder.Dir, Secret: secret})
}

// A local cloud ends by itself soon after its folder has been removed.
const (
	endTimeout = 5 * time.Second
	endPoll    = 20 * time.Millisecond
)

// isDead reports whether there is no process with that ID.
func isDead(pid int) bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }

// awaitEnd waits for a process that should end, and reports whether it did.
func awaitEnd(ctx context.Context, pid int) bool {
	ctx, cancel := context.WithTimeout(ctx, endTimeout)
	defer cancel()
	for { // the operating system reports the end only to the parent
		if isDead(pid) {
			return true
		}
		select {
		case <-time.After(endPoll):
		case <-ctx.Done():
			return false
		}
	}
}

// cannotControl returns the error for a local cloud whose secret cannot be read. If
// the process has died and left its run file, the error is ErrNotRunning.
func cannotControl(ctx context.Context, pid int, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		if awaitEnd(ctx, pid) {
			return ErrNotRunning
		}
		return fmt.Errorf("the secret of the local cloud is missing (%w): end process %[2]d with `kill %[2]d`, and start the local cloud again", err, pid)
	}
	return fmt.Errorf("the local cloud of process %d cannot be used: %w", pid, err)
}

// statusOf returns the status of the local cloud with this port and secret.
func statusOf(ctx context.Context, c Config) (Status, error) {
	var status Status
	body, err := c.request(ctx, http.MethodGet, StatusPath, nil)
	if err == nil {
		defer body.Close()
		err = json.NewDecoder(body).Decode(&status)
	}
	if ctx.Err() != nil {
		return Status{}, ctx.Err()
	}
	if err != nil || status.PID == 0 || status.Config.Port != c.Port {
		return Status{}, ErrNotRunning
	}
	status.Config.Secret = c.Secret
	return status, nil
}

// Register registers the program in folder dir with a local cloud, which then
// finds the program's archives at relative paths.
func Register(ctx context.Context, c Config, dir string) error {
	raw, err := json.Marshal(deployments.Program{Dir: dir})
	if err != nil {
		return err
	}
	body, err := c.request(ctx, http.MethodPut, ProgramsPath, raw)
	if err != nil {
		return fmt.Errorf("register the program in %s: %w", dir, err)
	}
	return body.Close()
}

// Repaired says what a repair did.
type Repaired struct {
	// Deleted are the URNs of the resources that an interrupted deployment had created,
	// and that Pulumi did not know.
	Deleted []string `json:"deleted"`
	Error   string   `json:"error,omitempty"` // why the repair is incomplete
}

// Repair removes what deployments that were killed have left, of which Pulumi would
// otherwise create a second one, or fail because the name is taken. Stacks that are
// being deployed stay as they are.
func Repair(ctx context.Context, c Config) (r Repaired, err error) {
	body, err := c.request(ctx, http.MethodPost, RepairPath, nil)
	if err == nil {
		defer body.Close()
		err = json.NewDecoder(body).Decode(&r)
	}
	if err == nil && r.Error != "" {
		err = errors.New(r.Error)
	}
	if err != nil {
		return r, fmt.Errorf("repair interrupted deployments: %w", err)
	}
	return r, nil
}

// Stop stops the local cloud with that status, and returns once it has released
// its state folder.
func Stop(ctx context.Context, status Status) error {
	if err := syscall.Kill(status.PID, syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop process %d: %w", status.PID, err)
	}
	if err := store.AwaitRelease(ctx, status.Config.Dir); err != nil {
		return fmt.Errorf("process %d has not stopped: %w", status.PID, err)
	}
	return nil
}

// StateEntries are the files and folders in a state folder.
var StateEntries = []string{store.Folder, store.OldFile, runFileName, rememberedFileName, secretFileName, keyFileName, LogFile, LogFile + OldLog, functionsDir, pulumiStateDir, pulumiHomeDir}

// Stacks returns the stacks in the state folder of a local cloud that is not
// running, as "project/stack". A folder without a state has none.
func Stacks(dir string) (_ []string, err error) {
	if _, err := os.Stat(filepath.Join(dir, store.Folder)); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	st, err := store.Open(dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	d, err := deployments.New(st)
	if err != nil {
		return nil, err
	}
	return d.Stacks(), nil
}
