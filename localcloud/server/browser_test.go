package server

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"tally/localcloud/httpapi"
	"tally/localcloud/iam"
	"tally/localcloud/sqs"
)

// page does what a malicious page can do to a port of this machine, and reports the
// outcomes. The URLs in it are those of a request that the developer has signed, of an
// API, of the Pulumi provider and of a page of the localcloud command.
const page = `<!DOCTYPE html><iframe name=frame></iframe><script>
const urls = %s, outcomes = {};
async function note(name, run) { try { outcomes[name] = String(await run()); } catch (e) { outcomes[name] = "refused"; } }
const image = url => new Promise(done => { const i = new Image(); i.onload = () => done("loaded"); i.onerror = () => done("refused"); i.src = url; });
const submit = url => new Promise(done => {
	const form = document.createElement("form"), frame = document.querySelector("iframe");
	Object.assign(form, {method: "POST", action: url, target: "frame"});
	frame.onload = () => done("sent");
	document.body.append(form);
	form.submit();
});
(async () => {
	await note("image", () => image(urls.signed));
	await note("no-cors", () => fetch(urls.signed, {mode: "no-cors"}).then(r => r.type));
	await note("form", () => submit(urls.signed));
	await note("image of the API", () => image(urls.api + "image"));
	await note("form of the API", () => submit(urls.api + "form"));
	await note("fetch", () => fetch(urls.api + "fetch").then(r => r.status));
	await note("provider", () => fetch(urls.provider, {method: "POST", mode: "no-cors"}).then(r => r.type));
	await note("folder", () => fetch(urls.folder).then(r => r.status));
	await fetch("/outcomes", {method: "POST", body: JSON.stringify(outcomes)});
})();
</script>`

// Pages in a real browser have no effect, except on an API whose CORS configuration
// allows their origin.
func TestBrowser(t *testing.T) {
	browser := ""
	for _, name := range []string{"chromium", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			browser = path
			break
		}
	}
	if browser == "" {
		t.Skip("no chromium or google-chrome on PATH")
	}
	s := serve(t, t.TempDir())
	queue, err := s.services.SQS.CreateQueue(sqs.Queue{Name: "q"})
	check(t, err)
	outcomes := make(chan map[string]string)
	var urls atomic.Pointer[map[string]string]
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/":
			raw, _ := json.Marshal(*urls.Load()) // strings
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprintf(w, page, raw)
		case "/outcomes":
			var got map[string]string
			if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
				t.Error(err)
			}
			outcomes <- got
		}
	}))
	defer site.Close()
	origin := func(host string) string { return strings.Replace(site.URL, "127.0.0.1", host, 1) }
	api := s.publicAPI(t, origin("friend.example"))
	urls.Store(&map[string]string{
		"signed": s.presigned(t, "sqs", "Action=SendMessage&MessageBody=x&Version=2012-11-05&QueueUrl="+queue.URL), "api": api.Endpoint() + "/",
		"provider": fmt.Sprintf("http://127.0.0.1:%d/pulumirpc.ResourceProvider/GetPluginInfo", s.config.ProviderPort),
		"folder":   s.config.Endpoint() + "/_localcloud/folder",
	})
	for host, fetched := range map[string]string{"evil.example": "refused", "localhost": "refused", "friend.example": "500"} {
		visit(t, browser, origin(host))
		var got map[string]string
		select {
		case got = <-outcomes:
		case <-time.After(time.Minute):
			t.Fatalf("%s: no outcomes", host)
		}
		want := map[string]string{"image": "refused", "image of the API": "refused", "fetch": fetched, "provider": "refused", "folder": "refused"}
		for name, outcome := range want {
			if got[name] != outcome {
				t.Errorf("%s, %s: %s, want %s", host, name, got[name], outcome)
			}
		}
		if n, err := s.services.SQS.Count(queue.URL); err != nil || n.Available != 0 {
			t.Errorf("%s sent %d messages, %v", host, n.Available, err)
		}
	}
	refused := 0
	for _, e := range s.journal.Recent() {
		if strings.Contains(e.Message, "/image returned 403") || strings.Contains(e.Message, "/form returned 403") {
			refused++
		}
		if strings.Contains(e.Message, "/image returned 500") || strings.Contains(e.Message, "GET /form returned 500") {
			t.Errorf("the API served: %s", e.Message)
		}
	}
	if refused < 5 { // the friend may submit a form
		t.Errorf("the API refused %d requests", refused)
	}
	// The request itself is valid.
	res, err := http.Get((*urls.Load())["signed"])
	check(t, err)
	res.Body.Close()
	if n, _ := s.services.SQS.Count(queue.URL); res.StatusCode != http.StatusOK || n.Available != 1 {
		t.Errorf("from a program: %s, %d messages", res.Status, n.Available)
	}
}

// publicAPI creates an API, whose function always fails, for pages of one origin.
func (s *Server) publicAPI(t *testing.T, origin string) httpapi.API {
	t.Helper()
	f := s.deploy(t, "f")
	api, err := s.services.HTTPAPI.CreateAPI(httpapi.API{Name: "api", ProtocolType: "HTTP", CORS: &httpapi.CORS{AllowOrigins: []string{origin}}})
	check(t, err)
	in, err := s.services.HTTPAPI.CreateIntegration(httpapi.Integration{APIID: api.ID, Type: "AWS_PROXY", URI: f.ARN, PayloadFormatVersion: "2.0"})
	check(t, err)
	_, err = s.services.HTTPAPI.CreateRoute(httpapi.Route{APIID: api.ID, Key: "$default", Target: "integrations/" + in.ID, AuthorizationType: "NONE"})
	check(t, err)
	_, err = s.services.HTTPAPI.CreateStage(httpapi.Stage{APIID: api.ID, Name: "$default", AutoDeploy: true})
	check(t, err)
	return api
}

// presigned returns the URL of a GET request that the developer has signed.
func (s *Server) presigned(t *testing.T, service, query string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.config.Endpoint()+"/?"+query, nil)
	check(t, err)
	keys := aws.Credentials{AccessKeyID: iam.DeveloperKey, SecretAccessKey: s.config.Secret}
	const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" // SHA-256
	signed, _, err := v4.NewSigner().PresignHTTP(t.Context(), keys, r, empty, service, "us-east-1", time.Now())
	check(t, err)
	return signed
}

// visit opens a page in a headless browser, which ends with the test.
func visit(t *testing.T, browser, url string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "browser")
	check(t, err)
	cmd := exec.Command(browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
		"--user-data-dir="+dir, "--remote-debugging-port=0", "--host-resolver-rules=MAP *.example 127.0.0.1", url)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	check(t, cmd.Start())
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait() // killed
		_ = os.RemoveAll(dir)
	})
}
