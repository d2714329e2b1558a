package test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/pulumi/pulumi/sdk/v3/go/auto"

	"tally/localcloud/localcloudtest"
)

// authorizesCallers changes the configuration of who may call the deployed API, and
// how often, and proves that the API enforces it and logs who called. It also changes
// what the functions log.
func (d deployed) authorizesCallers(ctx context.Context, stack *localcloudtest.Stack) {
	url := d.out["apiUrl"] + "add?num1=3&num2=4"
	set := func(key, value string) {
		d.t.Helper()
		if err := stack.SetConfigWithOptions(ctx, key, auto.ConfigValue{Value: value}, &auto.ConfigOptions{Path: true}); err != nil {
			d.t.Fatal(err)
		}
	}
	remove := func(keys ...string) {
		d.t.Helper()
		if err := stack.RemoveAllConfig(ctx, keys); err != nil {
			d.t.Fatal(err)
		}
	}
	demo := buildDemo(d.t)
	set("tally:auth", "iam")
	remove("tally:allowPublic")
	up(ctx, d.t, stack)
	d.step("iam", func(d deployed) {
		d.responds(http.StatusForbidden, `{"message":"Forbidden"}`, get(ctx, d.t, url))
		entry := d.logged(ctx, d.signed(ctx, get(ctx, d.t, url)))
		if entry["caller"] != "arn:aws:iam::000000000000:user/developer" || entry["subject"] != "-" {
			d.t.Errorf("the access log names the caller %q and the subject %q", entry["caller"], entry["subject"])
		}
		d.demonstrates(ctx, demo, stack)
		d.demoFails(ctx, demo, stack, "403 Forbidden", "AWS_SECRET_ACCESS_KEY=another")
	})

	key, issuer := newIssuer(d.t)
	set("tally:auth", "jwt")
	set("tally:jwtIssuer", issuer)
	set("tally:jwtAudience[0]", "tally")
	set("tally:jwtScopes[0]", "tally/add")
	up(ctx, d.t, stack)
	d.step("jwt", func(d deployed) {
		bearing := func(audience, scope string) *http.Request {
			r := get(ctx, d.t, url)
			r.Header.Set("Authorization", "Bearer "+token(d.t, key, map[string]any{
				"iss": issuer, "sub": "anna", "aud": audience, "scope": scope, "exp": time.Now().Add(time.Hour).Unix()}))
			return r
		}
		d.responds(http.StatusUnauthorized, `{"message":"Unauthorized"}`, get(ctx, d.t, url))
		d.responds(http.StatusUnauthorized, `{"message":"Unauthorized"}`, bearing("another", "tally/add"))
		d.responds(http.StatusForbidden, `{"message":"Forbidden"}`, bearing("tally", "tally/subtract"))
		valid := bearing("tally", "tally/add")
		entry := d.logged(ctx, valid)
		if entry["caller"] != "-" || entry["subject"] != "anna" {
			d.t.Errorf("the access log names the caller %q and the subject %q", entry["caller"], entry["subject"])
		}
		d.demonstrates(ctx, demo, stack, "TALLY_TOKEN="+strings.TrimPrefix(valid.Header.Get("Authorization"), "Bearer "))
		d.demoFails(ctx, demo, stack, "the API requires a token: set TALLY_TOKEN", "TALLY_TOKEN=")
		d.demoFails(ctx, demo, stack, "401 Unauthorized", "TALLY_TOKEN=another")
	})

	set("tally:auth", "none")
	set("tally:allowPublic", "true")
	remove("tally:jwtIssuer", "tally:jwtAudience", "tally:jwtScopes")
	set("tally:throttleRate", "1")
	set("tally:throttleBurst", "3")
	set("tally:logLevel", "error")
	up(ctx, d.t, stack)
	d.step("log level", func(d deployed) { d.logsErrorsOnly(ctx) })
	d.step("throttle", func(d deployed) {
		statuses := map[int]int{}
		for range 20 { // takes much less than the 18 s in which the rate would allow all
			status, body := do(d.t, get(ctx, d.t, url))
			statuses[status]++
			if status == http.StatusTooManyRequests && body != `{"message":"Too Many Requests"}` {
				d.t.Errorf("429 with %s", body)
			}
		}
		if statuses[http.StatusOK] < 2 || statuses[http.StatusTooManyRequests] == 0 || len(statuses) > 2 {
			d.t.Errorf("20 requests at a rate of 1 per second and a burst of 3 received %v", statuses)
		}
	})
}

// buildDemo compiles cmd/demo and returns the path of the program.
func buildDemo(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "demo")
	build := exec.Command("go", "build", "-o", path, "./cmd/demo")
	build.Dir = ".."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build cmd/demo: %v\n%s", err, out)
	}
	return path
}

