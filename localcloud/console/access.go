package console

import (
	"slices"

	"tally/localcloud/cloud"
	"tally/localcloud/iam"
)

// Access is what roles may do and have done, and what was refused, since the local cloud
// started.
type Access struct {
	Roles    []iam.RoleAccess `json:"roles"`
	Refusals []cloud.Decision `json:"refusals"` // the newest first
}

func (c *Console) access() Access {
	refusals := c.Services.IAM.Refusals()
	slices.Reverse(refusals)
	if refusals == nil {
		refusals = []cloud.Decision{}
	}
	return Access{c.Services.IAM.Access(), refusals}
}
