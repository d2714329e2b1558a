package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"tally/test/cmd/bench/floor"
)

// floorCommand is the first argument with which this program serves a floor.
const floorCommand = "floor"

// serveFloor serves a floor until standard input ends. It prints the floor's
// address.
func serveFloor(args []string) error {
	config := floor.Config{Env: os.Environ()}
	flags := flag.NewFlagSet(floorCommand, flag.ContinueOnError)
	flags.StringVar(&config.Bootstrap, "bootstrap", "", "executable of the bundle")
	flags.IntVar(&config.Processes, "processes", 1, "number of processes")
	flags.StringVar(&config.Log, "log", os.DevNull, "file that receives the output")
	if err := flags.Parse(args); err != nil {
		return err
	}
	f, err := floor.Start(config)
	if err != nil {
		return err
	}
	fmt.Println(f.Address())
	_, err = io.Copy(io.Discard, os.Stdin)
	return errors.Join(err, f.Close())
}

// floorProcess is a floor in a process of its own, as the local cloud is.
type floorProcess struct {
	address string
	log     string // path of the functions' output
	command *exec.Cmd
	stdin   io.Closer
}

// startFloor starts a floor that runs a function of the deployed stack.
func (b *bench) startFloor(function string, processes int) (*floorProcess, error) {
	bootstrap, _, err := b.cloud.unpack(function)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &floorProcess{log: filepath.Join(b.cloud.dir, fmt.Sprintf("floor-%s-%d.log", function, processes))}
	p.command = exec.Command(self, floorCommand, "-bootstrap", bootstrap, "-processes", strconv.Itoa(processes), "-log", p.log)
	p.command.Env = b.floorEnv(function)
	p.command.Stderr = os.Stderr
	out, err := p.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if p.stdin, err = p.command.StdinPipe(); err != nil {
		return nil, err
	}
	if err := p.command.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the floor did not start: %w", err), p.close())
	}
	p.address = strings.TrimSpace(line)
	return p, nil
}

// floorEnv returns the variables that the functions need.
func (b *bench) floorEnv(function string) []string {
	return []string{
		"AWS_LAMBDA_FUNCTION_NAME=" + function,
		"AWS_LAMBDA_FUNCTION_VERSION=1",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=128",
		"AWS_LAMBDA_LOG_FORMAT=JSON",
		"AWS_LAMBDA_LOG_LEVEL=INFO",
		"AWS_ACCESS_KEY_ID=test",
		"AWS_SECRET_ACCESS_KEY=test",
		"AWS_REGION=us-east-1",
		"NAMESPACE=tally", "SERVICE=" + function, "ENVIRONMENT=floor",
		"SUMS_TOPIC_ARN=" + b.outputs["sumsTopicArn"],
		"SUMS_TABLE=" + b.outputs["sumsTableName"],
	}
}

// close ends the floor and its processes.
func (p *floorProcess) close() error { return errors.Join(p.stdin.Close(), p.command.Wait()) }
