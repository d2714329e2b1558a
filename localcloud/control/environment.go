package control

import (
	"fmt"
	"path/filepath"

	"tally/localcloud/iam"
)

// Variable is an environment variable.
type Variable struct{ Name, Value string }

// PulumiState returns the folder of Pulumi's state. Pulumi requires it to exist.
func (c Config) PulumiState() string { return filepath.Join(c.Dir, "pulumi") }

// Environment returns the variables that make Pulumi, the AWS CLI and AWS SDKs
// use the local cloud with this configuration.
func (c Config) Environment() []Variable {
	return []Variable{
		{"AWS_ENDPOINT_URL", c.Endpoint()},
		{"AWS_ACCESS_KEY_ID", iam.DeveloperKey},
		{"AWS_SECRET_ACCESS_KEY", iam.DeveloperSecret},
		{"AWS_REGION", c.Region},
		{"AWS_DEFAULT_REGION", c.Region},
		{"PULUMI_DEBUG_PROVIDERS", fmt.Sprintf("aws:%d", c.ProviderPort)},
		{"PULUMI_BACKEND_URL", "file://" + c.PulumiState()},
		// The secrets of a local stack need no passphrase.
		{"PULUMI_CONFIG_PASSPHRASE", ""},
		// Without this, Pulumi would write to the developer's own home.
		{"PULUMI_HOME", filepath.Join(c.Dir, "pulumi-home")},
		{"PULUMI_SKIP_UPDATE_CHECK", "true"},
		{"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION", "true"},
	}
}
