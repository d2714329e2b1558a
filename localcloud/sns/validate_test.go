package sns_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tally/localcloud/cloud"
	"tally/localcloud/sns"
	"tally/localcloud/store"
)

func TestChecks(t *testing.T) {
	const role = "arn:aws:iam::000000000000:role/r"
	retry := func(members string) string { return `{"http":{"defaultHealthyRetryPolicy":{` + members + `}}}` }
	policy := func(action string) string { return `{"Statement":{"Action":` + action + `}}` }
	place := cloud.Place{Region: "us-east-1", Account: "000000000000"}
	redrive := func(queue string) string {
		return `{"deadLetterTargetArn":"` + place.ARN("sqs", queue).String() + `"}`
	}
	const delivery = "Attributes Reason: DeliveryPolicy: "
	for _, c := range []struct {
		err  error
		want string // after "InvalidParameter: Invalid parameter: "; "" for none
	}{
		{sns.CheckTopicName(strings.Repeat("a", 256)), ""},
		{sns.CheckTopicName("bad name!"), "Topic Name"},
		{sns.CheckDisplayName(strings.Repeat("ä", 100)), ""},
		{sns.CheckSignatureVersion(2), ""},
		{sns.CheckSignatureVersion(3), "Attributes Reason: SignatureVersion: Invalid value [3]. Must be 1 or 2."},
		{sns.CheckTracingConfig("Active"), ""},
		{sns.CheckTracingConfig("active"), "Attributes Reason: TracingConfig: Invalid value [active]. Must be Active or PassThrough."},
		{sns.CheckKMSMasterKeyID("alias/aws/sns"), ""},
		{sns.CheckKMSMasterKeyID("arn:aws:kms:us-east-1:000000000000:key/k"), ""},
		{sns.CheckKMSMasterKeyID(role), "Attributes Reason: KmsMasterKeyId: Invalid value [" + role + "]. Must be a key of AWS KMS."},
		{sns.CheckFeedbackRoleARN(role), ""},
		{sns.CheckFeedbackRoleARN("arn:aws:iam::000000000000:user/u"),
			`Attributes Reason: the role for delivery status logging must be the ARN of a role, not "arn:aws:iam::000000000000:user/u"`},
		{sns.CheckFeedbackSampleRate(100), ""},
		{sns.CheckFeedbackSampleRate(-1), "Attributes Reason: the sample rate of delivery status logging must be from 0 to 100, not -1"},
		{sns.CheckTags(map[string]string{"aws:k": ""}), `Tags Reason: the tag key "aws:k" begins with aws:, which is reserved for AWS`},
		{sns.CheckRawMessageDelivery("https", true), ""},
		{sns.CheckRawMessageDelivery("email", true), "Attributes Reason: RawMessageDelivery: Delivery protocol [email] does not support raw message delivery."},
		{sns.CheckEndpoint("sqs", queue), ""},
		{sns.CheckEndpoint("sqs", function), "SQS endpoint ARN"},
		{sns.CheckEndpoint("sqs", queue+".fifo"), "Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics"},
		{sns.CheckDeliveryPolicy(`{"http":{}}`), ""},
		{sns.CheckDeliveryPolicy(retry(`"minDelayTarget":1,"maxDelayTarget":60,"numRetries":50,"numNoDelayRetries":3,"numMinDelayRetries":2,"numMaxDelayRetries":35,"backoffFunction":"exponential"`)), ""},
		{sns.CheckDeliveryPolicy("[]"), delivery + "failed to parse JSON."},
		{sns.CheckDeliveryPolicy(retry(`"numRetries":"x"`)), delivery + "failed to parse JSON."},
		{sns.CheckDeliveryPolicy(retry(`"numRetries":101`)), delivery + "http.defaultHealthyRetryPolicy.numRetries must be less than or equal to 100"},
		{sns.CheckDeliveryPolicy(retry(`"maxDelayTarget":3601`)), delivery + "http.defaultHealthyRetryPolicy.maxDelayTarget must be less than or equal to 3600"},
		{sns.CheckDeliveryPolicy(retry(`"minDelayTarget":30,"maxDelayTarget":20`)), delivery + "http.defaultHealthyRetryPolicy.maxDelayTarget must be greater than or equal to minDelayTarget"},
		{sns.CheckDeliveryPolicy(retry(`"numNoDelayRetries":2,"numMaxDelayRetries":2`)), delivery + "http.defaultHealthyRetryPolicy.numRetries must be greater than or equal to total of numMinDelayRetries, numNoDelayRetries and numMaxDelayRetries"},
		{sns.CheckDeliveryPolicy(retry(`"numNoDelayRetries":9223372036854775807,"numMaxDelayRetries":1`)), delivery + "http.defaultHealthyRetryPolicy.numRetries must be greater than or equal to total of numMinDelayRetries, numNoDelayRetries and numMaxDelayRetries"},
		{sns.CheckDeliveryPolicy(`{"http":{"disablesubscriptionoverrides":true}}`), delivery + "Unexpected JSON member: disablesubscriptionoverrides"},
		{sns.CheckRedrivePolicy(place, redrive("dead")), ""},
		{sns.CheckRedrivePolicy(place, redrive("a/b")), "Attributes Reason: RedrivePolicy: deadLetterTargetArn is an invalid arn"},
		{sns.CheckDeliveryPolicy(retry(`"backoffFunction":"cubic"`)), delivery + `http.defaultHealthyRetryPolicy.backoffFunction must be arithmetic, exponential, geometric or linear, not "cubic"`},
		{sns.CheckDeliveryPolicy(`{"http":{"defaultThrottlePolicy":{"maxReceivesPerSecond":0}}}`), delivery + "http.defaultThrottlePolicy.maxReceivesPerSecond must be greater than or equal to 1"},
		{sns.CheckDeliveryPolicy(`{"http":{"disableSubscriptionOverrides":true,"defaultRequestPolicy":{"headerContentType":"text/plain"}}}`), ""},
		{sns.CheckDeliveryPolicy(`{"htpp":{}}`), delivery + "Unexpected JSON member: htpp"},
		{sns.CheckDeliveryPolicy(retry(`"numRetry":3`)), delivery + "Unexpected JSON member: numRetry"},
		{sns.CheckPolicy(policy(`"SNS:Receive"`)), ""},
		{sns.CheckPolicy(policy(`"kms:Decrypt"`)), "Policy statement action out of service scope! (kms:Decrypt)"},
		{sns.CheckPolicy(`"` + strings.Repeat("x", 30*1024) + `"`), "Policy Error: a policy must be at most 30720 bytes long, not 30722"},
		{sns.CheckPolicy(`{"Statement":[` + strings.Repeat("{},", 100) + `{}]}`), "Policy Error: a policy must have at most 100 statements, not 101"},
		{sns.CheckPolicy(`{"Statement":{"Principal":{"AWS":["1"` + strings.Repeat(`,"1"`, 200) + `]}}}`), "Policy Error: a statement must have at most 200 principals, not 201"},
		{sns.CheckPolicyResources(numbers, policy(`"sns:Publish","Resource":"arn:aws:sns:*:000000000000:number?"`)), ""},
		{sns.CheckPolicyResources(numbers, policy(`"sns:Publish","NotResource":"*"`)), "Policy Error: the Resource of each statement must be the topic's ARN, " + numbers + ", not []"},
	} {
		if c.want == "" {
			if c.err != nil {
				t.Errorf("refused: %v", c.err)
			}
			continue
		}
		wantError(t, c.want, c.err, 400, "InvalidParameter", "Invalid parameter: "+c.want)
	}
}

