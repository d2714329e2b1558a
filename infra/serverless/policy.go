package serverless

// policy is an IAM policy document. Its members marshal in this order.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
type policy struct {
	Version   string
	Statement []statement
}

type statement struct {
	Effect    string
	Principal *principal `json:",omitempty"` // of a trust policy
	Action    []string
	Resource  []string `json:",omitempty"` // of an identity policy
}

type principal struct {
	Service string
}

// allow makes a policy of one statement.
func allow(s statement) policy {
	s.Effect = "Allow"
	return policy{Version: "2012-10-17", Statement: []statement{s}}
}
