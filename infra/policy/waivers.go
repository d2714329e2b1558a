package policy

import "slices"

// Waiver lets resources not keep a rule.
type Waiver struct {
	Control string   // the first of the rule's
	Stacks  []string // where it holds; nil for everywhere
	Reason  string
}

// Waivers are all there are.
func Waivers() []Waiver {
	return []Waiver{
		{"CKV_AWS_117", nil, "The functions talk to SNS and CloudWatch only, over TLS and with their roles' credentials. In a VPC they would need NAT or endpoints, and gain no protection."},
		{"CKV_AWS_272", nil, "Archives are built from the commit by the program that deploys them, in the same run, and are byte for byte reproducible. A signature would be made by the same role that could replace it."},
		{"CKV_AWS_173", nil, "Environment variables hold names and ARNs, never secrets (CKV_AWS_45), and Lambda encrypts them with a key of its own."},
		{"CKV_AWS_158", nil, "CloudWatch Logs encrypts every group. A key of one's own is a monthly price and one more thing to lose logs by."},
		{"CloudWatch.16", []string{"local", "dev", "staging"}, "Nothing that happens here has to be proved a year later. prod keeps its logs for 365 days."},
	}
}

// waiver is the one for that rule in that stack, or nil.
func waiver(stack string, rule Rule) *Waiver {
	for _, w := range Waivers() {
		if w.Control == rule.Controls[0] && (w.Stacks == nil || slices.Contains(w.Stacks, stack)) {
			return &w
		}
	}
	return nil
}
