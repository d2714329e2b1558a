package policy

import (
	"errors"
	"fmt"
	"slices"
)

const (
	secret         = "aws:secretsmanager/secret:Secret"
	secretRotation = "aws:secretsmanager/secretRotation:SecretRotation"
	parameter      = "aws:ssm/parameter:Parameter"

	maxRotationDays = 90 // the default of SecretsManager.4
)

var secretRules = []Rule{
	{
		Controls: []string{"SecretsManager.1", "CKV2_AWS_57"}, Title: "secrets are rotated",
		Types: []string{secret}, Property: "secretId of a SecretRotation",
		Check: func(r Resource, all Graph) error {
			for _, rotation := range all {
				if rotation.Type == secretRotation && slices.Contains(rotation.References["secretId"], r.Type+" "+r.Name) {
					return nil
				}
			}
			return errors.New("has no SecretRotation")
		},
	},
	{
		Controls: []string{"SecretsManager.4"}, Title: fmt.Sprintf("secrets are rotated at least every %d days", maxRotationDays),
		Types: []string{secretRotation}, Property: "rotationRules.automaticallyAfterDays",
		Check: func(r Resource, _ Graph) error {
			// A scheduleExpression may comply with the control, too, but is not checked.
			days, known := r.input("rotationRules", "automaticallyAfterDays").(float64)
			if r.input("rotationRules", "automaticallyAfterDays") == Unknown || known && days >= 1 && days <= maxRotationDays {
				return nil
			}
			return fmt.Errorf("does not rotate the secret within %d days: set automaticallyAfterDays", maxRotationDays)
		},
	},
	{
		Controls: []string{"CKV_AWS_149"}, Title: "secrets are encrypted with a customer-managed key",
		Types: []string{secret}, Property: "kmsKeyId",
		Check: require("kmsKeyId"),
	},
	{
		Controls: []string{"CKV2_AWS_34"}, Title: "parameters are encrypted",
		Types: []string{parameter}, Property: "type",
		Check: func(r Resource, _ Graph) error {
			if kind := r.input("type"); kind != "SecureString" && kind != Unknown {
				return fmt.Errorf("has the type %v, not SecureString", kind)
			}
			return nil
		},
	},
	{
		Controls: []string{"CKV_AWS_337"}, Title: "parameters are encrypted with a customer-managed key",
		Types: []string{parameter}, Property: "keyId",
		Check: require("keyId"),
	},
}
