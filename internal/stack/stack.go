// Package stack reads the outputs of a deployed stack with the Pulumi CLI.
package stack

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
)

// Outputs stores the outputs of the stack in the struct that out points to, whose
// JSON tags name them. It runs pulumi, which must be on the PATH and logged in to the
// stack's backend. The errors name the stack; what pulumi itself reports goes to
// standard error.
func Outputs(ctx context.Context, stack string, out any) error {
	cmd := exec.CommandContext(ctx, "pulumi", "stack", "output", "--json", "--stack", stack)
	cmd.Stderr = os.Stderr
	raw, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("pulumi stack output --stack %s: %w", stack, err)
		if unknown := Check(".", stack); unknown != nil {
			err = fmt.Errorf("%w; %w", err, unknown)
		}
		return err
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return fmt.Errorf("outputs of stack %s: %w", stack, err)
	}
	return nil
}
