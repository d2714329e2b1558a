package test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

// TestEdits saves one function after the other while clients send requests and messages, and
// measures how long after a save the first response has the new code. Every request and every
// message is answered, once, by the code before or after an edit, and never by older code than
// an earlier one.
//
// `make edits` runs it with 20 edits and a limit. Environment variables change it:
//
//	TALLY_EDITS=20             the number of edits, 3 by default
//	TALLY_EDITS_MEDIAN_MS=1000 the limit of the median in milliseconds, 0 by default: none
func TestEdits(t *testing.T) {
	edits, limit := fromEnv(t, "TALLY_EDITS", 3), fromEnv(t, "TALLY_EDITS_MEDIAN_MS", 0)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
	defer cancel()
	d := startDev(ctx, t, "", "tally:throttleRate 1000", "tally:throttleBurst 1000")
	d.expect("watching functions/")
	c := newEditClients(t, d.outputs())
	d.prepare()
	stop := c.load(ctx)

	var took []time.Duration
	for i := range edits {
		time.Sleep(pace)
		function := editable[i%len(editable)]
		before := time.Now()
		d.save(function, i+1)
		c.await(function, i+1)
		took = append(took, time.Since(before))
		t.Logf("edit %2d, %-14s live after %4d ms", i+1, function.name, took[i].Milliseconds())
	}
	stop()
	c.check(ctx, d.deployed())
	slices.Sort(took)
	median := took[len(took)/2]
	t.Logf("median of %d edits: %d ms; slowest: %d ms", edits, median.Milliseconds(), took[len(took)-1].Milliseconds())
	if limit > 0 && median > time.Duration(limit)*time.Millisecond {
		t.Errorf("the median is %v, more than %d ms", median, limit)
	}
	d.press("q")
	if err := d.wait(); err != nil {
		t.Errorf("dev: %v", err)
	}
	d.unchanged("after q")
}

// pace is how long after an edit was live the next one follows, as if somebody had looked at
// the response.
const pace = time.Second

// editable are the functions that are edited. Responses of each have the number of the edit.
var editable = []editableFunction{
	{"add-numbers", "httpapi.JSON(http.StatusOK, nil,", `httpapi.JSON(http.StatusOK, map[string]string{"x-edit": "0"},`},
	{"submit-numbers", `r.RawPath + "/" + id}`, `r.RawPath + "/" + id, "x-edit": "0"}`},
	{"get-sum", "return httpapi.JSON(http.StatusOK, header, entry)", "header[\"x-edit\"] = \"0\"\n\treturn httpapi.JSON(http.StatusOK, header, entry)"},
}

type editableFunction struct{ name, old, new string }

func (f editableFunction) handler() string { return filepath.Join("functions", f.name, "handler.go") }

// prepare makes the responses of all functions name an edit, 0.
func (d *devSession) prepare() {
	for _, f := range editable {
		replace(d.t, d.dir, f.handler(), f.old, f.new)
		d.expect(f.name + ` +version \d+ is live`)
	}
}

var editNumber = regexp.MustCompile(`("x-edit"(?:\]|:) (?:= )?)"\d+"`)

// save saves a function with the number of an edit.
func (d *devSession) save(f editableFunction, edit int) {
	d.t.Helper()
	name := filepath.Join(d.dir, f.handler())
	text := editNumber.ReplaceAll(readFile(d.t, name), fmt.Appendf(nil, `${1}"%d"`, edit))
	if err := os.WriteFile(name, text, 0o644); err != nil {
		d.t.Fatal(err)
	}
}

// editClients send requests whose numbers are all different.
type editClients struct {
	t   *testing.T
	api string

	mu    sync.Mutex
	next  int
	added map[int]bool   // numbers whose sum was returned
	sums  map[string]int // the numbers of sums that are pending, by ID
	done  string         // the ID of one of them
}

func newEditClients(t *testing.T, out map[string]string) *editClients {
	return &editClients{t: t, api: out["apiUrl"], next: 1_000_000, added: map[int]bool{}, sums: map[string]int{}}
}

// load sends requests until its result is called.
func (c *editClients) load(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var workers sync.WaitGroup
	every := func(interval time.Duration, function string) {
		workers.Go(func() {
			tick := time.NewTicker(interval)
			defer tick.Stop()
			for last := 0; ; {
				select {
				case <-tick.C:
					edit := c.ask(function)
					if edit < last {
						c.t.Errorf("%s: edit %d answered after edit %d", function, edit, last)
					}
					last = edit
				case <-ctx.Done():
					return
				}
			}
		})
	}
	c.ask("submit-numbers") // so that there is a sum to get
	every(20*time.Millisecond, "add-numbers")
	every(20*time.Millisecond, "add-numbers")
	every(50*time.Millisecond, "submit-numbers")
	every(50*time.Millisecond, "get-sum")
	return func() {
		cancel()
		workers.Wait()
	}
}

