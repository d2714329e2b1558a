package policy

import "slices"

// Waiver exempts the resources of some stacks from a rule.
type Waiver struct {
	Control string   // the rule's first
	Stacks  []string // that are exempt
	Reason  string
}

// Waivers returns all waivers.
func Waivers() []Waiver {
	all, cheap := []string{"local", "dev", "staging", "prod"}, []string{"local", "dev"}
	return []Waiver{
		{"CKV_AWS_117", all, "The functions talk to SNS, SQS and CloudWatch only, over TLS and with their roles' credentials. In a VPC they would need NAT or endpoints, and gain no protection."},
		{"CKV_AWS_272", all, "Archives are built from the commit by the program that deploys them, in the same run, and are byte for byte reproducible. The role that would sign them is the one that could replace them."},
		{"CKV_AWS_173", cheap, "Environment variables hold names and ARNs, never secrets (CKV_AWS_45), and Lambda encrypts them with a key of its own. With tally:encryption customer, the stack's key encrypts them."},
		{"CKV_AWS_158", cheap, "CloudWatch Logs encrypts every group with a key of its own. With tally:encryption customer, the stack's key encrypts them."},
		{"CKV_AWS_115", []string{"dev"}, "A new account has a low limit of concurrent invocations, and AWS does not allow any of them to be reserved."},
		{"APIGateway.8", cheap, "Trying things with curl must work as it is. The configuration has to say so twice: tally:auth none and tally:allowPublic true."},
		{"CloudWatch.16", []string{"local", "dev", "staging"}, "Nobody has to prove a year later what happened here. prod keeps its logs for 365 days."},
	}
}

// waiver returns the one for a rule in a stack, or nil.
func waiver(stack string, rule Rule) *Waiver {
	for _, w := range Waivers() {
		if w.Control == rule.Controls[0] && slices.Contains(w.Stacks, stack) {
			return &w
		}
	}
	return nil
}