// demo runs cmd/demo for a stack, with additional environment variables, and returns
// its output.
func (d deployed) demo(ctx context.Context, demo string, stack *localcloudtest.Stack, env []string) (string, error) {
	cmd := exec.CommandContext(ctx, demo, "-s", stack.Name())
	cmd.Dir, cmd.Env = stack.Workspace().WorkDir(), append(d.cloud.Environ(), env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// demonstrates fails the test unless cmd/demo receives all sums.
func (d deployed) demonstrates(ctx context.Context, demo string, stack *localcloudtest.Stack, env ...string) {
	d.t.Helper()
	out, err := d.demo(ctx, demo, stack, env)
	if err != nil || !strings.Contains(out, `200 OK {"num1":3,"num2":4,"sum":7}`) || !strings.Contains(out, `"status":"done"`) || !strings.Contains(out, " logs: {") {
		d.t.Errorf("demo: %v\n%s", err, out)
	}
}

// demoFails fails the test unless cmd/demo fails with this message.
func (d deployed) demoFails(ctx context.Context, demo string, stack *localcloudtest.Stack, message string, env ...string) {
	d.t.Helper()
	if out, err := d.demo(ctx, demo, stack, env); err == nil || !strings.Contains(out, message) {
		d.t.Errorf("demo: %v, want %q in it\n%s", err, message, out)
	}
}

// logsErrorsOnly proves that a function with the log level error does not log sums, and
// still reports its invocations and its metrics.
func (d deployed) logsErrorsOnly(ctx context.Context) {
	d.post(`{"num1":1000,"num2":3000}`)
	d.cloud.WaitForLog(ctx, d.out["addNumbersFunction"], `"SumsComputed":1`, `"level":"FATAL"`)
	d.waitForEvent(ctx, "/aws/lambda/tally-local-main-add-numbers", `{ $.type = "platform.report" }`)
	group, pattern := "/aws/lambda/tally-local-main-add-numbers", "{ $.sum = 4000 }" // would precede the metric
	found, err := cloudwatchlogs.NewFromConfig(d.cloud.AWSConfig()).FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &group, FilterPattern: &pattern})
	if err != nil || len(found.Events) > 0 {
		d.t.Errorf("the function logged the sum: %v, %+v", err, found)
	}
}

// logged sends a request, follows it from its response over the access log to the
// log of the function, and returns its entry in the access log.
func (d deployed) logged(ctx context.Context, r *http.Request) (entry map[string]string) {
	d.t.Helper()
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		d.t.Fatal(err)
	}
	resp.Body.Close()
	group := "/aws/vendedlogs/apis/tally-local-main-api"
	line := d.waitForEvent(ctx, group, fmt.Sprintf("{ $.requestId = %q }", resp.Header.Get("Apigw-Requestid")))
	if err := json.Unmarshal([]byte(line), &entry); err != nil {
		d.t.Fatalf("%v: %s", err, line)
	}
	if entry["status"] != "200" || entry["functionStatus"] != "200" || entry["integrationStatus"] != "200" {
		d.t.Errorf("the access log has the line %s", line)
	}
	d.cloud.WaitForLog(ctx, d.out["addNumbersFunction"], `"message":"sum"`, `"requestId":"`+entry["functionRequestId"]+`"`)
	return entry
}

// waitForEvent waits until a log group has an event that matches the pattern, and
// returns its message. CloudWatch Logs has no operation that waits.
func (d deployed) waitForEvent(ctx context.Context, group, pattern string) string {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	client := cloudwatchlogs.NewFromConfig(d.cloud.AWSConfig())
	for poll := time.NewTicker(50 * time.Millisecond); ; {
		found, err := client.FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &group, FilterPattern: &pattern})
		if err != nil {
			d.t.Fatalf("no event in %s matches %s: %v", group, pattern, err)
		}
		if len(found.Events) > 0 {
			return *found.Events[0].Message
		}
		<-poll.C
	}
}

// responds fails the test unless the request receives this status and body.
func (d deployed) responds(status int, body string, r *http.Request) {
	d.t.Helper()
	if got, text := do(d.t, r); got != status || text != body {
		d.t.Errorf("got %d %s, want %d %s", got, text, status, body)
	}
}

// get returns a GET request.
func get(ctx context.Context, t *testing.T, url string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// do sends a request and returns the status and the body, without trailing
// newlines.
func do(t *testing.T, r *http.Request) (int, string) {
	t.Helper()
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, strings.TrimRight(string(body), "\n")
}

// signed signs a request without a body with the developer's credentials.
func (d deployed) signed(ctx context.Context, r *http.Request) *http.Request {
	d.t.Helper()
	config := d.cloud.AWSConfig()
	keys, err := config.Credentials.Retrieve(ctx)
	if err != nil {
		d.t.Fatal(err)
	}
	empty := sha256.Sum256(nil)
	if err := v4.NewSigner().SignHTTP(ctx, keys, r, hex.EncodeToString(empty[:]), "execute-api", config.Region, time.Now()); err != nil {
		d.t.Fatal(err)
	}
	return r
}

// newIssuer starts a server that publishes the public part of a new key as an
// OpenID provider does, and returns the key and the server's URL.
func newIssuer(t *testing.T) (key *rsa.PrivateKey, url string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"issuer":%q,"jwks_uri":%q}`, server.URL, server.URL+"/keys")
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "1", Algorithm: "RS256", Use: "sig"}}})
	})
	return key, server.URL
}

// token returns a JWT with these claims, signed with the key.
func token(t *testing.T, key *rsa.PrivateKey, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: key, KeyID: "1"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return signed
}
