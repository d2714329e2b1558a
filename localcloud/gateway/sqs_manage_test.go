package gateway

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"

	"tally/localcloud/cloud"
	"tally/localcloud/kms"
	"tally/localcloud/sqs"
)

func TestManageQueues(t *testing.T) {
	k := newKit(t)
	client := awssqs.NewFromConfig(k.config(developer))
	ctx := t.Context()
	create := func(attributes map[string]string) (string, error) {
		out, err := client.CreateQueue(ctx, &awssqs.CreateQueueInput{QueueName: aws.String("work"), Attributes: attributes, Tags: map[string]string{"team": "blue"}})
		if err != nil {
			return "", err
		}
		return *out.QueueUrl, nil
	}
	refused := func(err error, want string) {
		t.Helper()
		if code(err) != want {
			t.Errorf("got  %s\nwant %s", code(err), want)
		}
	}
	work := must(create(map[string]string{"DelaySeconds": "5"}))(t)
	if q := must(k.SQS.Queue(work))(t); q.VisibilityTimeoutSeconds != 30 || q.DelaySeconds != 5 || !q.SSE || q.Tags["team"] != "blue" {
		t.Errorf("%+v", q)
	}
	for _, again := range []map[string]string{nil, {"DelaySeconds": "5"}, {"VisibilityTimeout": "30"}} {
		if got, err := create(again); err != nil || got != work {
			t.Errorf("%v: %s, %v", again, got, err)
		}
	}
	_, err := create(map[string]string{"DelaySeconds": "6"})
	refused(err, "QueueAlreadyExists: A queue already exists with the same name and a different value for attribute DelaySeconds")
	_, err = create(map[string]string{"Color": "red"})
	refused(err, "InvalidAttributeName: Unknown Attribute Color.")

	set := func(name, value string) error {
		_, err := client.SetQueueAttributes(ctx, &awssqs.SetQueueAttributesInput{QueueUrl: &work, Attributes: map[string]string{name: value}})
		return err
	}
	refused(set("DelaySeconds", "901"), "InvalidAttributeValue: Invalid value for the parameter DelaySeconds. Reason: Must be from 0 to 900, not 901.")
	refused(set("DelaySeconds", "x"), "InvalidAttributeValue: Invalid value for the parameter DelaySeconds.")
	refused(set("MessageRetentionPeriod", "0"), "InvalidAttributeValue: Invalid value for the parameter MessageRetentionPeriod. Reason: Must be from 60 to 1209600, not 0.")
	for name, value := range map[string]string{"VisibilityTimeout": "0", "KmsMasterKeyId": "alias/mine"} {
		if err := set(name, value); err != nil {
			t.Error(name, code(err))
		}
	}
	if q := must(k.SQS.Queue(work))(t); q.VisibilityTimeoutSeconds != 0 || q.SSE || q.KMSMasterKeyID != "alias/mine" {
		t.Errorf("%+v", q)
	}
	if err := set("SqsManagedSseEnabled", "true"); err != nil {
		t.Error(code(err))
	}
	if q := must(k.SQS.Queue(work))(t); !q.SSE || q.KMSMasterKeyID != "" {
		t.Errorf("%+v", q)
	}

	grant := &awssqs.AddPermissionInput{QueueUrl: &work, Label: aws.String("other"), AWSAccountIds: []string{"111111111111"}, Actions: []string{"SendMessage", "ReceiveMessage"}}
	must(client.AddPermission(ctx, grant))(t)
	const policy = `{"Version":"2008-10-17","Statement":[{"Sid":"other","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:root"},` +
		`"Action":["SQS:SendMessage","SQS:ReceiveMessage"],"Resource":"arn:aws:sqs:us-east-1:000000000000:work"}]}`
	if q := must(k.SQS.Queue(work))(t); q.Policy != policy {
		t.Error(q.Policy)
	}
	_, err = client.AddPermission(ctx, grant)
	refused(err, "InvalidParameterValue: Value other for parameter Label is invalid. Reason: Already exists.")
	grant.Label, grant.Actions = aws.String("more"), []string{"DeleteQueue"}
	_, err = client.AddPermission(ctx, grant)
	refused(err, "InvalidParameterValue: Value SQS:DeleteQueue for parameter ActionName is invalid. Reason: Only the queue owner is allowed to invoke this action.")
	remove := &awssqs.RemovePermissionInput{QueueUrl: &work, Label: aws.String("other")}
	must(client.RemovePermission(ctx, remove))(t)
	_, err = client.RemovePermission(ctx, remove)
	refused(err, "InvalidParameterValue: Value other for parameter Label is invalid. Reason: can't find label on existing policy.")

	must(client.TagQueue(ctx, &awssqs.TagQueueInput{QueueUrl: &work, Tags: map[string]string{"a": "1", "b": "2"}}))(t)
	must(client.UntagQueue(ctx, &awssqs.UntagQueueInput{QueueUrl: &work, TagKeys: []string{"a"}}))(t)
	tags := must(client.ListQueueTags(ctx, &awssqs.ListQueueTagsInput{QueueUrl: &work}))(t).Tags
	if diff := cmp.Diff(map[string]string{"team": "blue", "b": "2"}, tags); diff != "" {
		t.Error(diff)
	}
	must(client.DeleteQueue(ctx, &awssqs.DeleteQueueInput{QueueUrl: &work}))(t)
	refused(set("DelaySeconds", "1"), "AWS.SimpleQueueService.NonExistentQueue: The specified queue does not exist.")
}

