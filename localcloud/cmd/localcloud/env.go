package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"tally/localcloud/control"
	"tally/localcloud/iam"
)

type envCommand struct {
	Unset bool `help:"Print what takes the exports back."`
}

// variable is one export; an empty list of them would leave the shell alone.
type variable struct{ name, value string }

// unwanted would make an AWS SDK or the Pulumi CLI look elsewhere in spite of
// the exports, or carry the developer's own identity along.
var unwanted = []string{"AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE", "PULUMI_ACCESS_TOKEN", "PULUMI_CONFIG_PASSPHRASE_FILE"}

func (c *envCommand) Run(ctx context.Context, p place, std streams) error {
	if c.Unset {
		for _, v := range variables(p, control.Config{}) {
			fmt.Fprintf(std.out, "unset %s\n", v.name)
		}
		return nil
	}
	status, err := p.find(ctx)
	if err != nil {
		return err
	}
	// Pulumi wants the folder of its state to be there.
	if err := os.MkdirAll(pulumiState(p), 0o700); err != nil {
		return err
	}
	fmt.Fprintf(std.out, "unset %s\n", strings.Join(unwanted, " "))
	for _, v := range variables(p, status.Config) {
		fmt.Fprintf(std.out, "export %s=%s\n", v.name, quote(v.value))
	}
	if path, ok := toolchain(); ok {
		fmt.Fprintf(std.out, "export PATH=%s:\"$PATH\"\n", quote(path))
	}
	return nil
}

func pulumiState(p place) string { return filepath.Join(p.state, "pulumi") }

func variables(p place, c control.Config) []variable {
	return []variable{
		{"AWS_ENDPOINT_URL", c.Endpoint()},
		{"AWS_ACCESS_KEY_ID", iam.DeveloperKey},
		{"AWS_SECRET_ACCESS_KEY", iam.DeveloperSecret},
		{"AWS_REGION", c.Region},
		{"AWS_DEFAULT_REGION", c.Region},
		{"PULUMI_DEBUG_PROVIDERS", fmt.Sprintf("aws:%d", c.ProviderPort)},
		{"PULUMI_BACKEND_URL", "file://" + pulumiState(p)},
		// The local stack has no secrets that are worth a passphrase.
		{"PULUMI_CONFIG_PASSPHRASE", ""},
		// Without a home of its own Pulumi leaves files in the developer's.
		{"PULUMI_HOME", filepath.Join(p.state, "pulumi-home")},
		{"PULUMI_SKIP_UPDATE_CHECK", "true"},
		{"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION", "true"},
		// As Pulumi builds programs: else Go compiles the AWS SDK once more.
		{"GOFLAGS", "-trimpath"},
	}
}

// toolchain is the folder of the Pulumi that was built beside this program, if
// there is one.
func toolchain() (string, bool) {
	self, err := os.Executable()
	if err != nil {
		return "", false
	}
	dir := filepath.Join(filepath.Dir(self), "pulumi")
	_, err = os.Stat(filepath.Join(dir, "pulumi"))
	return dir, err == nil
}

// quote makes s one word of a POSIX shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