// Stored subscriptions have their policies parsed when a service opens them.
func TestPoliciesSurviveARestart(t *testing.T) {
	dir := t.TempDir()
	st, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, st, allow, &journal{}, target(discard))
	if _, err := s.CreateTopic(sns.Topic{Name: "numbers"}); err != nil {
		t.Fatal(err)
	}
	sub, err := s.Subscribe(sns.Subscription{TopicARN: numbers, Protocol: "lambda", Endpoint: function, FilterPolicy: `{"a":["v"]}`, RedrivePolicy: redrive})
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	if st, err = store.Open(dir); err != nil {
		t.Fatal(err)
	}
	defer st.Close()

	tg, deliveries := collect()
	s = open(t, st, allow, &journal{}, tg)
	for _, value := range []string{"w", "v"} {
		if _, err := s.Publish(t.Context(), developer(), numbers, sns.Message{Body: value, Attributes: attribute("String", value)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if d := <-deliveries; d.Body != "v" || len(deliveries) > 0 {
		t.Errorf("delivered %q and %d more", d.Body, len(deliveries))
	} else if diff := cmp.Diff(sub, d.Subscription); diff != "" {
		t.Errorf("subscription (-before +after):\n%s", diff)
	}
}

// BenchmarkPublish publishes to a subscription whose filter policy rejects the
// message, so that nothing is delivered.
func BenchmarkPublish(b *testing.B) {
	s, err := sns.New(sns.Options{
		Place: place, Authorizer: authorizer(allow), Journal: silent{}, Targets: map[string]sns.Target{"lambda": target(discard)},
	})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := s.CreateTopic(sns.Topic{Name: "numbers"}); err != nil {
		b.Fatal(err)
	}
	const policy = `{"store":["example_corp"],"event":[{"anything-but":["order_cancelled","order_lost"]}],"price":[{"numeric":[">=",100,"<",200]}],"$or":[{"a":[{"prefix":"x"}]},{"b":[{"suffix":"y"}]}]}`
	if _, err := s.Subscribe(sns.Subscription{TopicARN: numbers, Protocol: "lambda", Endpoint: function, FilterPolicy: policy}); err != nil {
		b.Fatal(err)
	}
	m := sns.Message{Body: "1", Attributes: map[string]sns.Attribute{
		"store": {DataType: "String", StringValue: "example_corp"}, "price": {DataType: "Number", StringValue: "99"},
	}}
	for b.Loop() {
		if _, err := s.Publish(b.Context(), developer(), numbers, m); err != nil {
			b.Fatal(err)
		}
	}
}

type silent struct{}

func (silent) Append(cloud.Entry) {}
