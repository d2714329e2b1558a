package cloud

import "time"

// Caller is the identity that makes a request: a user or role session of the
// account, or an AWS service that acts on behalf of a resource. The zero Caller
// is anonymous: its request was not signed.
type Caller struct {
	// ARN of the user ("arn:aws:iam::…:user/developer") or of the role session
	// ("arn:aws:sts::…:assumed-role/role/session"). Zero for a service.
	ARN ARN
	// UserID is the UserId that sts:GetCallerIdentity returns: "AIDA…" for a
	// user, "AROA…:session" for a role session.
	UserID string
	// Role is the name of a role session's role, without its path.
	Role string
	// Issued is when the temporary credentials of a role session were issued.
	Issued time.Time
	// SourceFunction is the function whose code uses the role session. It is the
	// value of the condition key lambda:SourceFunctionArn. It is zero for other
	// sessions and for requests that Lambda itself makes with a function's role.
	SourceFunction ARN
	// SessionPolicy limits what a role session may do, as JSON; "" does not.
	SessionPolicy string
	// Administrator is set for the developer's own keys, which no identity
	// policy restricts.
	Administrator bool

	// Service is the principal of an AWS service ("sns.amazonaws.com").
	Service string
	// SourceARN is the resource on whose behalf the service makes the request. It
	// is the value of aws:SourceArn, and its account is that of aws:SourceAccount.
	SourceARN ARN
}

// Anonymous reports whether the request was unsigned.
func (c Caller) Anonymous() bool { return c.ARN == (ARN{}) && c.Service == "" }

// String returns the caller's name as AWS writes it in error messages.
func (c Caller) String() string {
	switch {
	case c.Service != "":
		return c.Service
	case c.Anonymous():
		return "anonymous"
	}
	return c.ARN.String()
}

// Credentials are temporary credentials of a role session.
type Credentials struct {
	AccessKeyID     string // "ASIA…"
	SecretAccessKey string
	SessionToken    string
	Expires         time.Time // zero if they do not
	Caller          Caller
}
