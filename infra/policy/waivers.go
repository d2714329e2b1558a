package policy

import "slices"

// Waiver exempts stacks from a rule.
type Waiver struct {
	Control string   // the first of the rule's Controls
	Stacks  []string // the names of the exempt stacks
	Reason  string
}

// Waivers returns every waiver.
func Waivers() []Waiver {
	all, cheap := []string{"local", "dev", "staging", "prod"}, []string{"local", "dev"}
	return []Waiver{
		{"CKV_AWS_117", all, "The functions use only SNS, SQS, DynamoDB and CloudWatch, over TLS and with their roles' credentials. In a VPC they would need a NAT gateway or VPC endpoints, and gain no protection."},
		{"CKV_AWS_272", all, "The program that deploys the archives builds them from the commit in the same run, byte-for-byte reproducibly. A signature would add nothing: the role that signs could also replace the archive."},
		{"CKV_AWS_173", cheap, "Environment variables hold names and ARNs, never secrets (CKV_AWS_45), and Lambda encrypts them with a key that AWS manages. Set tally:encryption to customer to use the stack's key."},
		{"CKV_AWS_158", cheap, "CloudWatch Logs encrypts every log group with a key that AWS manages. Set tally:encryption to customer to use the stack's key."},
		{"CKV_AWS_119", cheap, "DynamoDB encrypts every table with a key that it owns. Set tally:encryption to customer to use the stack's key."},
		{"DynamoDB.4", all, "Point-in-time recovery restores every second of the last 35 days (DynamoDB.2). A sum is meant to be forgotten after tally:sumsRetentionDays, and backups would retain it."},
		{"DynamoDB.6", []string{"local", "dev", "staging"}, "These stacks must be easy to remove. Set tally:protect to true to protect the table; prod does."},
		{"CKV_AWS_115", []string{"dev"}, "The concurrency limit of a new account is so low that AWS allows none of it to be reserved."},
		{"APIGateway.8", cheap, "The API must be usable with curl without any setup. The configuration opts in twice, with tally:auth none and tally:allowPublic true."},
		{"CloudWatch.15", []string{"local", "dev", "staging"}, "Nobody is on call for these stacks. Set tally:alarmEmail or tally:alarmWebhook to be told about their alarms; prod requires one of them."},
		{"TALLY.5", []string{"local"}, "Only the developer deploys to the local cloud, and may do everything there."},
		{"TALLY.5", []string{"dev", "staging", "prod"}, "The committed configurations name no account, and so no policy in it. docs/aws.md describes how to create the policy and to set tally:permissionsBoundary; the tests then ask to remove the stack from this waiver."},
		{"CloudWatch.16", []string{"local", "dev", "staging"}, "Nobody audits the events of these stacks a year later. prod retains its logs for 365 days."},
	}
}

// waiver returns the waiver that exempts the stack from the rule, or nil.
func waiver(stack string, rule Rule) *Waiver {
	for _, w := range Waivers() {
		if w.Control == rule.Controls[0] && slices.Contains(w.Stacks, stack) {
			return &w
		}
	}
	return nil
}
