package gateway

const (
	stsVersion   = "2011-06-15"
	stsNamespace = "https://sts.amazonaws.com/doc/2011-06-15/"
)

// https://docs.aws.amazon.com/STS/latest/APIReference/API_Operations.html
func stsOperations() operations {
	return operations{
		// "No permissions are required to perform this operation":
		// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
		"GetCallerIdentity": openToAll(getCallerIdentity),
		"AssumeRole":        authorizedByService("sts:AssumeRole", assumeRole),
	}
}

func getCallerIdentity(c *call, _ struct{}) (any, error) {
	return struct {
		ARN     string `xml:"Arn"`
		UserID  string `xml:"UserId"`
		Account string
	}{c.caller.ARN.String(), c.caller.UserID, c.place.Account}, nil
}
