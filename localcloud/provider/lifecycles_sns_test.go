package provider

func snsLifeCycles() []lifeCycle {
	return []lifeCycle{{
		token: "aws:sns/topic:Topic",
		inputs: func(cloudUnderTest) map[string]any {
			return map[string]any{"name": "mine", "kmsMasterKeyId": "alias/aws/sns", "lambdaFailureFeedbackRoleArn": "arn:aws:iam::000000000000:role/r"}
		},
		id: "arn:aws:sns:us-east-1:000000000000:mine",
		outputs: map[string]string{"arn": "arn:aws:sns:us-east-1:000000000000:mine", "owner": "000000000000", "fifoTopic": "false",
			"policy": `(?s).*__default_policy_ID.*`, "tagsAll": "map.."},
		update: map[string]any{"displayName": "Mine", "signatureVersion": 2, "tracingConfig": "Active", "sqsSuccessFeedbackSampleRate": 5,
			"deliveryPolicy": `{"http": {}}`, "kmsMasterKeyId": "alias/mine"},
		diff: map[string]string{"displayName": "ADD", "signatureVersion": "ADD", "tracingConfig": "ADD", "sqsSuccessFeedbackSampleRate": "ADD",
			"deliveryPolicy": "ADD", "kmsMasterKeyId": "UPDATE"},
		replace: map[string]any{"name": "other"}, replaces: []string{"name"},
		drift: func(c cloudUnderTest, m made) error {
			t, err := c.services.SNS.Topic(m.id)
			if err != nil {
				return err
			}
			t.DisplayName, t.Feedback, t.DeliveryPolicy = "by hand", nil, `{"http":{}}`
			_, err = c.services.SNS.UpdateTopic(t)
			return err
		},
		seen: []string{"displayName", "lambdaFailureFeedbackRoleArn", "sqsSuccessFeedbackSampleRate"},
	}, {
		token: "aws:sns/topicPolicy:TopicPolicy",
		inputs: func(c cloudUnderTest) map[string]any {
			return map[string]any{"arn": c.create("aws:sns/topic:Topic", "t", nil).arn(), "policy": topicPolicyOf("Publish")}
		},
		id:      "arn:aws:sns:us-east-1:000000000000:t-" + hex,
		outputs: map[string]string{"owner": "000000000000"},
		update:  map[string]any{"policy": topicPolicyOf("Subscribe")}, diff: map[string]string{"policy": "UPDATE"},
		replace: map[string]any{"arn": "arn:aws:sns:us-east-1:000000000000:u"}, replaces: []string{"arn"}, deletes: true,
		drift: func(c cloudUnderTest, m made) error {
			_, err := c.services.SNS.SetPolicy(m.id, topicPolicyOf("GetTopicAttributes"))
			return err
		},
		seen: []string{"policy"},
	}, {
		token: "aws:sns/topicSubscription:TopicSubscription",
		inputs: func(c cloudUnderTest) map[string]any {
			return map[string]any{"topic": c.create("aws:sns/topic:Topic", "t", nil).arn(), "protocol": "lambda", "endpoint": c.function("f").arn(),
				"redrivePolicy": `{"deadLetterTargetArn": "arn:aws:sqs:us-east-1:000000000000:q"}`}
		},
		id: "arn:aws:sns:us-east-1:000000000000:t-" + hex + ":[0-9a-f-]{36}",
		outputs: map[string]string{"arn": "arn:aws:sns:us-east-1:000000000000:t-" + hex + ":[0-9a-f-]{36}", "ownerId": "000000000000",
			"confirmationTimeoutInMinutes": "1", "confirmationWasAuthenticated": "true", "endpointAutoConfirms": "false",
			"filterPolicyScope": "MessageAttributes", "pendingConfirmation": "false", "rawMessageDelivery": "false"},
		update:  map[string]any{"filterPolicy": `{"a": {"b": [1]}}`, "filterPolicyScope": "MessageBody"},
		diff:    map[string]string{"filterPolicy": "ADD", "filterPolicyScope": "UPDATE"},
		replace: map[string]any{"endpoint": "arn:aws:lambda:us-east-1:000000000000:function:g"}, replaces: []string{"endpoint"},
		drift: func(c cloudUnderTest, m made) error {
			s, err := c.services.SNS.Subscription(m.id)
			if err != nil {
				return err
			}
			s.FilterPolicy, s.RedrivePolicy = `{"a":{"b":[2]}}`, `{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:q"}`
			_, err = c.services.SNS.UpdateSubscription(s)
			return err
		},
		seen: []string{"filterPolicy"},
	}}
}

func topicPolicyOf(action string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"sns:` + action + `","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}`
}