// In Query requests, tags have keys and attributes have names.
func TestManageQueuesInQuery(t *testing.T) {
	k := newKit(t)
	form := url.Values{"Action": {"CreateQueue"}, "Version": {sqsVersion}, "QueueName": {"work"},
		"Attribute.1.Name": {"DelaySeconds"}, "Attribute.1.Value": {"5"}, "Tag.1.Key": {"team"}, "Tag.1.Value": {"blue"}}
	r := request{method: "POST", path: "/", service: "sqs", header: map[string]string{"Content-Type": formType}, body: form.Encode()}
	if status, _, body := send(t, r.build(t, k.url)); status != 200 || !strings.Contains(body, "<QueueUrl>"+k.SQS.URL("work")+"</QueueUrl>") {
		t.Fatalf("%d %s", status, body)
	}
	if q := must(k.SQS.Queue(k.SQS.URL("work")))(t); q.DelaySeconds != 5 || q.Tags["team"] != "blue" {
		t.Errorf("%+v", q)
	}
	form.Set("Tag.1.Name", "team")
	r.body = form.Encode()
	if status, _, body := send(t, r.build(t, k.url)); status != 400 || !strings.Contains(body, "does not take the parameter &#39;Tag.1.Name&#39;; it takes QueueName, Attribute.N.Name, Attribute.N.Value, Tag.N.Key, Tag.N.Value") {
		t.Errorf("%d %s", status, body)
	}
}

