package provider

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// TestStacksShareNothing creates each resource for one stack and then, with the
// same inputs, for another. The second is either refused or a resource of its own,
// so that no stack changes or deletes a resource of another one.
func TestStacksShareNothing(t *testing.T) {
	for _, l := range allLifeCycles() {
		if shared[l.token] {
			continue
		}
		t.Run(l.token, func(t *testing.T) {
			c := start(t)
			m := c.create(l.token, "thing", mappable(resource.NewPropertyMapFromMap(l.inputs(c))))
			second := &pulumirpc.CreateRequest{Urn: strings.Replace(m.urn(), ":local:", ":local-b:", 1), Properties: c.raw(m.inputs)}
			res, err := c.Create(t.Context(), second)
			switch {
			case err == nil && res.Id == m.id:
				t.Fatalf("two stacks have the resource %s", m.id)
			case err != nil && exclusive[l.token]:
				holds(t, err, "creating ", "belongs to stack local of project project", m.urn())
			case err != nil:
				holds(t, err, "creating ")
			}
			equal(t, "the first stack's state", c.read(m, "").state, m.state)

			c.delete(m)
			if _, err := c.Create(t.Context(), second); err != nil && exclusive[l.token] {
				t.Errorf("after the first stack deleted it: %v", err)
			}
		})
	}
}

// shared lists the types of which two stacks can have the same resource, or change
// each other's, as on AWS.
var shared = map[string]bool{
	"aws:acm/certificateValidation:CertificateValidation": true, // waits for a certificate, and holds nothing
	secretVersionToken: true, // takes AWSCURRENT from the version before
}

// TestTakenNames checks that the error for a taken name names the stack that has the
// resource.
func TestTakenNames(t *testing.T) {
	for token, inputs := range map[string]map[string]any{
		topicToken: {"name": "taken"}, "aws:sqs/queue:Queue": {"name": "taken"}, "aws:cloudwatch/logGroup:LogGroup": {"name": "taken"},
		roleToken:   {"name": "taken", "assumeRolePolicy": trust},
		secretToken: {"name": "taken"},
	} {
		t.Run(token, func(t *testing.T) {
			c := start(t)
			m := c.create(token, "thing", inputs)
			second := &pulumirpc.CreateRequest{Urn: strings.Replace(m.urn(), ":local:", ":local-b:", 1), Properties: c.raw(m.inputs)}
			_, err := c.Create(t.Context(), second)
			holds(t, err, "creating ", "already exists", "; it belongs to stack local of project project ("+m.urn()+")")
		})
	}
}

// TestOwnerOfDeletedResource checks that a resource that was deleted, but not by its
// stack, does not block another one.
func TestOwnerOfDeletedResource(t *testing.T) {
	c := start(t)
	m := c.create("aws:cloudwatch/dashboard:Dashboard", "d", map[string]any{"dashboardName": "d", "dashboardBody": `{"widgets": []}`})
	if err := c.services.Recorded.Delete(m.token, m.id); err != nil {
		t.Fatal(err)
	}
	urn := strings.Replace(m.urn(), ":local:", ":local-b:", 1)
	if _, err := c.Create(t.Context(), &pulumirpc.CreateRequest{Urn: urn, Properties: c.raw(m.inputs)}); err != nil {
		t.Error(err)
	}
}
