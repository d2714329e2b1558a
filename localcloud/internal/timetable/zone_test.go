package timetable

import (
	"archive/zip"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the list of time zones instead of comparing it")

// TestZoneNames compares the list of names with the time zones of Go's time/tzdata.
func TestZoneNames(t *testing.T) {
	root, err := exec.CommandContext(t.Context(), "go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	all, err := zip.OpenReader(filepath.Join(strings.TrimSpace(string(root)), "lib/time/zoneinfo.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer all.Close()
	var want []string
	for _, f := range all.File {
		if !strings.HasSuffix(f.Name, "/") && f.Name != "Factory" {
			want = append(want, f.Name)
		}
	}
	slices.Sort(want)
	if *update {
		if err := os.WriteFile("zones.txt", []byte(strings.Join(want, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !slices.Equal(zoneNames, want) {
		t.Error("zones.txt is out of date; run: make generate")
	}
}

// TestZones checks that names which only some machines know are refused.
func TestZones(t *testing.T) {
	for name, want := range map[string]bool{
		"UTC": true, "Europe/Rome": true, "America/Argentina/Buenos_Aires": true, "Etc/GMT+5": true, "US/Pacific": true,
		"": false, "Local": false, "localtime": false, "Factory": false, "utc": false, "europe/rome": false, "Europe": false, "Mars": false, "../UTC": false,
		"posix/UTC": false, "right/UTC": false, "posixrules": false, "tzdata.zi": false, "Europe/Rome ": false,
	} {
		if _, ok := Zone(name); ok != want {
			t.Errorf("%q: %v", name, ok)
		}
	}
	for _, name := range zoneNames {
		if _, ok := Zone(name); !ok {
			t.Errorf("%s cannot be loaded", name)
		}
	}
}
