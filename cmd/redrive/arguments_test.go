package main

import (
	"errors"
	"flag"
	"io"
	"strings"
	"testing"
	"time"
)

func TestParseArguments(t *testing.T) {
	a, err := parseArguments(strings.Fields("-s prod run -queue q -id a -id b -reason ^x -older 36h -rate 0.5/s -n"), io.Discard)
	if err != nil || a.stack != "prod" || !a.run || a.queue != "q" || a.ids.String() != "a, b" || a.reason.String() != "^x" ||
		a.older != 36*time.Hour || a.rate != 0.5 || !a.dry || a.all {
		t.Errorf("got %+v, %v", a, err)
	}
	for _, args := range []string{"-s dev", "list -s dev", "-s dev list"} {
		a, err := parseArguments(strings.Fields(args), io.Discard)
		if err != nil || a.run || a.stack != "dev" || a.max != 100 || a.json {
			t.Errorf("%s: %+v, %v", args, a, err)
		}
	}
	if a, err := parseArguments(strings.Fields("run -all"), io.Discard); err != nil || !a.run || a.stack != "local" || a.rate != 10 || a.dry {
		t.Errorf("got %+v, %v", a, err)
	}
}

func TestParseArgumentsRefuses(t *testing.T) {
	for args, want := range map[string]string{
		"run":                "run needs a selection",
		"run -n":             "run needs a selection",
		"run -queue=":        "run needs a selection",
		"run -reason=":       "run needs a selection",
		"run -older 0s":      "run needs a selection",
		"run -all -id a":     "-all excludes -id",
		"run -all -json":     "-json is only for list",
		"-n":                 "-n is only for run",
		"list -rate 3":       "-rate is only for run",
		"run -all -rate 0":   "above 0 and up to 1000",
		"run -all -rate NaN": "above 0 and up to 1000",
		"run -reason (":      "missing closing )",
		"run -older -1h":     "-older must be 0 or more",
		"-max -1":            "-max must be 0 or more",
		"delete":             `unexpected argument "delete"`,
		"run -all x":         `unexpected argument "x"`,
		"-colour":            "not defined: -colour",
	} {
		if _, err := parseArguments(strings.Fields(args), io.Discard); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", args, err)
		}
	}
	var help strings.Builder
	if _, err := parseArguments([]string{"-help"}, &help); !errors.Is(err, flag.ErrHelp) || !strings.Contains(help.String(), "-older duration") {
		t.Errorf("%v\n%s", err, &help)
	}
}
