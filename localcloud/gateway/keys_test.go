package gateway

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	awssns "github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"

	"tally/localcloud/kms"
	"tally/localcloud/lambda"
	"tally/localcloud/sns"
	"tally/localcloud/sqs"
)

// TestKeysOverTheWire checks how SNS, SQS and Lambda report that a caller may not use
// the key of a topic, a queue or a function's variables.
func TestKeysOverTheWire(t *testing.T) {
	k := newKit(t)
	key := must(k.KMS.CreateKey(kms.Key{Spec: "SYMMETRIC_DEFAULT", Usage: "ENCRYPT_DECRYPT"}))(t)
	arn := k.KMS.KeyARN(key.ID).String()
	topic := must(k.SNS.CreateTopic(sns.Topic{Name: "numbers", KMSMasterKeyID: arn}))(t)
	queue := must(k.SQS.CreateQueue(sqs.Queue{Name: "work", KMSMasterKeyID: arn}))(t)
	session := k.role(t, everything)
	function := k.function(t, lambda.Config{Name: "f", KMSKeyARN: arn, Environment: map[string]string{"AB": "c"}})
	topics, queues, functions := awssns.NewFromConfig(k.config(session)), awssqs.NewFromConfig(k.config(session)), awslambda.NewFromConfig(k.config(session))

	calls := map[string]func() error{
		"publish": func() error {
			_, err := topics.Publish(t.Context(), &awssns.PublishInput{TopicArn: &topic.ARN, Message: aws.String("m")})
			return err
		},
		"publish batch": func() error {
			_, err := topics.PublishBatch(t.Context(), &awssns.PublishBatchInput{TopicArn: &topic.ARN, PublishBatchRequestEntries: []types.PublishBatchRequestEntry{{Id: aws.String("1"), Message: aws.String("m")}}})
			return err
		},
		"send": func() error {
			_, err := queues.SendMessage(t.Context(), &awssqs.SendMessageInput{QueueUrl: &queue.URL, MessageBody: aws.String("m")})
			return err
		},
		"receive": func() error {
			_, err := queues.ReceiveMessage(t.Context(), &awssqs.ReceiveMessageInput{QueueUrl: &queue.URL})
			return err
		},
		"invoke": func() error {
			_, err := functions.Invoke(t.Context(), &awslambda.InvokeInput{FunctionName: &function.Name})
			return err
		},
	}
	check := func(state string, want map[string]string) {
		t.Helper()
		for name, call := range calls {
			got := code(call())
			if wanted, ok := want[name]; !strings.HasPrefix(got, wanted) || !ok && got != "<nil>" {
				t.Errorf("%s: %s: %s\nwant %s", state, name, got, wanted)
			}
		}
	}

	// Lambda uses the key of a function's variables only in a cold start.
	disabled := key
	disabled.Disabled = true
	must(k.KMS.UpdateKey(disabled))(t)
	check("disabled", map[string]string{
		"publish":       "KMSDisabled: " + arn + " is disabled. (Service: AWSKMS; Status Code: 400; Error Code: DisabledException)",
		"publish batch": "KMSDisabled: ", "send": "KMS.DisabledException: ", "receive": "KMS.DisabledException: ",
		"invoke": "KMSDisabledException: Lambda was unable to decrypt the environment variables because the KMS key used is disabled. " +
			"Please check the function's KMS key settings. KMS Exception: DisabledException KMS Message: " + arn + " is disabled.",
	})
	must(k.KMS.UpdateKey(key))(t)
	check("enabled", nil)

	const user = "User: arn:aws:sts::000000000000:assumed-role/worker/session is not authorized to perform: kms:GenerateDataKey on resource: "
	only := func(actions string) {
		err := k.IAM.PutRolePolicy("worker", "all", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["sns:*","sqs:*","lambda:*"`+actions+`],"Resource":"*"}]}`)
		if err != nil {
			t.Fatal(err)
		}
	}
	only("")
	check("without a grant", map[string]string{
		"publish": "KMSAccessDenied: " + user + arn + " because no identity-based policy allows the kms:GenerateDataKey action " +
			"(Service: AWSKMS; Status Code: 400; Error Code: AccessDeniedException)",
		"publish batch": "KMSAccessDenied: " + user, "send": "KMS.AccessDeniedException: " + user,
		"receive": "KMS.AccessDeniedException: The ciphertext refers to a customer master key that does not exist",
	})
	only(`,"kms:Decrypt"`)
	check("without GenerateDataKey", map[string]string{"publish": "KMSAccessDenied: ", "publish batch": "KMSAccessDenied: ", "send": "KMS.AccessDeniedException: "})
	only(`,"kms:Decrypt","kms:GenerateDataKey"`)
	check("with the grant", nil)

	if err := k.KMS.ScheduleKeyDeletion(key.ID); err != nil {
		t.Fatal(err)
	}
	delete(calls, "invoke") // the environment already has its variables
	check("pending deletion", map[string]string{
		"publish": "KMSInvalidState: " + arn + " is pending deletion.", "publish batch": "KMSInvalidState: ",
		"send": "KMS.InvalidStateException: ", "receive": "KMS.InvalidStateException: ",
	})

	raw := request{method: "POST", path: "/", service: "sqs", body: `{"QueueUrl":"` + queue.URL + `","MessageBody":"m"}`,
		header: map[string]string{"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.SendMessage"}}
	_, header, body := send(t, raw.build(t, k.url))
	if got := header.Get("X-Amzn-Query-Error"); got != "KMS.InvalidStateException;Sender" || !strings.Contains(body, `"com.amazonaws.sqs#KmsInvalidState"`) {
		t.Errorf("by SQS's protocol: %s %s", got, body)
	}
}
