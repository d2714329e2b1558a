package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"

	"tally/localcloud/deployments"
	"tally/localcloud/store"
)

// TestDeleteKeepsOtherProjects checks that a project does not delete the state of
// others that share its local cloud.
func TestDeleteKeepsOtherProjects(t *testing.T) {
	t.Setenv("LOCALCLOUD_PORT", freePort(t))
	for name, test := range map[string]struct {
		owners []string // URNs
		want   string   // in the error
	}{
		"no resources":   {},
		"its own stacks": {owners: []string{"urn:pulumi:local::mine::t::a", "urn:pulumi:local-2::mine::t::b"}},
		"others":         {[]string{"urn:pulumi:local::mine::t::a", "urn:pulumi:local::minefield::t::b", "urn:pulumi:local-2::their::t::c"}, "minefield/local, their/local-2;"},
	} {
		t.Run(name, func(t *testing.T) {
			project := t.TempDir()
			if err := os.WriteFile(filepath.Join(project, "Pulumi.yaml"), []byte("name: mine\nruntime: go\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			state := filepath.Join(project, ".localcloud")
			own(t, state, test.owners)

			err := run(t.Context(), []string{"stop", "--delete", "--project", project}, streams{io.Discard, io.Discard})
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("error %v, want %q", err, test.want)
			}
			if _, err := os.Stat(state); (err == nil) != (test.want != "") {
				t.Errorf("the state: %v", err)
			}
		})
	}
}

// own stores resources with these URNs in a state folder.
func own(t *testing.T, state string, urns []string) {
	t.Helper()
	st, err := store.Open(state)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	d, err := deployments.New(st)
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range urns {
		if err := d.SetOwner(deployments.Owner{URN: urn.URN(u), ID: u}); err != nil {
			t.Fatal(err)
		}
	}
}
