package control

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"tally/localcloud/iam"
)

// Variable is an environment variable.
type Variable struct{ Name, Value string }

// PulumiState returns the folder of Pulumi's state.
func (c Config) PulumiState() string { return filepath.Join(c.Dir, pulumiStateDir) }

// pulumiHome returns Pulumi's home. Without one of its own, Pulumi would change
// the login in the developer's.
func (c Config) pulumiHome() string { return filepath.Join(c.Dir, pulumiHomeDir) }

// MakePulumiFolders creates the folders of Pulumi's state and home, which Pulumi
// requires to exist, and removes the locks and the incomplete files of deployments that were
// killed. The plugins in that home are the developer's, because Pulumi installs none by
// itself in the local cloud's environment.
func (c Config) MakePulumiFolders() error {
	if err := errors.Join(os.MkdirAll(c.PulumiState(), 0o700), os.MkdirAll(c.pulumiHome(), 0o700), c.removeStaleLocks(), c.removeTornAttributes()); err != nil {
		return err
	}
	home := os.Getenv("PULUMI_HOME")
	if home == "" {
		user, err := os.UserHomeDir()
		if err != nil {
			return nil // no home, no plugins
		}
		home = filepath.Join(user, ".pulumi")
	}
	from, to := filepath.Join(home, "plugins"), filepath.Join(c.pulumiHome(), "plugins")
	if _, err := os.Stat(from); err != nil || from == to {
		return nil
	}
	if err := os.Symlink(from, to); !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// Environment returns the variables that make Pulumi, the AWS CLI and AWS SDKs
// use the local cloud with this configuration.
func (c Config) Environment() []Variable {
	return []Variable{
		{"AWS_ENDPOINT_URL", c.Endpoint()},
		{"AWS_ACCESS_KEY_ID", iam.DeveloperKey},
		{"AWS_SECRET_ACCESS_KEY", c.Secret},
		{"AWS_REGION", c.Region},
		{"AWS_DEFAULT_REGION", c.Region},
		{"PULUMI_DEBUG_PROVIDERS", fmt.Sprintf("aws:%d", c.ProviderPort)},
		{"PULUMI_BACKEND_URL", "file://" + c.PulumiState()},
		// The secrets of a local stack need no passphrase.
		{"PULUMI_CONFIG_PASSPHRASE", ""},
		{"PULUMI_HOME", c.pulumiHome()},
		{"PULUMI_SKIP_UPDATE_CHECK", "true"},
		// Pulumi would download the real aws provider, too.
		{"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION", "true"},
	}
}
