package control

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"tally/localcloud/cloud"
	"tally/localcloud/internal/fault"
)

// Faults says how often the local cloud does what AWS may do, but seldom does.
type Faults = fault.Plan

// Crash says how often execution environments of a function crash.
type Crash = fault.Crash

// SlowFault says how often invocations of a function take longer.
type SlowFault = fault.Slow

// TableFault says how often requests to a table are refused.
type TableFault = fault.Table

// FaultStatus describes the faults that are set.
type FaultStatus struct {
	Faults
	// Injected are the numbers of faults since they were set or the local cloud started.
	Injected map[cloud.FaultKind]int `json:"injected"`
	// Unused are the flags that select nothing that exists, such as "--crash f".
	Unused []string `json:"unused,omitempty"`
}

// SetFaults replaces the faults of a local cloud, which keeps them, also across restarts,
// until ClearFaults.
func SetFaults(ctx context.Context, c Config, f Faults) error {
	raw, err := json.Marshal(f)
	if err == nil {
		err = c.changeFaults(ctx, http.MethodPut, raw)
	}
	if err != nil {
		return fmt.Errorf("set faults: %w", err)
	}
	return nil
}

// ClearFaults ends the faults of a local cloud.
func ClearFaults(ctx context.Context, c Config) error {
	if err := c.changeFaults(ctx, http.MethodDelete, nil); err != nil {
		return fmt.Errorf("clear faults: %w", err)
	}
	return nil
}

func (c Config) changeFaults(ctx context.Context, method string, body []byte) error {
	response, err := c.request(ctx, method, FaultsPath, body)
	if err != nil {
		return err
	}
	return response.Close()
}
