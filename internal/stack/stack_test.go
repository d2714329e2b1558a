package stack

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestOutputs runs Outputs with a stand-in for pulumi.
func TestOutputs(t *testing.T) {
	for name, test := range map[string]struct{ pulumi, want string }{
		"outputs":         {`echo '{"apiUrl":"http://127.0.0.1/","more":[1]}'`, ""},
		"no such stack":   {"exit 255", "pulumi stack output --stack dev: exit status 255"},
		"another type":    {`echo '{"apiUrl":1}'`, "outputs of stack dev: json: cannot unmarshal number"},
		"the stack asked": {`[ "$*" = "stack output --json --stack dev" ] && echo '{"apiUrl":"http://127.0.0.1/"}'`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "pulumi"), []byte("#!/bin/sh\n"+test.pulumi+"\n"), 0o755); err != nil {
				t.Fatal(err)
			}
			t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
			var out struct {
				URL string `json:"apiUrl"`
			}
			err := Outputs(t.Context(), "dev", &out)
			if test.want == "" && (err != nil || out.URL != "http://127.0.0.1/") {
				t.Errorf("got %+v, %v", out, err)
			}
			if test.want != "" && (err == nil || !strings.HasPrefix(err.Error(), test.want)) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}
