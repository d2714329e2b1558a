package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"tally/localcloud/control"
	"tally/localcloud/iam"
)

type envCommand struct {
	Unset bool `help:"Print the commands that restore the variables as they were."`
}

// conflicting lists variables that would override the exports for an AWS SDK or
// the Pulumi CLI, or make them use the developer's own identity.
var conflicting = []string{"AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE", "PULUMI_ACCESS_TOKEN", "PULUMI_CONFIG_PASSPHRASE_FILE"}

// secrets lists the replaced variables whose values only the shell knows that has replaced
// them, so that no command sees them.
var secrets = []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "PULUMI_ACCESS_TOKEN", "PULUMI_CONFIG_PASSPHRASE"}

// saved is the prefix of the variables with the developer's own values. Those of secrets are
// not exported; instead, savedNames, which is, names them.
const (
	saved      = "LOCALCLOUD_SAVED_"
	savedNames = "LOCALCLOUD_SAVED"
)

func (c *envCommand) Run(ctx context.Context, p place, std streams) error {
	if c.Unset {
		printRestore(std.out)
		return nil
	}
	variables, err := target(ctx, p, std.err)
	if err != nil {
		return err
	}
	if !inEffect() {
		printSave(std.out)
	}
	fmt.Fprintf(std.out, "unset %s\n", strings.Join(conflicting, " "))
	for _, v := range variables {
		fmt.Fprintf(std.out, "export %s=%s\n", v.Name, quote(v.Value))
	}
	if path, ok := toolchain(); ok {
		fmt.Fprintf(std.out, "export PATH=%s:\"$PATH\"\n", quote(path))
	}
	return nil
}

// target prepares the selected local cloud for commands of this program, and returns the
// variables that make them use it.
func target(ctx context.Context, p place, w io.Writer) ([]control.Variable, error) {
	status, err := p.find(ctx)
	if err != nil {
		return nil, err
	}
	if err := control.Register(ctx, status.Config, p.project); err != nil {
		return nil, err
	}
	if err := status.Config.MakePulumiFolders(); err != nil {
		return nil, err
	}
	repair(ctx, status.Config, w)
	return exports(status.Config), nil
}

// repair repairs what interrupted deployments have left, and says what it did. If it cannot,
// the variables are printed all the same, because they are needed to look at the stack.
func repair(ctx context.Context, c control.Config, w io.Writer) {
	repaired, err := control.Repair(ctx, c)
	for _, urn := range repaired.Deleted {
		fmt.Fprintf(w, "localcloud: deleted %s: an interrupted deployment created it, and Pulumi does not know it\n", urn)
	}
	if err != nil {
		fmt.Fprintln(w, "localcloud: warning:", err)
	}
}

// inEffect reports whether this process runs with exports of a local cloud, which
// are not the developer's own values.
func inEffect() bool {
	return os.Getenv("PULUMI_DEBUG_PROVIDERS") != "" && os.Getenv("AWS_ACCESS_KEY_ID") == iam.DeveloperKey
}

// replaced lists the variables that the exports change.
func replaced() []string {
	names := append([]string{"PATH"}, conflicting...)
	for _, v := range exports(control.Config{}) {
		names = append(names, v.Name)
	}
	return names
}

// printSave prints commands that save the developer's own values.
func printSave(w io.Writer) {
	fmt.Fprintf(w, "export %s=\n", savedNames)
	for _, name := range replaced() {
		save := fmt.Sprintf(`export %[1]s%[2]s="$%[2]s"`, saved, name)
		if slices.Contains(secrets, name) {
			save = fmt.Sprintf(`%[1]s%[2]s="$%[2]s"; %[3]s="$%[3]s %[2]s"`, saved, name, savedNames)
		}
		fmt.Fprintf(w, "[ -z \"${%s+x}\" ] || { %s; }\n", name, save)
	}
}

// printRestore prints commands that restore the developer's own values, unset the exports
// that had none, and say which values only another shell knows.
func printRestore(w io.Writer) {
	for _, v := range exports(control.Config{}) {
		fmt.Fprintf(w, "unset %s\n", v.Name)
	}
	for _, name := range replaced() {
		lost := ":"
		if slices.Contains(secrets, name) {
			lost = fmt.Sprintf(`case " $%[1]s " in *" %[2]s "*) echo "localcloud: only the shell in which you ran localcloud env can restore %[2]s: set it again here" >&2 ;; esac`, savedNames, name)
		}
		fmt.Fprintf(w, "if [ -n \"${%[2]s%[1]s+x}\" ]; then export %[1]s=\"$%[2]s%[1]s\"; unset %[2]s%[1]s; else %[3]s; fi\n", name, saved, lost)
	}
	fmt.Fprintf(w, "unset %s\n", savedNames)
}

// exports returns the variables to export. GOFLAGS holds, besides the developer's
// own flags, the one with which Pulumi compiles programs: otherwise Go would compile
// the AWS SDK twice.
func exports(c control.Config) []control.Variable {
	flags := strings.Fields(os.Getenv("GOFLAGS"))
	if !slices.Contains(flags, "-trimpath") {
		flags = append(flags, "-trimpath")
	}
	return append(c.Environment(), control.Variable{Name: "GOFLAGS", Value: strings.Join(flags, " ")})
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
