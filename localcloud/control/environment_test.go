package control

import (
	"os"
	"path/filepath"
	"testing"
)

// TestMakePulumiFolders checks that Pulumi finds the developer's plugins in the
// local cloud's home, also when the command runs again in the environment of the
// local cloud.
func TestMakePulumiFolders(t *testing.T) {
	user, other := t.TempDir(), t.TempDir()
	plugin := filepath.Join("plugins", "resource-random-v4.18.2")
	for _, folder := range []string{filepath.Join(user, ".pulumi", plugin), filepath.Join(other, plugin)} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range map[string]struct{ home, pulumiHome string }{
		"the default home":      {user, ""},
		"a home of one's own":   {t.TempDir(), other},
		"no home, but Pulumi's": {"", other},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("HOME", test.home)
			t.Setenv("PULUMI_HOME", test.pulumiHome)
			c := Config{Dir: t.TempDir()}
			for range 2 {
				if err := c.MakePulumiFolders(); err != nil {
					t.Fatal(err)
				}
				if _, err := os.Stat(filepath.Join(c.pulumiHome(), plugin)); err != nil {
					t.Error(err)
				}
				if _, err := os.Stat(c.PulumiState()); err != nil {
					t.Error(err)
				}
				t.Setenv("PULUMI_HOME", c.pulumiHome())
			}
		})
	}
}

func TestMakePulumiFoldersWithoutPlugins(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	t.Setenv("PULUMI_HOME", "")
	c := Config{Dir: t.TempDir()}
	if err := c.MakePulumiFolders(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(filepath.Join(c.pulumiHome(), "plugins")); err == nil {
		t.Error("the home has a link to plugins that do not exist")
	}
}
