//go:build unix

package process_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	runtime "github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"tally/localcloud/lambda"
	"tally/localcloud/lambda/process"
	"tally/localcloud/lambda/runtimeapi"
)

// TestMain makes the test binary one of several programs: the tests, the bootstrap
// of a function that uses AWS's own runtime client, or one of several local clouds.
func TestMain(m *testing.M) {
	switch {
	case os.Getenv("AWS_LAMBDA_RUNTIME_API") != "":
		bootstrap()
	case len(os.Args) == 2 && os.Args[1] == "report-isolation":
		fmt.Println(process.Isolation(), process.New().TaskRoot("/own"))
	case len(os.Args) == 3 && os.Args[1] == "read-parent":
		readParent(os.Args[2])
	case len(os.Args) == 4 && os.Args[1] == "local-cloud":
		localCloud(os.Args[2], os.Args[3])
	default:
		os.Exit(m.Run())
	}
}

// readParent prints what a function can read of this process. Only Linux has it.
var readParent func(mode string)

// request lists what the function does, in the order of the fields.
type request struct {
	Print    []string // lines to print, alternately to stdout and stderr
	Fill     int      // number of lines of 100 digits to print
	Raw      string   // text to print without a newline
	MiB      int      // memory to allocate
	Dial     string   // address to connect and stay connected to
	Spawn    string   // address that a child process dials
	SpawnMiB string   // memory that it allocates, in MiB
	Leave    bool     // the child process leaves the process group
	Shell    string   // commands whose output is the response
	Sleep    time.Duration
	Error    string
	Panic    string
	Exit     int // exit status
	Signal   int
	Big      int // size of the response
	Describe bool
}

// description is a function's view of its environment.
type description struct {
	Environ     []string
	Directory   string
	RequestID   string
	FunctionARN string
	Left        time.Duration // time left until the deadline
	Client      map[string]string
	PID         int
}

var (
	ballast     []byte     // allocated memory
	connections []net.Conn // open until the process ends
)

func bootstrap() {
	log.SetFlags(0)
	switch os.Getenv("INIT") {
	case "exit":
		fmt.Println("cannot start")
		syscall.Exit(3) // without the test binary's own output on exit
	case "hang":
		select {}
	}
	runtime.Start(handle)
}

// allocate allocates memory and uses it.
func allocate(mebibytes int) {
	ballast = make([]byte, mebibytes<<20)
	for i := 0; i < len(ballast); i += 4096 {
		ballast[i] = 1
	}
}

func handle(ctx context.Context, in request) (any, error) {
	for i, line := range in.Print {
		fmt.Fprintln([]io.Writer{os.Stdout, os.Stderr}[i%2], line)
	}
	for n := range in.Fill {
		fmt.Printf("%0100d\n", n)
	}
	fmt.Print(in.Raw)
	if in.MiB > 0 {
		allocate(in.MiB)
	}
	if in.Dial != "" {
		conn, err := net.Dial("tcp", in.Dial)
		if err != nil {
			return nil, err
		}
		connections = append(connections, conn)
	}
	if in.Spawn != "" {
		cmd := exec.Command(os.Args[0], "local-cloud", "", in.Spawn)
		cmd.Env = []string{"CHILD=" + cmp.Or(in.SpawnMiB, "0")}
		cmd.Stdout = os.Stdout
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: in.Leave}
		if err := cmd.Start(); err != nil {
			return nil, err
		}
	}
	time.Sleep(in.Sleep)
	switch {
	case in.Panic != "":
		panic(in.Panic)
	case in.Exit != 0:
		syscall.Exit(in.Exit)
	case in.Signal != 0:
		syscall.Kill(os.Getpid(), syscall.Signal(in.Signal))
		select {}
	case in.Error != "":
		return nil, errors.New(in.Error)
	case in.Shell != "":
		output, err := exec.CommandContext(ctx, "/bin/sh", "-c", in.Shell).CombinedOutput()
		if err != nil && len(output) == 0 {
			return nil, err
		}
		return strings.TrimSpace(string(output)), nil
	case in.Big > 0:
		return strings.Repeat("x", in.Big), nil
	case !in.Describe:
		return len(in.Print), nil
	}
	directory, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	lc, _ := lambdacontext.FromContext(ctx)
	deadline, _ := ctx.Deadline()
	return description{
		Environ: os.Environ(), Directory: directory, RequestID: lc.AwsRequestID, FunctionARN: lc.InvokedFunctionArn,
		Left: time.Until(deadline), Client: lc.ClientContext.Custom, PID: os.Getpid(),
	}, nil
}

// localCloud starts an environment whose function dials address, and waits to be
// killed. In a child process of a function, it dials address itself.
func localCloud(mode, address string) {
	if child := os.Getenv("CHILD"); child != "" {
		n, err := strconv.Atoi(child)
		if err != nil {
			log.Fatal(err)
		}
		allocate(n)
		conn, err := net.Dial("tcp", address)
		if err != nil {
			log.Fatal(err)
		}
		defer conn.Close()
		select {}
	}
	parent, err := os.MkdirTemp("", "bundle")
	if err != nil {
		log.Fatal(err)
	}
	dir := filepath.Join(parent, "code") // which others may read
	if err := os.Mkdir(dir, 0o755); err != nil {
		log.Fatal(err)
	}
	link(log.Fatal, dir)
	r := process.New()
	if mode == "plain" {
		r = process.WithoutIsolation()
	}
	env, err := r.Start(context.Background(), lambda.Spec{Dir: dir, MemoryMB: 128, Output: func(string) {}})
	if err != nil {
		log.Fatal(err)
	}
	if err := os.RemoveAll(parent); err != nil {
		log.Fatal(err)
	}
	in := request{Dial: address}
	if linux {
		in.Sleep = time.Hour // elsewhere, a busy function outlives the local cloud
	}
	payload, err := json.Marshal(in)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := env.Invoke(context.Background(), runtimeapi.Event{RequestID: "id", Payload: payload, Deadline: time.Now().Add(time.Hour)}); err != nil {
		log.Fatal(err)
	}
	select {}
}

// link makes this binary the bundle's bootstrap. A symbolic link would lead out of
// the bundle.
func link(fatal func(...any), dir string) {
	self, err := os.Executable()
	if err != nil {
		fatal(err)
	}
	bootstrap := filepath.Join(dir, "bootstrap")
	if os.Link(self, bootstrap) == nil {
		return
	}
	program, err := os.ReadFile(self) // on another file system
	if err == nil {
		err = os.WriteFile(bootstrap, program, 0o755)
	}
	if err != nil {
		fatal(err)
	}
}