// await asks a function until a response is that of an edit.
func (c *editClients) await(f editableFunction, edit int) {
	c.t.Helper()
	poll := time.NewTicker(10 * time.Millisecond) // the compiler needs the processors, too
	defer poll.Stop()
	for end := time.Now().Add(2 * time.Minute); c.ask(f.name) != edit; <-poll.C {
		if time.Now().After(end) {
			c.t.Fatalf("edit %d of %s is not live", edit, f.name)
		}
	}
}

// ask sends a request to a function, checks the response, and returns its edit.
func (c *editClients) ask(function string) (edit int) {
	c.mu.Lock()
	c.next++
	n, id := c.next, c.done
	c.mu.Unlock()
	var resp *http.Response
	var err error
	want := http.StatusOK
	switch function {
	case "add-numbers":
		resp, err = http.Get(fmt.Sprintf("%sadd?num1=%d&num2=4", c.api, n))
	case "submit-numbers":
		want = http.StatusAccepted
		resp, err = http.Post(c.api+"sums", "application/json", strings.NewReader(fmt.Sprintf(`{"num1":%d,"num2":4}`, n)))
	case "get-sum":
		resp, err = http.Get(c.api + "sums/" + id)
	}
	if err != nil {
		c.t.Errorf("%s: %v", function, err)
		return 0
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	var body struct {
		ID  string
		Sum int
	}
	if err != nil || resp.StatusCode != want || json.Unmarshal(raw, &body) != nil || function == "add-numbers" && body.Sum != n+4 {
		c.t.Errorf("%s: %s %s, %v", function, resp.Status, raw, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch function {
	case "add-numbers":
		c.added[n] = true
	case "submit-numbers":
		c.sums[body.ID], c.done = n, body.ID
	}
	edit, _ = strconv.Atoi(resp.Header.Get("x-edit"))
	return edit
}

// check waits until all sums are done, and checks in the functions' logs that each request and
// each message was processed once.
func (c *editClients) check(ctx context.Context, d deployed) {
	c.t.Helper()
	for id, n := range c.sums {
		c.awaitSum(id, n+4)
	}
	added, handled := map[string]int{}, map[string]int{}
	for _, line := range sumLines(ctx, d, strings.Replace(d.out["handleMessageLogGroup"], "handle-message", "add-numbers", 1)) {
		added[line.Num1.String()]++
	}
	for _, line := range sumLines(ctx, d, d.out["handleMessageLogGroup"]) {
		handled[line.MessageID]++
	}
	c.t.Logf("%d requests and %d messages", len(c.added), len(c.sums))
	for _, n := range slices.Sorted(maps.Keys(c.added)) {
		if count := added[strconv.Itoa(n)]; count != 1 {
			c.t.Errorf("the request to add %d was processed %d times", n, count)
		}
	}
	for id := range c.sums {
		if handled[id] != 1 {
			c.t.Errorf("the message %s was processed %d times", id, handled[id])
		}
	}
	if len(added) != len(c.added) || len(handled) != len(c.sums) {
		c.t.Errorf("%d requests and %d messages were processed", len(added), len(handled))
	}
}

// awaitSum waits until a sum is done.
func (c *editClients) awaitSum(id string, want int) {
	c.t.Helper()
	poll := time.NewTicker(50 * time.Millisecond)
	defer poll.Stop()
	for end := time.Now().Add(2 * time.Minute); ; <-poll.C {
		resp, err := http.Get(c.api + "sums/" + id)
		if err != nil {
			c.t.Fatal(err)
		}
		var entry struct {
			Status string
			Sum    int
		}
		err = json.NewDecoder(resp.Body).Decode(&entry)
		resp.Body.Close()
		switch {
		case err == nil && entry.Status == "done" && entry.Sum == want:
			return
		case err != nil || entry.Status != "pending" || time.Now().After(end):
			c.t.Errorf("the sum %s is %+v, want %d; %v", id, entry, want, err)
			return
		}
	}
}

// sumLine is the line that a function logs for each sum.
type sumLine struct {
	Num1      json.Number
	MessageID string
}

// sumLines returns these lines of a log group.
func sumLines(ctx context.Context, d deployed, group string) (lines []sumLine) {
	d.t.Helper()
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(cloudwatchlogs.NewFromConfig(d.cloud.AWSConfig()), &cloudwatchlogs.FilterLogEventsInput{
		LogGroupName: &group, FilterPattern: aws.String(`{ $.message = "sum" }`),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			d.t.Fatal(err)
		}
		for _, e := range page.Events {
			var line sumLine
			if err := json.Unmarshal([]byte(*e.Message), &line); err != nil {
				d.t.Fatal(err)
			}
			lines = append(lines, line)
		}
	}
	return lines
}
