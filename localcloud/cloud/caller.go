package cloud

import "time"

// Caller is who asks for something: exactly one of a user or role session of
// the account, or an AWS service acting for one of its resources. The zero
// Caller is nobody: an unsigned request.
type Caller struct {
	// ARN of the user ("arn:aws:iam::…:user/developer") or of the role session
	// ("arn:aws:sts::…:assumed-role/role/session"). Zero for a service.
	ARN ARN
	// UserID is what sts:GetCallerIdentity calls UserId: "AIDA…" for a user,
	// "AROA…:session" for a role session.
	UserID string
	// Role is the name of the role behind a role session, without its path.
	Role string
	// Issued is when the temporary credentials of a role session were issued.
	Issued time.Time
	// SourceFunction is the function whose code has those credentials; it becomes
	// lambda:SourceFunctionArn. Zero for other sessions, and for requests that
	// Lambda itself makes with the role of a function.
	SourceFunction ARN
	// Administrator marks the developer's own keys: no identity policy limits
	// them.
	Administrator bool

	// Service is the principal of an AWS service ("sns.amazonaws.com").
	Service string
	// SourceARN is the resource on whose behalf that service calls; it becomes
	// aws:SourceArn and its account aws:SourceAccount.
	SourceARN ARN
}

// Nobody tells whether the request came without a signature.
func (c Caller) Nobody() bool { return c.ARN == (ARN{}) && c.Service == "" }

// String is how AWS names the caller in its messages.
func (c Caller) String() string {
	if c.Service != "" {
		return c.Service
	}
	return c.ARN.String()
}

// Credentials are temporary credentials of a role session.
type Credentials struct {
	AccessKeyID     string // "ASIA…"
	SecretAccessKey string
	SessionToken    string
	Caller          Caller
}
