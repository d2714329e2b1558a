//go:build unix && !linux

package process

import (
	"errors"
	"os"

	"tally/localcloud/lambda"
)

// taskRoot is unused: nothing is isolated.
const taskRoot = ""

func probe() error { return errors.New("this requires Linux") }

func startIsolated(lambda.Spec, []string, *os.File) (program, error) { return nil, probe() }
