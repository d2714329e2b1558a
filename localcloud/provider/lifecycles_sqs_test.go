package provider

import "tally/localcloud/sqs"

const queuesURL = "http://127.0.0.1:4566/000000000000/"

func sqsLifeCycles() []lifeCycle {
	const deadLetters = `{"maxReceiveCount": 3, "deadLetterTargetArn": "arn:aws:sqs:us-east-1:000000000000:dead"}`
	queueNamed := func(c cloudUnderTest, name string) string {
		return c.create("aws:sqs/queue:Queue", name, map[string]any{"name": name}).id
	}
	// byHand changes a queue behind the engine's back.
	byHand := func(change func(*sqs.Queue)) func(cloudUnderTest, made) error {
		return func(c cloudUnderTest, m made) error {
			_, err := c.services.SQS.UpdateQueue(m.id, func(q *sqs.Queue) error { change(q); return nil })
			return err
		}
	}
	return []lifeCycle{{
		token: "aws:sqs/queue:Queue",
		inputs: func(c cloudUnderTest) map[string]any {
			queueNamed(c, "dead")
			return map[string]any{"messageRetentionSeconds": 1209600, "redrivePolicy": deadLetters, "tags": map[string]any{"a": "1"}}
		},
		id: queuesURL + "thing-" + hex,
		outputs: map[string]string{"name": "thing-" + hex, "arn": "arn:aws:sqs:us-east-1:000000000000:thing-" + hex, "url": queuesURL + "thing-" + hex,
			"delaySeconds": "0", "maxMessageSize": "262144", "receiveWaitTimeSeconds": "0", "visibilityTimeoutSeconds": "30",
			"fifoQueue": "false", "contentBasedDeduplication": "false", "policy": "", "redriveAllowPolicy": "", "kmsDataKeyReusePeriodSeconds": "300", "sqsManagedSseEnabled": "true", "tagsAll": "map.a:1."},
		update:  map[string]any{"visibilityTimeoutSeconds": 60, "redriveAllowPolicy": `{"redrivePermission":"denyAll"}`},
		diff:    map[string]string{"visibilityTimeoutSeconds": "UPDATE", "redriveAllowPolicy": "UPDATE"},
		replace: map[string]any{"name": "other"}, replaces: []string{"name"},
		drift: byHand(func(q *sqs.Queue) {
			q.DelaySeconds, q.RetentionSeconds, q.RedrivePolicy = 5, 60, `{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead","maxReceiveCount":3}`
		}),
		seen: []string{"delaySeconds", "messageRetentionSeconds"},
	}, {
		token: "aws:sqs/queuePolicy:QueuePolicy",
		inputs: func(c cloudUnderTest) map[string]any {
			return map[string]any{"queueUrl": queueNamed(c, "q"), "policy": queuePolicyOf("SendMessage")}
		},
		id:     queuesURL + "q",
		update: map[string]any{"policy": queuePolicyOf("ReceiveMessage")}, diff: map[string]string{"policy": "UPDATE"},
		replace: map[string]any{"queueUrl": queuesURL + "other"}, replaces: []string{"queueUrl"}, deletes: true,
		drift: byHand(func(q *sqs.Queue) { q.Policy = queuePolicyOf("PurgeQueue") }), seen: []string{"policy"},
	}, {
		token: "aws:sqs/redrivePolicy:RedrivePolicy",
		inputs: func(c cloudUnderTest) map[string]any {
			queueNamed(c, "dead")
			return map[string]any{"queueUrl": queueNamed(c, "q"), "redrivePolicy": deadLetters}
		},
		id:      queuesURL + "q",
		update:  map[string]any{"redrivePolicy": `{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead","maxReceiveCount":4}`},
		diff:    map[string]string{"redrivePolicy": "UPDATE"},
		replace: map[string]any{"queueUrl": queuesURL + "other"}, replaces: []string{"queueUrl"}, deletes: true,
	}, {
		token: "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy",
		inputs: func(c cloudUnderTest) map[string]any {
			return map[string]any{"queueUrl": queueNamed(c, "q"), "redriveAllowPolicy": `{"redrivePermission": "denyAll"}`}
		},
		id:      queuesURL + "q",
		update:  map[string]any{"redriveAllowPolicy": `{"redrivePermission":"byQueue","sourceQueueArns":["arn:aws:sqs:us-east-1:000000000000:r"]}`},
		diff:    map[string]string{"redriveAllowPolicy": "UPDATE"},
		replace: map[string]any{"queueUrl": queuesURL + "other"}, replaces: []string{"queueUrl"}, deletes: true,
	}}
}

func queuePolicyOf(action string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:` + action +
		`","Resource":"arn:aws:sqs:us-east-1:000000000000:q"}]}`
}
