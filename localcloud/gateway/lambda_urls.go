package gateway

import (
	"net/http"
	"time"

	"tally/localcloud/lambda"
)

// urlOperations are the operations on the URLs of functions.
//
// https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html
func urlOperations() operations {
	const one = "/2021-10-31/functions/{FunctionName}/url"
	return operations{
		"CreateFunctionUrlConfig": authorized("lambda:CreateFunctionUrlConfig", newURL, createURL).at("POST " + one),
		"GetFunctionUrlConfig":    authorized("lambda:GetFunctionUrlConfig", oldURL, getURL).at("GET " + one),
		"UpdateFunctionUrlConfig": authorized("lambda:UpdateFunctionUrlConfig", newURL, updateURL).at("PUT " + one),
		"DeleteFunctionUrlConfig": authorized("lambda:DeleteFunctionUrlConfig", oldURL, deleteURL).at("DELETE " + one),
		"ListFunctionUrlConfigs":  onFunction("lambda:ListFunctionUrlConfigs", listURLs).at("GET " + one + "s"),
	}
}

// urlAuthType is the condition key for the authorization type of a URL.
const urlAuthType = "lambda:FunctionUrlAuthType"

type urlInput struct {
	FunctionName string `path:"FunctionName"`
	Qualifier    string
}

func (in urlInput) function() (name, qualifier string) { return in.FunctionName, in.Qualifier }

type urlConfigInput struct {
	FunctionName string `path:"FunctionName"`
	Qualifier    string
	Config       struct {
		AuthType   *string
		Cors       *corsConfig
		InvokeMode *string
	} `payload:"json"`
}

func (in urlConfigInput) function() (name, qualifier string) { return in.FunctionName, in.Qualifier }

// edit changes what the request contains.
func (in urlConfigInput) edit(u *lambda.FunctionURL) {
	set(&u.AuthType, in.Config.AuthType)
	set(&u.InvokeMode, in.Config.InvokeMode)
	if c := in.Config.Cors; c != nil {
		u.CORS = &lambda.CORS{
			AllowOrigins: c.AllowOrigins, AllowMethods: c.AllowMethods, AllowHeaders: c.AllowHeaders, ExposeHeaders: c.ExposeHeaders,
			AllowCredentials: c.AllowCredentials, MaxAgeSeconds: c.MaxAge,
		}
	}
}

// newURL is the target of an operation that sets the authorization type of a URL, which a
// policy can limit.
func newURL(c *call, in urlConfigInput) (target, error) {
	t, err := functionTarget(c, in)
	if in.Config.AuthType != nil {
		t.context = map[string][]string{urlAuthType: {*in.Config.AuthType}}
	}
	return t, err
}

// oldURL is the target of an operation on an existing URL.
func oldURL(c *call, in urlInput) (target, error) {
	t, err := functionTarget(c, in)
	if u, err := c.Lambda.FunctionURL(in.function()); err == nil {
		t.context = map[string][]string{urlAuthType: {u.AuthType}}
	}
	return t, err
}

// https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunctionUrlConfig.html
func createURL(c *call, in urlConfigInput) (any, error) {
	u := lambda.FunctionURL{Function: in.FunctionName, Qualifier: in.Qualifier}
	in.edit(&u)
	u, err := c.Lambda.CreateFunctionURL(u)
	if err != nil {
		return nil, err
	}
	return jsonResponse(http.StatusCreated, "application/json", describeURL(u))
}

// https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionUrlConfig.html
func getURL(c *call, in urlInput) (any, error) {
	u, err := c.Lambda.FunctionURL(in.function())
	return describeURL(u), err
}

// https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionUrlConfig.html
func updateURL(c *call, in urlConfigInput) (any, error) {
	u, err := c.Lambda.EditFunctionURL(in.FunctionName, in.Qualifier, in.edit)
	return describeURL(u), err
}

// https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunctionUrlConfig.html
func deleteURL(c *call, in urlInput) (any, error) {
	return response{status: http.StatusNoContent}, c.Lambda.DeleteFunctionURL(in.function())
}

// https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctionUrlConfigs.html
func listURLs(c *call, f lambda.Reference, in listVersionsInput) (any, error) {
	all, err := c.Lambda.FunctionURLs(f.Name)
	if err != nil {
		return nil, err
	}
	urls, next, err := lambdaPage(all, in.Marker, in.MaxItems, func(u lambda.FunctionURL) string { return u.ARN })
	return struct {
		FunctionURLConfigs []urlConfiguration `json:"FunctionUrlConfigs"`
		NextMarker         string             `json:",omitempty"`
	}{listOf(urls, describeURL), next}, err
}

// corsConfig is the CORS configuration of a URL.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_Cors.html
type corsConfig struct {
	AllowCredentials bool     `json:",omitempty"`
	AllowHeaders     []string `json:",omitempty"`
	AllowMethods     []string `json:",omitempty"`
	AllowOrigins     []string `json:",omitempty"`
	ExposeHeaders    []string `json:",omitempty"`
	MaxAge           int      `json:",omitempty"`
}

// urlConfiguration is Lambda's description of a URL.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_FunctionUrlConfig.html
type urlConfiguration struct {
	AuthType         string
	Cors             *corsConfig `json:",omitempty"`
	CreationTime     string
	FunctionArn      string
	FunctionURL      string `json:"FunctionUrl"`
	InvokeMode       string
	LastModifiedTime string
}

func describeURL(u lambda.FunctionURL) urlConfiguration {
	c := urlConfiguration{
		AuthType: u.AuthType, CreationTime: u.Created.Format(time.RFC3339Nano), FunctionArn: u.ARN, FunctionURL: u.Address(),
		InvokeMode: u.InvokeMode, LastModifiedTime: u.Modified.Format(time.RFC3339Nano),
	}
	if cors := u.CORS; cors != nil {
		c.Cors = &corsConfig{
			AllowCredentials: cors.AllowCredentials, AllowHeaders: cors.AllowHeaders, AllowMethods: cors.AllowMethods, AllowOrigins: cors.AllowOrigins,
			ExposeHeaders: cors.ExposeHeaders, MaxAge: cors.MaxAgeSeconds,
		}
	}
	return c
}
