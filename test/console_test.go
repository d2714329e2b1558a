package test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"tally/localcloud/localcloudtest"
)

// TestConsole looks at a deployed stack in a browser: what moves on the map, a trace, a
// message that failed, which it corrects and runs again, and an alarm.
func TestConsole(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("deploys")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
	defer cancel()
	cloud := localcloudtest.Start(t, localcloudtest.TimeScale(600))
	stack := cloud.Deploy(ctx, localcloudtest.Program{Dir: copyProject(t), Config: map[string]string{
		"tally:alarmEmail": "oncall@example.com", "tally:runbook": "https://example.com/operate.md",
	}})
	d := deployed{t, cloud, outputs(ctx, t, stack)}
	p := openPage(ctx, t, cloud.ConsoleURL(ctx))

	d.step("map", func(d deployed) {
		p.with(d.t).waits(`document.querySelectorAll("[data-node]").length > 8`)
		d.adds(ctx)
		p.with(d.t).waits(`text('[data-edge*="routes/POST /add → "] text').trim() === "1"`)
		p.with(d.t).waits(`!document.querySelector(".dot")`)
	})
	d.step("trace", func(d deployed) {
		p := p.with(d.t)
		d.submitsNumbers(ctx)
		p.opens("traces")
		p.clicks(`[...document.querySelectorAll(".list button")].find(b => b.textContent.includes("POST /sums"))`)
		// The way of a request from the first hop to the last.
		for _, part := range []string{"POST /sums", "submit-numbers:1", "sns Publish → numbers", "delivery to lambda → handle-message", "handle-message:1", "dynamodb"} {
			p.waits(fmt.Sprintf(`text(".fall").includes(%q)`, part))
		}
		p.clicks(`[...document.querySelectorAll(".fall > button")].find(b => b.textContent.includes("handle-message:1"))`)
		p.waits(`text(".detail").includes('"sum":7')`)
		p.clicks(`[...document.querySelectorAll(".fall > button")].find(b => b.textContent.includes("dynamodb"))`)
		p.waits(`text(".fall").includes("alloweddynamodb:")`)
		p.shoots("trace")
	})
	d.step("function", func(d deployed) {
		p := p.with(d.t)
		p.opens("functions")
		p.clicks(`[...document.querySelectorAll(".list button")].find(b => b.textContent.includes("add-numbers"))`)
		p.waits(`document.querySelector("textarea").value.includes("routeKey")`)
		p.waits(`document.querySelector('select[aria-label="Version"]').value === "live"`)
		p.clicks(`[...document.querySelectorAll("button")].find(b => b.textContent === "Invoke")`)
		p.waits(`text("main").includes("Returned after")`)
	})
	d.step("failure", func(d deployed) {
		p := p.with(d.t)
		d.publish(ctx, `{"num1":"poison","num2":4}`)
		p.opens("failures")
		p.waits(`text("main").includes("poison")`)
		p.waits(`text("main").includes("RetriesExhausted")`)
		p.shoots("failures")
		p.opens("map")
		p.waits(`document.querySelector('.node.error[data-node="handle-message"]')`)
		p.waits(`document.querySelectorAll(".badge").length === 2`) // a failure and an alarm
		p.shoots("map")
		d.raises(ctx, "handle-message-errors")
		p.opens("alarms")
		p.waits(`[...document.querySelectorAll("summary")].some(s => s.textContent.includes("ALARM") && s.textContent.includes("handle-message"))`)
		p.waits(`document.querySelector("canvas")`)
		p.shoots("alarms")
		p.opens("failures")
		p.clicks(`[...document.querySelectorAll("button")].find(b => b.textContent === "Edit")`)
		p.does(`(() => { const t = document.querySelector("textarea"); t.value = '{"num1":3,"num2":4}'; t.dispatchEvent(new Event("input", {bubbles: true})); })()`)
		p.clicks(`[...document.querySelectorAll("button")].find(b => b.textContent === "Run again")`)
		p.waits(`text("main").includes("No failures")`)
	})
	d.step("permissions", func(d deployed) {
		p := p.with(d.t)
		p.opens("access")
		p.waits(`text("main").includes("grants used")`)
		d.usesItsGrants(ctx)
		p.shoots("access")
	})
	p.with(t).checks()
}

// idle are grants that this test has no reason to use, and why a role has them.
var idle = []struct{ grant, because string }{
	{`sqs:SendMessage .*-failures-`, "nothing of the function has failed"},
	{`logs:.* .*/Failure:`, "no delivery has failed"},
	{`dynamodb:(PutItem|UpdateItem) `, "GrantWrite of a table permits both"},
	{`xray:PutTelemetryRecords`, "AWS's daemon sends them, and the local cloud's does not"},
}

