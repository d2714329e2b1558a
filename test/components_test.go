package test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sns"

	"tally/localcloud/localcloudtest"
)

// TestComponents deploys a program in another folder and of another module that
// imports the components.
func TestComponents(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	t.Parallel()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/components")); err != nil {
		t.Fatal(err)
	}
	newModule(t, dir, "components", "")

	cloud := localcloudtest.Start(t)
	topics := outputs(ctx, t, cloud.Deploy(ctx, localcloudtest.Program{Dir: dir}))
	const environments = 1
	deployed, err := sns.NewFromConfig(cloud.AWSConfig()).ListTopics(ctx, &sns.ListTopicsInput{})
	if err != nil {
		t.Fatal(err)
	}
	owners := map[string]string{} // of the topic "orders" in each environment, by ARN
	for _, topic := range deployed.Topics {
		for environment, arn := range topics {
			if *topic.TopicArn == arn {
				owners[arn] = environment
			}
		}
	}
	if len(owners) != environments {
		t.Errorf("the environments have the topics %v; deployed are %v", topics, deployed.Topics)
	}
}
