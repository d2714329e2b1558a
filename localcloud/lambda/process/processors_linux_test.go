package process

import (
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestAssign checks that environments have as many processors as AWS would give them, and
// share them evenly.
func TestAssign(t *testing.T) {
	p := processors{ids: []int{2, 3, 5}, users: map[int]int{}}
	var all [][]int
	for _, step := range []struct {
		memoryMB int
		want     []int // nil: all
	}{
		{128, []int{2}}, {1769, []int{3}}, {512, []int{5}}, {1770, []int{2, 3}}, {128, []int{5}}, {3539, nil}, {10240, nil}, {0, nil},
	} {
		got := p.assign(step.memoryMB)
		if !slices.Equal(got, step.want) {
			t.Errorf("%d MB: processors %v, want %v", step.memoryMB, got, step.want)
		}
		all = append(all, got)
	}
	for _, assigned := range all {
		p.release(assigned)
	}
	for id, n := range p.users {
		if n != 0 {
			t.Errorf("processor %d has %d users after all have ended", id, n)
		}
	}
}

// TestOn checks that a process inherits its processors, and that the thread that starts it
// has its own again.
func TestOn(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before := available()
	if len(before) < 2 {
		t.Skip("there is only one processor")
	}
	for _, assigned := range [][]int{before[1:2], nil} {
		var out strings.Builder
		cmd := exec.Command("sh", "-c", "nproc")
		cmd.Stdout = &out
		if err := on(assigned, cmd.Start); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Fatal(err)
		}
		want := len(assigned)
		if want == 0 {
			want = len(before)
		}
		if got := strings.TrimSpace(out.String()); got != strconv.Itoa(want) {
			t.Errorf("%v: the process has %s processors, want %d", assigned, got, want)
		}
		if after := available(); !slices.Equal(after, before) {
			t.Errorf("processors %v before, %v after", before, after)
		}
	}
}
