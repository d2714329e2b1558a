package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"tally/localcloud/localcloudtest"
)

func TestMain(m *testing.M) {
	if out, err := exec.Command("go", "run", "./pack").CombinedOutput(); err != nil {
		panic(string(out))
	}
	os.Exit(m.Run())
}

func TestGreeter(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	cloud := localcloudtest.Start(t)
	stack := cloud.Deploy(ctx, localcloudtest.Program{Config: map[string]string{"aws:region": "us-east-1"}})
	if _, err := stack.Preview(ctx, optpreview.ExpectNoChanges()); err != nil {
		t.Errorf("a preview after the deployment: %v", err)
	}

	function := stack.Output(ctx, "function")
	result, err := lambda.NewFromConfig(cloud.AWSConfig()).Invoke(ctx, &lambda.InvokeInput{FunctionName: &function, Payload: []byte(`"Ada"`)})
	if err != nil {
		t.Fatal(err)
	}
	if result.FunctionError != nil {
		t.Fatalf("%s: %s", *result.FunctionError, result.Payload)
	}
	var response struct{ Greeting, Environment string }
	if err := json.Unmarshal(result.Payload, &response); err != nil {
		t.Fatal(err)
	}
	if response.Greeting != "good morning, Ada" {
		t.Errorf("greeting = %q", response.Greeting)
	}
	own := os.Getenv("AWS_SECRET_ACCESS_KEY") // set by tally's own tests
	for _, secret := range []string{own, "HOME=", "_LAMBDA_SERVER_PORT="} {
		if secret != "" && strings.Contains(response.Environment, secret) {
			t.Errorf("%s from the developer's environment reached the function:\n%s", secret, response.Environment)
		}
	}
	isolated := cloud.Status(ctx).NotIsolated == ""
	if strings.Contains(response.Environment, "LAMBDA_TASK_ROOT=/var/task\n") != isolated {
		t.Errorf("isolated: %t, and the function's environment is:\n%s", isolated, response.Environment)
	}
	cloud.WaitForLog(ctx, "greeter", "greeting Ada")
	if _, err := os.Stat("Pulumi.local.yaml"); err == nil {
		t.Error("the deployment wrote into the program's folder")
	}
}

func TestRefusedStack(t *testing.T) {
	t.Parallel()
	cloud := localcloudtest.Start(t, localcloudtest.Stacks("local", "local-*"))
	dev := cloud.NewStack(t.Context(), localcloudtest.Program{Stack: "dev"})
	if _, err := dev.Preview(t.Context()); err == nil || !strings.Contains(err.Error(), "--stack 'local,local-*,dev'") {
		t.Errorf("the provider accepted stack dev, or does not name the flag that allows it: %v", err)
	}
}

func TestRefusedType(t *testing.T) {
	t.Parallel()
	stack := localcloudtest.Start(t).NewStack(t.Context(), localcloudtest.Program{Run: func(ctx *pulumi.Context) error {
		_, err := iam.NewUser(ctx, "someone", nil)
		return err
	}})
	if _, err := stack.Preview(t.Context()); err == nil || !strings.Contains(err.Error(), "aws:iam/user:User") {
		t.Errorf("the preview does not refuse the type by name: %v", err)
	}
}
