package provider

import (
	"strings"
	"testing"
)

// As with the real provider, a URL without signatures brings one of the two permissions
// that it needs. The permission survives the URL, and does not stand in the way of the next.
func TestFunctionURLAllowsEveryone(t *testing.T) {
	c := start(t)
	f := c.function("f")
	const statement = `{"Sid":"FunctionURLAllowPublicAccess","Effect":"Allow","Principal":"*","Action":"lambda:InvokeFunctionUrl",` +
		`"Resource":"arn:aws:lambda:us-east-1:000000000000:function:f-`
	policy := func() string { policy, _ := c.services.Lambda.Policy(f.id); return policy } // "" if there is none
	c.delete(c.create(urlToken, "url", map[string]any{"functionName": f.id, "authorizationType": "AWS_IAM"}))
	if got := policy(); got != "" {
		t.Errorf("with signatures: %s", got)
	}
	inputs := map[string]any{"functionName": f.id, "authorizationType": "NONE"}
	c.delete(c.create(urlToken, "url", inputs))
	if got := policy(); !strings.Contains(got, statement) || !strings.Contains(got, `"Condition":{"StringEquals":{"lambda:FunctionUrlAuthType":"NONE"}}`) {
		t.Errorf("without: %s", got)
	}
	if m := c.create(urlToken, "url", inputs); m.id != f.id {
		t.Errorf("ID %s", m.id)
	}
	if got := policy(); strings.Count(got, statement) != 1 {
		t.Errorf("again: %s", got)
	}
}
