package serverless

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// newKey creates the environment's key. The topic of alarms always needs it,
// because CloudWatch cannot publish to a topic that a key of AWS's encrypts.
//
// https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services
func (e *Environment) newKey() error {
	name := e.child("key")
	key, err := kms.NewKey(e.ctx, name, &kms.KeyArgs{
		Description:          pulumi.String("Data at rest of " + e.physical("")),
		EnableKeyRotation:    pulumi.Bool(true),
		DeletionWindowInDays: pulumi.Int(30),
		Policy:               document(e.keyStatements()...),
		Tags:                 e.tags,
	}, append(e.protected(e), pulumi.Provider(e.provider))...)
	if err != nil {
		return err
	}
	e.key = key.Arn
	_, err = kms.NewAlias(e.ctx, name, &kms.AliasArgs{
		Name:        pulumi.String("alias/" + e.physical("")),
		TargetKeyId: key.KeyId,
	}, e.own()...)
	return err
}

// keyStatements returns the statements of the key's policy. They leave the use
// of the key to the account's identity policies and allow the services that use
// it without an identity in the account.
func (e *Environment) keyStatements() []statement {
	// In a key policy, "*" means the key to which the policy is attached.
	itself := []pulumi.StringInput{pulumi.String("*")}
	use := func(principal pulumi.Input, condition pulumi.Map) statement {
		return statement{Principal: principal, Action: []string{"kms:Decrypt", "kms:GenerateDataKey*"}, Resource: itself, Condition: condition}
	}
	ours := pulumi.Map{"StringEquals": pulumi.StringMap{"aws:SourceAccount": e.account}}
	statements := []statement{
		{Principal: principal(e.root), Action: []string{"kms:*"}, Resource: itself},
		use(service("cloudwatch.amazonaws.com"), ours),
	}
	if !e.args.CustomerKey {
		return statements
	}
	logs := use(pulumi.StringMap{"Service": pulumi.Sprintf("logs.%s.amazonaws.com", e.region)}, pulumi.Map{"ArnLike": pulumi.StringMap{
		"kms:EncryptionContext:aws:logs:arn": pulumi.Sprintf("arn:aws*:logs:%s:%s:log-group:*", e.region, e.account)}})
	logs.Action = append(logs.Action, "kms:Encrypt", "kms:ReEncrypt*", "kms:DescribeKey")
	return append(statements, use(service("sns.amazonaws.com"), ours), logs)
}

// customerKey returns the ARN of the environment's key if that key encrypts all
// data, or nil.
func (e *Environment) customerKey() pulumi.StringPtrInput {
	if !e.args.CustomerKey {
		return nil
	}
	return e.key
}
