package gateway

const (
	stsVersion   = "2011-06-15"
	stsNamespace = "https://sts.amazonaws.com/doc/2011-06-15/"
)

// https://docs.aws.amazon.com/STS/latest/APIReference/API_Operations.html
func stsOperations() map[string]queryOperation {
	return map[string]queryOperation{
		"GetCallerIdentity": {run: getCallerIdentity},
	}
}

// getCallerIdentity needs no permission: everybody may know who they are.
func getCallerIdentity(c *call, _ form) (any, error) {
	return struct {
		ARN     string `xml:"Arn"`
		UserID  string `xml:"UserId"`
		Account string
	}{c.caller.ARN.String(), c.caller.UserID, c.place.Account}, nil
}
