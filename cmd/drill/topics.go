package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"tally/internal/uuid"
)

// refuseEverything subscribes a queue to each topic that accepts nothing, neither messages
// from the topic nor those that could not be delivered.
func refuseEverything(ctx context.Context, d *drill, all []alarm, undo *undo) error {
	topics := map[string]bool{}
	for _, a := range all {
		topics[d.topicARN(a.dimensions["TopicName"])] = true
	}
	name := randomName()
	created, err := d.sqs.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &name}) // without a policy
	if err != nil {
		return err
	}
	undo.add(func(ctx context.Context) error {
		_, err := d.sqs.DeleteQueue(ctx, &sqs.DeleteQueueInput{QueueUrl: created.QueueUrl})
		return err
	})
	queueARN, err := d.queueARN(ctx, *created.QueueUrl)
	if err != nil {
		return err
	}
	for topic := range topics {
		out, err := d.sns.Subscribe(ctx, &sns.SubscribeInput{
			TopicArn: &topic, Protocol: aws.String("sqs"), Endpoint: &queueARN, ReturnSubscriptionArn: true,
			Attributes: map[string]string{"RedrivePolicy": fmt.Sprintf(`{"deadLetterTargetArn":%q}`, queueARN)},
		})
		if err != nil {
			return err
		}
		undo.add(func(ctx context.Context) error {
			_, err := d.sns.Unsubscribe(ctx, &sns.UnsubscribeInput{SubscriptionArn: out.SubscriptionArn})
			return err
		})
		if err := d.publish(ctx, topic); err != nil {
			return err
		}
	}
	return nil
}

// topicARN returns the ARN of a topic of the stack.
func (d *drill) topicARN(name string) string {
	return d.AlarmsTopicARN[:strings.LastIndexByte(d.AlarmsTopicARN, ':')+1] + name
}

// publish publishes a message that the subscribers of the topic can process.
func (d *drill) publish(ctx context.Context, topic string) error {
	message := `{"num1":3,"num2":4}`
	if topic != d.NumbersTopicARN {
		message = fmt.Sprintf(`{"id":%q,"num1":3,"num2":4,"sum":7}`, uuid.New())
	}
	_, err := d.sns.Publish(ctx, &sns.PublishInput{TopicArn: &topic, Message: &message})
	return err
}

// refuseDelivery takes away the permission of topics to deliver to their subscribers, and
// publishes a message.
func refuseDelivery(ctx context.Context, d *drill, all []alarm, undo *undo) error {
	undo.add(d.emptyFailures)
	topics := map[string]bool{}
	for _, a := range all {
		out, err := d.sns.GetSubscriptionAttributes(ctx, &sns.GetSubscriptionAttributesInput{SubscriptionArn: &a.queue.subscription})
		if err != nil {
			return err
		}
		endpoint, topic := out.Attributes["Endpoint"], out.Attributes["TopicArn"]
		switch {
		case strings.HasPrefix(endpoint, "arn:aws:lambda:"):
			err = d.forbidInvoking(ctx, endpoint, topic, undo)
		case strings.HasPrefix(endpoint, "arn:aws:sqs:"):
			err = d.denySending(ctx, endpoint, undo)
		default:
			err = fmt.Errorf("the drill cannot make %s refuse messages", endpoint)
		}
		if err != nil {
			return err
		}
		topics[topic] = true
	}
	for topic := range topics {
		if err := d.publish(ctx, topic); err != nil {
			return err
		}
	}
	return nil
}

// permission is a statement of a function's policy, as AddPermission creates it.
type permission struct {
	Sid       string
	Principal struct{ Service string }
	Action    string
	Condition struct {
		ArnLike map[string]string
	}
}

// forbidInvoking removes the permission of a topic to invoke an alias of a function.
func (d *drill) forbidInvoking(ctx context.Context, alias, topic string, undo *undo) error {
	function := functionIn(alias)
	out, err := d.lambda.GetPolicy(ctx, &lambda.GetPolicyInput{FunctionName: &function, Qualifier: aws.String(live)})
	if err != nil {
		return err
	}
	var policy struct{ Statement []permission }
	if err := json.Unmarshal([]byte(*out.Policy), &policy); err != nil {
		return err
	}
	for _, p := range policy.Statement {
		source := p.Condition.ArnLike["AWS:SourceArn"]
		if source != topic {
			continue
		}
		undo.add(func(ctx context.Context) error {
			_, err := d.lambda.AddPermission(ctx, &lambda.AddPermissionInput{
				FunctionName: &function, Qualifier: aws.String(live), StatementId: &p.Sid, Action: &p.Action, Principal: &p.Principal.Service, SourceArn: &source,
			})
			return err
		})
		_, err := d.lambda.RemovePermission(ctx, &lambda.RemovePermissionInput{FunctionName: &function, Qualifier: aws.String(live), StatementId: &p.Sid})
		return err
	}
	return fmt.Errorf("%s has no permission for %s", alias, topic)
}
