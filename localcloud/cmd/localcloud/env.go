package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"tally/localcloud/control"
)

type envCommand struct {
	Unset bool `help:"Print the commands that unset the exported variables."`
}

// conflicting lists variables that would override the exports for an AWS SDK or
// the Pulumi CLI, or make them use the developer's own identity.
var conflicting = []string{"AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE", "PULUMI_ACCESS_TOKEN", "PULUMI_CONFIG_PASSPHRASE_FILE"}

func (c *envCommand) Run(ctx context.Context, p place, std streams) error {
	if c.Unset {
		for _, v := range exports(control.Config{}) {
			fmt.Fprintf(std.out, "unset %s\n", v.Name)
		}
		return nil
	}
	status, err := p.find(ctx)
	if err != nil {
		return err
	}
	if err := control.Register(ctx, status.Config, p.project); err != nil {
		return err
	}
	if err := status.Config.MakePulumiFolders(); err != nil {
		return err
	}
	fmt.Fprintf(std.out, "unset %s\n", strings.Join(conflicting, " "))
	for _, v := range exports(status.Config) {
		fmt.Fprintf(std.out, "export %s=%s\n", v.Name, quote(v.Value))
	}
	if path, ok := toolchain(); ok {
		fmt.Fprintf(std.out, "export PATH=%s:\"$PATH\"\n", quote(path))
	}
	return nil
}

// exports returns the variables to export. GOFLAGS holds the flag with which
// Pulumi compiles programs: otherwise Go would compile the AWS SDK twice.
func exports(c control.Config) []control.Variable {
	return append(c.Environment(), control.Variable{Name: "GOFLAGS", Value: "-trimpath"})
}

// toolchain returns the folder of the Pulumi CLI that was built beside this
// program, and reports whether there is one.
func toolchain() (string, bool) {
	self, err := os.Executable()
	if err != nil {
		return "", false
	}
	dir := filepath.Join(filepath.Dir(self), "pulumi")
	_, err = os.Stat(filepath.Join(dir, "pulumi"))
	return dir, err == nil
}

// quote returns s as one word of a POSIX shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