// usesItsGrants checks that no role was granted what it does not use.
func (d deployed) usesItsGrants(ctx context.Context) {
	d.t.Helper()
	n := 0
	for _, role := range d.cloud.Access(ctx).Roles {
		for _, g := range role.Grants {
			n++
			grant := g.Action + " " + g.Resource
			expected := slices.ContainsFunc(idle, func(i struct{ grant, because string }) bool { return regexp.MustCompile(i.grant).MatchString(grant) })
			if g.Uses == 0 && !expected {
				d.t.Errorf("%s never used %s", role.Role, grant)
			}
		}
	}
	if n < 20 {
		d.t.Errorf("there are only %d grants", n)
	}
}

// submitsNumbers submits numbers to POST /sums, and asks for the sum.
func (d deployed) submitsNumbers(ctx context.Context) {
	d.t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, d.out["apiUrl"]+"sums", strings.NewReader(`{"num1":3,"num2":4}`))
	if err != nil {
		d.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	status, body := do(d.t, r)
	var sum struct{ ID string }
	if err := json.Unmarshal([]byte(body), &sum); err != nil || status != http.StatusAccepted {
		d.t.Fatalf("POST /sums returned %d %s", status, body)
	}
	if status, body := do(d.t, get(ctx, d.t, d.out["apiUrl"]+"sums/"+sum.ID)); status != http.StatusOK {
		d.t.Errorf("GET /sums/%s returned %d %s", sum.ID, status, body)
	}
}

// page is the console in a browser.
type page struct {
	t   *testing.T
	ctx context.Context
}

func openPage(ctx context.Context, t *testing.T, url string) page {
	t.Helper()
	browser := ""
	for _, name := range []string{"chromium", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			browser = path
		}
	}
	if browser == "" {
		t.Skip("no chromium or google-chrome on PATH")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(browser), chromedp.NoSandbox, chromedp.WindowSize(1440, 900))
	ctx, end := chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(end)
	ctx, end = chromedp.NewContext(ctx)
	t.Cleanup(end)
	if _, err := chromedp.Run(ctx, chromedp.Navigate(url)); err != nil {
		t.Fatal(err)
	}
	p := page{t, ctx}
	p.does(`text = selector => document.querySelector(selector)?.textContent ?? ""; failures = [];
		addEventListener("securitypolicyviolation", e => failures.push(e.violatedDirective + " " + e.blockedURI));
		addEventListener("error", e => failures.push(e.message));
		addEventListener("unhandledrejection", e => failures.push(String(e.reason)))`)
	return p
}

func (p page) with(t *testing.T) page { return page{t, p.ctx} }

// evaluate returns the value of an expression.
func evaluate[T any](p page, expression string) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, time.Minute)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		p.t.Fatalf("%s: %v", expression, err)
	}
	return value
}

// does runs a script.
func (p page) does(script string) {
	p.t.Helper()
	evaluate[chromedp.Void](p, script)
}

// waits waits until an expression is true.
func (p page) waits(expression string) {
	p.t.Helper()
	for end := time.Now().Add(2 * time.Minute); !evaluate[bool](p, "Boolean("+expression+")"); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			p.t.Fatalf("it never became true that %s; the page shows\n%s", expression, evaluate[string](p, "document.body.innerText"))
		}
	}
}

// clicks clicks the element that an expression returns, once it exists.
func (p page) clicks(expression string) {
	p.t.Helper()
	p.waits(expression)
	p.does("(" + expression + ").click()")
}

func (p page) opens(view string) {
	p.t.Helper()
	p.does(`location.hash = "#/` + view + `"`)
	p.waits(`document.querySelector('nav a[aria-current]')?.getAttribute("href") === "#/` + view + `"`)
}

// shoots writes a screenshot, if the test is to update them.
func (p page) shoots(name string) {
	p.t.Helper()
	if !*update {
		return
	}
	raw, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join("../docs", "console-"+name+".png"), raw, 0o644); err != nil {
		p.t.Fatal(err)
	}
}

// checks fails the test if a script has failed, or if the content security policy has
// refused something that the page wants.
func (p page) checks() {
	p.t.Helper()
	if failures := evaluate[[]string](p, "failures"); len(failures) > 0 {
		p.t.Errorf("the page failed:\n%s", strings.Join(failures, "\n"))
	}
}
