package gateway

import (
	"cmp"
	"maps"
	"net/http"

	"tally/localcloud/cloud"
	"tally/localcloud/lambda"
)

// changeOperations are the operations that create and change functions.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html
func changeOperations() operations {
	const all = "/2015-03-31/functions"
	const one = all + "/{FunctionName}"
	return operations{
		"CreateFunction":              authorized("lambda:CreateFunction", newFunction, createFunction).at("POST " + all),
		"UpdateFunctionCode":          onFunction("lambda:UpdateFunctionCode", updateCode).at("PUT " + one + "/code"),
		"UpdateFunctionConfiguration": onFunction("lambda:UpdateFunctionConfiguration", updateConfiguration).at("PUT " + one + "/configuration"),
		"PublishVersion":              onFunction("lambda:PublishVersion", publishVersion).at("POST " + one + "/versions"),
		"CreateAlias":                 onFunction("lambda:CreateAlias", createAlias).at("POST " + one + "/aliases"),
		"DeleteAlias":                 onFunction("lambda:DeleteAlias", deleteAlias).at("DELETE " + one + "/aliases/{Name}"),
	}
}

// functionSettings are the members that configure a function.
type functionSettings struct {
	DeadLetterConfig *deadLetterConfig
	Description      *string
	Environment      *variables
	EphemeralStorage *struct{ Size int }
	Handler          *string
	KMSKeyARN        *string `json:"KMSKeyArn"`
	LoggingConfig    *struct {
		ApplicationLogLevel, LogFormat, LogGroup, SystemLogLevel *string
	}
	MemorySize    *int
	Role          *string
	Runtime       *string
	Timeout       *int
	TracingConfig *struct{ Mode string }
}

// apply changes what the settings contain.
func (s functionSettings) apply(c *lambda.Config) {
	set(&c.Description, s.Description)
	set(&c.Handler, s.Handler)
	set(&c.KMSKeyARN, s.KMSKeyARN)
	set(&c.MemoryMB, s.MemorySize)
	set(&c.Role, s.Role)
	set(&c.Runtime, s.Runtime)
	set(&c.TimeoutSeconds, s.Timeout)
	if s.DeadLetterConfig != nil {
		c.DeadLetterTargetARN = s.DeadLetterConfig.TargetARN
	}
	if s.Environment != nil {
		c.Environment = s.Environment.Variables
	}
	if s.EphemeralStorage != nil {
		c.EphemeralMB = s.EphemeralStorage.Size
	}
	if s.TracingConfig != nil {
		c.TracingMode = s.TracingConfig.Mode
	}
	if l := s.LoggingConfig; l != nil {
		if l.LogFormat != nil && *l.LogFormat != "JSON" {
			c.ApplicationLogLevel, c.SystemLogLevel = "", "" // only JSON has levels
		}
		set(&c.LogFormat, l.LogFormat)
		set(&c.LogGroup, l.LogGroup)
		set(&c.ApplicationLogLevel, l.ApplicationLogLevel)
		set(&c.SystemLogLevel, l.SystemLogLevel)
	}
}

// check refuses zero values, which stand for defaults in a lambda.Config.
func (s functionSettings) check() error {
	number := func(n *int, check func(int) error) error {
		if n == nil {
			return nil
		}
		return check(*n)
	}
	var size *int
	if s.EphemeralStorage != nil {
		size = &s.EphemeralStorage.Size
	}
	return cmp.Or(number(s.MemorySize, lambda.CheckMemorySize), number(s.Timeout, lambda.CheckTimeout), number(size, lambda.CheckEphemeralStorage))
}

// passRole checks that the caller may pass the role to a service.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
func (c *call) passRole(role, service string) error {
	return c.authorize("iam:PassRole", target{resource: role, context: map[string][]string{"iam:PassedToService": {service}}})
}

const lambdaService = "lambda.amazonaws.com"

// inProgress describes a function that was changed. On AWS, the change takes a while, so the
// description says that it is in progress.
func inProgress(f lambda.Function) configuration {
	c := configurationOf(f, f.ARN)
	c.LastUpdateStatus, c.LastUpdateStatusReason, c.LastUpdateStatusReasonCode = "InProgress", beingCreated, "Creating"
	return c
}

const beingCreated = "The function is being created."

type createFunctionInput struct {
	Function struct {
		functionSettings
		Architectures []string
		Code          struct{ ZipFile []byte }
		FunctionName  string
		PackageType   string
		Publish       bool
		Tags          map[string]string
	} `payload:"json"`
}

// newFunction is the target of CreateFunction.
func newFunction(c *call, in createFunctionInput) (target, error) {
	name := in.Function.FunctionName
	if f, err := c.Lambda.Resolve(name, ""); err == nil {
		name = f.Name
	}
	return target{resource: c.place.ARN("lambda", "function:"+name).String(), context: requestTags(in.Function.Tags)}, nil
}

