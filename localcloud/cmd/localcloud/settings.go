package main

import (
	"cmp"
	"fmt"
	"os"
	"reflect"
	"strings"
	"time"

	"tally/localcloud/control"
	"tally/localcloud/store"
)

// settings returns the configuration of a new local cloud: the flags, else the region and
// the ports of the last start with this state, else the defaults. LOCALCLOUD_PORT comes
// before the port of the last start. It returns an error if the state is of another region.
func (c *startCommand) settings(p place) (control.Config, error) {
	last, err := control.Recall(p.state)
	if err != nil {
		return control.Config{}, err
	}
	if c.Region != nil && last.Region != "" && last.Region != *c.Region && store.Exists(p.state) {
		return control.Config{}, fmt.Errorf("--region is %s, but the state in %s is of %s; delete it with `localcloud stop --delete`, or choose another folder with --state",
			*c.Region, p.state, last.Region)
	}
	config := control.Config{
		Dir:          p.state,
		Region:       cmp.Or(last.Region, "us-east-1"),
		Port:         p.port,
		ProviderPort: 4565,
		APIPort:      4567,
		Stacks:       []string{"local", "local-*"},
		TimeScale:    60,
		IdleTimeout:  10 * time.Minute,
		LogLimitMiB:  256,
	}
	if last != (control.Remembered{}) {
		config.ProviderPort, config.APIPort = last.ProviderPort, last.APIPort
		if os.Getenv("LOCALCLOUD_PORT") == "" {
			config.Port = last.Port
		}
	}
	return c.override(config, p), nil
}

// override returns the configuration with the values of the given flags.
func (c *startCommand) override(config control.Config, p place) control.Config {
	if !p.anyPort {
		config.Port = p.port
	}
	set(&config.Region, c.Region)
	set(&config.ProviderPort, c.ProviderPort)
	set(&config.APIPort, c.APIPort)
	set(&config.TimeScale, c.TimeScale)
	set(&config.IdleTimeout, c.IdleTimeout)
	set(&config.LogLimitMiB, c.LogLimit)
	if c.Stack != nil {
		config.Stacks = c.Stack
	}
	return config
}

func set[T any](setting, flag *T) {
	if flag != nil {
		*setting = *flag
	}
}

// checkSame returns an error if a flag asks for something else than the running local
// cloud does. A port of 0 asks for any.
func (c *startCommand) checkSame(p place, running control.Status) error {
	is, wanted := running.Config, c.override(running.Config, p)
	var differences []string
	differ := func(flag string, is, wanted any) {
		if !reflect.DeepEqual(is, wanted) {
			differences = append(differences, fmt.Sprintf("%s is %v instead of %v", flag, is, wanted))
		}
	}
	differ("--region", is.Region, wanted.Region)
	differ("--port", is.Port, cmp.Or(wanted.Port, is.Port))
	differ("--provider-port", is.ProviderPort, cmp.Or(wanted.ProviderPort, is.ProviderPort))
	differ("--api-port", is.APIPort, cmp.Or(wanted.APIPort, is.APIPort))
	differ("--stack", is.Stacks, wanted.Stacks)
	differ("--time-scale", is.TimeScale, wanted.TimeScale)
	differ("--idle-timeout", is.IdleTimeout, wanted.IdleTimeout)
	differ("--log-limit", is.LogLimitMiB, wanted.LogLimitMiB)
	if len(differences) == 0 {
		return nil
	}
	return fmt.Errorf("%s, and %s; choose other ports with --port and --provider-port, or stop it with: localcloud stop --state %s",
		describe(running), strings.Join(differences, ", "), is.Dir)
}
