package policy

import "slices"

// Waiver lets resources not keep a rule.
type Waiver struct {
	Control string   // the first of the rule's
	Stacks  []string // where it holds
	Reason  string
}

// Waivers are all there are.
func Waivers() []Waiver {
	all, cheap := []string{"local", "dev", "staging", "prod"}, []string{"local", "dev"}
	return []Waiver{
		{"CKV_AWS_117", all, "The functions talk to SNS, SQS and CloudWatch only, over TLS and with their roles' credentials. In a VPC they would need NAT or endpoints, and gain no protection."},
		{"CKV_AWS_272", all, "Archives are built from the commit by the program that deploys them, in the same run, and are byte for byte reproducible. A signature would be made by the same role that could replace it."},
		{"CKV_AWS_173", cheap, "Environment variables hold names and ARNs, never secrets (CKV_AWS_45), and Lambda encrypts them with a key of its own. tally:encryption customer gives them the stack's."},
		{"CKV_AWS_158", cheap, "CloudWatch Logs encrypts every group with a key of its own. tally:encryption customer gives them the stack's."},
		{"CKV_AWS_115", []string{"dev"}, "A new account has few invocations at the same time, and AWS lets none of them be reserved."},
		{"APIGateway.8", cheap, "Trying things with curl must work as it is. The configuration says so twice, by tally:auth none and tally:allowPublic true."},
		{"CloudWatch.16", []string{"local", "dev", "staging"}, "Nothing that happens here has to be proved a year later. prod keeps its logs for 365 days."},
	}
}

// waiver is the one for that rule in that stack, or nil.
func waiver(stack string, rule Rule) *Waiver {
	for _, w := range Waivers() {
		if w.Control == rule.Controls[0] && slices.Contains(w.Stacks, stack) {
			return &w
		}
	}
	return nil
}