// https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-tags.html#permissions-required-for-working-with-tags-cli
func createFunction(c *call, in createFunctionInput) (any, error) {
	w := in.Function
	if w.PackageType != "" && w.PackageType != "Zip" {
		return nil, constraint(w.PackageType, "packageType", "[Zip]")
	}
	name, err := c.Lambda.Resolve(w.FunctionName, "")
	if err == nil {
		err = w.check()
	}
	if err != nil {
		return nil, err
	}
	config := lambda.Config{Name: name.Name, Architectures: w.Architectures, ReservedConcurrency: -1, Tags: w.Tags}
	w.apply(&config)
	if err := cmp.Or(lambda.Validate(config), c.passRole(config.Role, lambdaService), c.tagNew("lambda:TagResource", c.place.ARN("lambda", "function:"+name.Name).String(), w.Tags)); err != nil {
		return nil, err
	}
	f, err := c.Lambda.CreateFunction(config, w.Code.ZipFile)
	if err == nil && w.Publish {
		f, err = c.Lambda.PublishVersion(f.Name, "", "")
	}
	if err != nil {
		return nil, err
	}
	d := configurationOf(f, f.ARN)
	d.State, d.StateReason, d.StateReasonCode = "Pending", beingCreated, "Creating"
	return jsonResponse(http.StatusCreated, "application/json", d)
}

type updateCodeInput struct {
	FunctionName string `path:"FunctionName"`
	Code         struct {
		Architectures []string
		DryRun        bool
		Publish       bool
		RevisionID    string `json:"RevisionId"`
		ZipFile       []byte
	} `payload:"json"`
}

func (in updateCodeInput) function() (name, qualifier string) { return in.FunctionName, "" }

// https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionCode.html
func updateCode(c *call, f lambda.Reference, in updateCodeInput) (any, error) {
	w := in.Code
	if w.DryRun {
		found, err := c.Lambda.Function(f.Name)
		return configurationOf(found, found.ARN), cmp.Or(err, c.Lambda.CheckRevision(lambda.Reference{Name: f.Name, ARN: found.ARN}, w.RevisionID))
	}
	zip := w.ZipFile
	if zip == nil {
		zip = []byte{} // nil would mean to retain the code
	}
	changed, err := c.Lambda.EditFunction(f.Name, w.RevisionID, zip, func(config *lambda.Config) {
		if len(w.Architectures) > 0 {
			config.Architectures = w.Architectures
		}
	})
	if err != nil || !w.Publish {
		return inProgress(changed), err
	}
	published, err := c.Lambda.PublishVersion(f.Name, "", "")
	return inProgressVersion(published), err
}

// inProgressVersion describes a version that was published with a change.
func inProgressVersion(f lambda.Function) configuration {
	c := inProgress(f)
	c.FunctionArn = f.QualifiedARN()
	return c
}

type updateConfigurationInput struct {
	FunctionName string `path:"FunctionName"`
	Changes      struct {
		functionSettings
		RevisionID string `json:"RevisionId"`
	} `payload:"json"`
}

func (in updateConfigurationInput) function() (name, qualifier string) { return in.FunctionName, "" }

// https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionConfiguration.html
func updateConfiguration(c *call, f lambda.Reference, in updateConfigurationInput) (any, error) {
	w := in.Changes
	if err := w.check(); err != nil {
		return nil, err
	}
	old, err := c.Lambda.Function(f.Name)
	if err != nil {
		return nil, err
	}
	if w.Role != nil && *w.Role != old.Role {
		if err := cmp.Or(lambda.CheckRole(*w.Role), c.passRole(*w.Role, lambdaService)); err != nil {
			return nil, err
		}
	}
	changed, err := c.Lambda.EditFunction(f.Name, w.RevisionID, nil, w.apply)
	return inProgress(changed), err
}

type publishVersionInput struct {
	FunctionName string `path:"FunctionName"`
	Version      struct {
		CodeSha256  string
		Description string
		RevisionID  string `json:"RevisionId"`
	} `payload:"json"`
}

func (in publishVersionInput) function() (name, qualifier string) { return in.FunctionName, "" }

// https://docs.aws.amazon.com/lambda/latest/api/API_PublishVersion.html
func publishVersion(c *call, f lambda.Reference, in publishVersionInput) (any, error) {
	w := in.Version
	if err := c.Lambda.CheckRevision(lambda.Reference{Name: f.Name, ARN: f.ARN}, w.RevisionID); err != nil {
		return nil, err
	}
	v, err := c.Lambda.PublishVersion(f.Name, w.Description, w.CodeSha256)
	if err != nil {
		return nil, err
	}
	return jsonResponse(http.StatusCreated, "application/json", configurationOf(v, v.QualifiedARN()))
}

type createAliasInput struct {
	FunctionName string `path:"FunctionName"`
	Alias        struct {
		Description     string
		FunctionVersion string
		Name            string
		RoutingConfig   *routingConfig
	} `payload:"json"`
}

func (in createAliasInput) function() (name, qualifier string) { return in.FunctionName, "" }

// https://docs.aws.amazon.com/lambda/latest/api/API_CreateAlias.html
func createAlias(c *call, f lambda.Reference, in createAliasInput) (any, error) {
	w := in.Alias
	a := lambda.Alias{Function: f.Name, Name: w.Name, Version: w.FunctionVersion, Description: w.Description}
	if w.RoutingConfig != nil {
		a.AdditionalVersionWeights = maps.Clone(w.RoutingConfig.AdditionalVersionWeights)
	}
	a, err := c.Lambda.CreateAlias(a)
	if err != nil {
		return nil, err
	}
	return jsonResponse(http.StatusCreated, "application/json", describeAlias(a))
}

// deleteAlias deletes an alias. As on AWS, it is no error if the function does not have it.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_DeleteAlias.html
func deleteAlias(c *call, f lambda.Reference, in aliasInput) (any, error) {
	err := c.Lambda.DeleteAlias(f.Name, in.Name)
	if _, missing := c.Lambda.Function(f.Name); missing == nil && cloud.ErrorCode(err) == "ResourceNotFoundException" {
		err = nil
	}
	return response{status: http.StatusNoContent}, err
}
