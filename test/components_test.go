package test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sns"

	"tally/localcloud/localcloudtest"
)

// TestComponents deploys a program of another module, in another folder, that
// imports the components and declares the same topic in two environments.
func TestComponents(t *testing.T) {
	t.Parallel() // the time counts from when it runs
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
	defer cancel()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/components")); err != nil {
		t.Fatal(err)
	}
	newModule(t, dir, "components", "")

	cloud := localcloudtest.Start(t)
	topics := outputs(ctx, t, cloud.Deploy(ctx, localcloudtest.Program{Dir: dir}))
	if topics["east"] == topics["own"] {
		t.Errorf("both environments have the topic %s", topics["east"])
	}
	for environment, arn := range topics {
		if name := arn[strings.LastIndex(arn, ":")+1:]; !strings.HasPrefix(name, "components-local-"+environment+"-orders-") {
			t.Errorf("the topic of environment %s is named %s", environment, name)
		}
		topic, err := sns.NewFromConfig(cloud.AWSConfig()).GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: &arn})
		if err != nil {
			t.Fatalf("environment %s: %v", environment, err)
		}
		if got := topic.Attributes["DisplayName"]; got != "Orders" {
			t.Errorf("environment %s: the program's transform did not set the display name, which is %q", environment, got)
		}
	}
}
