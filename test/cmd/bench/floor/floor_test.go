package floor

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// runtimeAPI is set in the processes that the floor starts: this test's executable
// is their bootstrap.
const runtimeAPI = "AWS_LAMBDA_RUNTIME_API"

func TestMain(m *testing.M) {
	if api := os.Getenv(runtimeAPI); api != "" {
		if err := bootstrap("http://" + api + "/2018-06-01/runtime/invocation/"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// bootstrap returns each event in capital letters, and fails for the event "fail".
func bootstrap(api string) error {
	for {
		next, err := http.Get(api + "next")
		if err != nil {
			return err
		}
		event, err := io.ReadAll(next.Body)
		if err != nil {
			return err
		}
		fmt.Printf("%s %s\n", os.Getenv("NAME"), event)
		result := "response"
		if string(event) == "fail" {
			result = "error"
		}
		published, err := http.Post(os.Getenv("AWS_ENDPOINT_URL"), "", strings.NewReader("Action=Publish"))
		if err != nil || published.StatusCode != http.StatusOK {
			return fmt.Errorf("publish: %v, %v", published, err)
		}
		if err := update(os.Getenv("AWS_ENDPOINT_URL")); err != nil {
			return err
		}
		id := next.Header.Get("Lambda-Runtime-Aws-Request-Id")
		if _, err := http.Post(api+id+"/"+result, "", strings.NewReader(strings.ToUpper(string(event)))); err != nil {
			return err
		}
	}
}

// update sends a request to DynamoDB.
func update(endpoint string) error {
	r, err := http.NewRequest(http.MethodPost, endpoint, strings.NewReader(`{"Key":{"id":{"S":"a"}}}`))
	if err != nil {
		return err
	}
	r.Header.Set("X-Amz-Target", "DynamoDB_20120810.UpdateItem")
	updated, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer updated.Body.Close()
	if body, err := io.ReadAll(updated.Body); err != nil || string(body) != `{"Attributes":{"id":{"S":"a"}}}`+"\n" {
		return fmt.Errorf("update: %q, %v", body, err)
	}
	return nil
}

func TestFloor(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(t.TempDir(), "log")
	f, err := Start(Config{Bootstrap: self, Processes: 3, Env: []string{"NAME=example"}, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Ready(ctx); err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	for i := range 20 {
		wait.Go(func() {
			event := fmt.Sprintf("event %d", i)
			if status, body := f.post(ctx, t, event); status != http.StatusOK || body != strings.ToUpper(event) {
				t.Errorf("%s: status %d, body %q", event, status, body)
			}
		})
	}
	wait.Wait()
	if status, body := f.post(ctx, t, "fail"); status != http.StatusBadGateway || body != "FAIL" {
		t.Errorf("an event that fails: status %d, body %q", status, body)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	raw, err := os.ReadFile(log)
	if lines := strings.Count(string(raw), "example "); err != nil || lines != 21 {
		t.Errorf("the log has %d lines, %v:\n%s", lines, err, raw)
	}
}

func TestStartWithoutBootstrap(t *testing.T) {
	_, err := Start(Config{Bootstrap: filepath.Join(t.TempDir(), "missing"), Processes: 1, Log: os.DevNull})
	if err == nil || !strings.Contains(err.Error(), "missing") {
		t.Errorf("got %v, want an error that names the executable", err)
	}
}

// TestEnded proves that nobody waits for a process that has ended.
func TestEnded(t *testing.T) {
	for command, want := range map[string]string{"false": "exit status 1", "true": "exit status 0"} {
		bootstrap, err := exec.LookPath(command)
		if err != nil {
			t.Fatal(err)
		}
		f, err := Start(Config{Bootstrap: bootstrap, Processes: 1, Log: os.DevNull})
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: Ready: %v, want %s", command, err, want)
		}
		if status, body := f.post(t.Context(), t, "event"); status != http.StatusBadGateway || !strings.Contains(body, want) {
			t.Errorf("%s: status %d, body %q, want %s", command, status, body, want)
		}
		if err := f.Close(); err != nil {
			t.Errorf("%s: Close: %v", command, err)
		}
	}
}

func (f *Floor) post(ctx context.Context, t *testing.T, event string) (status int, body string) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+f.Address()+InvokePath, strings.NewReader(event))
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		t.Error(err)
	}
	return response.StatusCode, string(raw)
}