func TestMoveMessages(t *testing.T) {
	k := newKit(t)
	client := awssqs.NewFromConfig(k.config(developer))
	ctx := t.Context()
	work, dead := k.queues(t)
	source := here.ARN("sqs", "dead").String()
	for range 3 {
		must(k.SQS.Send(ctx, must(k.IAM.Credentials(developer.AccessKeyID))(t).Caller, dead, sqs.Entry{QueueMessage: cloud.QueueMessage{Body: "x"}}))(t)
	}
	in := &awssqs.StartMessageMoveTaskInput{SourceArn: &source, DestinationArn: aws.String(here.ARN("sqs", "work").String()), MaxNumberOfMessagesPerSecond: aws.Int32(1)}
	handle := must(client.StartMessageMoveTask(ctx, in))(t).TaskHandle
	list := func() types.ListMessageMoveTasksResultEntry {
		t.Helper()
		return must(client.ListMessageMoveTasks(ctx, &awssqs.ListMessageMoveTasksInput{SourceArn: &source}))(t).Results[0]
	}
	if got := list(); *got.Status != "RUNNING" || *got.TaskHandle != *handle || got.ApproximateNumberOfMessagesToMove == nil || *got.ApproximateNumberOfMessagesToMove != 3 || *got.MaxNumberOfMessagesPerSecond != 1 {
		raw, _ := json.Marshal(got)
		t.Errorf("%s", raw)
	}
	for *list().Status == "RUNNING" && list().ApproximateNumberOfMessagesMoved == 0 {
		time.Sleep(10 * time.Millisecond)
	}
	if out := must(client.CancelMessageMoveTask(ctx, &awssqs.CancelMessageMoveTaskInput{TaskHandle: handle}))(t); out.ApproximateNumberOfMessagesMoved < 1 {
		t.Error(out.ApproximateNumberOfMessagesMoved)
	}
	if c := must(k.SQS.Count(work))(t); c.Available < 1 {
		t.Error(c)
	}
	_, err := client.CancelMessageMoveTask(ctx, &awssqs.CancelMessageMoveTaskInput{TaskHandle: aws.String("?")})
	if code(err) != "InvalidParameterValue: Value for parameter TaskHandle is invalid." {
		t.Error(code(err))
	}
	in.SourceArn = aws.String(source + "x")
	if _, err := client.StartMessageMoveTask(ctx, in); code(err) != "ResourceNotFoundException: The resource that you specified for the SourceArn parameter doesn't exist." {
		t.Error(code(err))
	}
}

// Whoever starts a task needs the permissions to receive, delete and send, too.
func TestMovesAreAuthorized(t *testing.T) {
	k := newKit(t)
	k.queues(t)
	in := &awssqs.StartMessageMoveTaskInput{SourceArn: aws.String(here.ARN("sqs", "dead").String())}
	keys := k.role(t, nothing)
	client := awssqs.NewFromConfig(k.config(keys))
	actions := []string{}
	for _, action := range []string{"StartMessageMoveTask", "ReceiveMessage", "DeleteMessage", "GetQueueAttributes", "SendMessage"} {
		if _, err := client.StartMessageMoveTask(t.Context(), in); !strings.Contains(strings.ToLower(code(err)), "not authorized to perform: sqs:"+strings.ToLower(action)) {
			t.Errorf("%s: %s", action, code(err))
		}
		actions = append(actions, `"sqs:`+action+`"`)
		if err := k.IAM.PutRolePolicy("worker", "all", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":[`+strings.Join(actions, ",")+`],"Resource":"*"}]}`); err != nil {
			t.Fatal(err)
		}
	}
	must(client.StartMessageMoveTask(t.Context(), in))(t)
}

// Whoever starts a task needs the permissions to use the keys of both queues, too.
func TestMovesUseKeys(t *testing.T) {
	k := newKit(t)
	work, dead := k.queues(t)
	key := must(k.KMS.CreateKey(kms.Key{Usage: "ENCRYPT_DECRYPT", Spec: "SYMMETRIC_DEFAULT", Policy: kms.DefaultPolicy(here.Account)}))(t)
	for _, url := range []string{work, dead} {
		if err := k.SQS.SetAttributes(url, map[string]string{"KmsMasterKeyId": key.ID}); err != nil {
			t.Fatal(err)
		}
	}
	in := &awssqs.StartMessageMoveTaskInput{SourceArn: aws.String(here.ARN("sqs", "dead").String())}
	client := awssqs.NewFromConfig(k.config(k.role(t, nothing)))
	actions := `"sqs:*"`
	for _, action := range []string{"kms:Decrypt", "kms:GenerateDataKey"} {
		if err := k.IAM.PutRolePolicy("worker", "all", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":[`+actions+`],"Resource":"*"}]}`); err != nil {
			t.Fatal(err)
		}
		if _, err := client.StartMessageMoveTask(t.Context(), in); !strings.Contains(code(err), "is not authorized to perform: "+action) {
			t.Errorf("without %s: %s", action, code(err))
		}
		actions += `,"` + action + `"`
	}
	if err := k.IAM.PutRolePolicy("worker", "all", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":[`+actions+`],"Resource":"*"}]}`); err != nil {
		t.Fatal(err)
	}
	must(client.StartMessageMoveTask(t.Context(), in))(t)
}
