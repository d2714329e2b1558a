package gateway

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"tally/localcloud/lambda"
)

type listVersionsInput struct {
	FunctionName string `path:"FunctionName"`
	Marker       string
	MaxItems     *int
}

func (in listVersionsInput) function() (name, qualifier string) { return in.FunctionName, "" }

func listVersions(c *call, f lambda.Reference, in listVersionsInput) (any, error) {
	versions, err := c.Lambda.Versions(f.Name)
	if err != nil {
		return nil, err
	}
	versions, next, err := lambdaPage(versions, in.Marker, in.MaxItems, versionKey)
	if err != nil {
		return nil, err
	}
	out := struct {
		NextMarker string `json:",omitempty"`
		Versions   []configuration
	}{next, []configuration{}}
	for _, v := range versions {
		out.Versions = append(out.Versions, configurationOf(v, v.QualifiedARN()))
	}
	return out, nil
}

// versionKey orders versions by number, after $LATEST.
func versionKey(f lambda.Function) string {
	n, err := strconv.Atoi(f.Version)
	if err != nil {
		return f.Version
	}
	return fmt.Sprintf("%010d", n)
}

// aliasConfiguration is Lambda's description of an alias.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_AliasConfiguration.html
type aliasConfiguration struct {
	AliasARN        string `json:"AliasArn"`
	Description     string
	FunctionVersion string
	Name            string
	RevisionID      string         `json:"RevisionId"`
	RoutingConfig   *routingConfig `json:",omitempty"`
}

type routingConfig struct{ AdditionalVersionWeights map[string]float64 }

func describeAlias(a lambda.Alias) aliasConfiguration {
	d := aliasConfiguration{a.ARN, a.Description, a.Version, a.Name, a.RevisionID, nil}
	if len(a.AdditionalVersionWeights) > 0 {
		d.RoutingConfig = &routingConfig{a.AdditionalVersionWeights}
	}
	return d
}

type aliasInput struct {
	FunctionName string `path:"FunctionName"`
	Name         string `path:"Name"`
}

func (in aliasInput) function() (name, qualifier string) { return in.FunctionName, in.Name }

func getAlias(c *call, f lambda.Reference, _ aliasInput) (any, error) {
	a, err := c.Lambda.Alias(f.Name, f.Qualifier)
	return describeAlias(a), err
}

type updateAliasInput struct {
	FunctionName string `path:"FunctionName"`
	Name         string `path:"Name"`
	Changes      struct {
		Description     *string
		FunctionVersion string
		RevisionID      string `json:"RevisionId"`
		RoutingConfig   *routingConfig
	} `payload:"json"`
}

func (in updateAliasInput) function() (name, qualifier string) { return in.FunctionName, in.Name }

// updateAlias changes what the request contains. Without a revision in the request,
// the one that is read serves to notice a change in between.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_UpdateAlias.html
func updateAlias(c *call, f lambda.Reference, in updateAliasInput) (any, error) {
	a, err := c.Lambda.Alias(f.Name, f.Qualifier)
	if err != nil {
		return nil, err
	}
	if in.Changes.Description != nil {
		a.Description = *in.Changes.Description
	}
	if in.Changes.RoutingConfig != nil {
		a.AdditionalVersionWeights = in.Changes.RoutingConfig.AdditionalVersionWeights
	}
	a.Version = cmp.Or(in.Changes.FunctionVersion, a.Version)
	a.RevisionID = cmp.Or(in.Changes.RevisionID, a.RevisionID)
	a, err = c.Lambda.UpdateAlias(a)
	return describeAlias(a), err
}

type listAliasesInput struct {
	FunctionName    string `path:"FunctionName"`
	Marker          string
	MaxItems        *int
	FunctionVersion string
}

func (in listAliasesInput) function() (name, qualifier string) { return in.FunctionName, "" }

func listAliases(c *call, f lambda.Reference, in listAliasesInput) (any, error) {
	aliases, err := c.Lambda.Aliases(f.Name)
	if err != nil {
		return nil, err
	}
	if in.FunctionVersion != "" {
		aliases = slices.DeleteFunc(slices.Clone(aliases), func(a lambda.Alias) bool { return a.Version != in.FunctionVersion })
	}
	aliases, next, err := lambdaPage(aliases, in.Marker, in.MaxItems, func(a lambda.Alias) string { return a.Name })
	if err != nil {
		return nil, err
	}
	out := struct {
		Aliases    []aliasConfiguration
		NextMarker string `json:",omitempty"`
	}{[]aliasConfiguration{}, next}
	for _, a := range aliases {
		out.Aliases = append(out.Aliases, describeAlias(a))
	}
	return out, nil
}

// https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionEventInvokeConfig.html
func getEventInvokeConfig(c *call, f lambda.Reference, _ functionInput) (any, error) {
	config, err := c.Lambda.EventInvokeConfig(f.Name, f.Qualifier)
	return c.describeEventInvokeConfig(config), err
}

// eventInvokeConfiguration is Lambda's description of a configuration of asynchronous
// invocations.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_FunctionEventInvokeConfig.html
type eventInvokeConfiguration struct {
	DestinationConfig        destinationConfig
	FunctionARN              string `json:"FunctionArn"`
	LastModified             instant
	MaximumEventAgeInSeconds int `json:",omitempty"`
	MaximumRetryAttempts     int
}

func (c *call) describeEventInvokeConfig(config lambda.EventInvokeConfig) eventInvokeConfiguration {
	d := eventInvokeConfiguration{
		FunctionARN:              c.place.ARN("lambda", "function:"+config.Function+":"+cmp.Or(config.Qualifier, "$LATEST")).String(),
		LastModified:             instant{config.LastModified},
		MaximumEventAgeInSeconds: config.MaxEventAgeSeconds, MaximumRetryAttempts: config.MaxRetryAttempts,
	}
	d.DestinationConfig.OnSuccess.Destination = config.OnSuccess
	d.DestinationConfig.OnFailure.Destination = config.OnFailure
	return d
}

type concurrencyInput struct {
	FunctionName string `path:"FunctionName"`
}

func (in concurrencyInput) function() (name, qualifier string) { return in.FunctionName, "" }

func getConcurrency(c *call, f lambda.Reference, _ concurrencyInput) (any, error) {
	found, err := c.Lambda.Function(f.Name)
	if err != nil {
		return nil, err
	}
	var out struct {
		ReservedConcurrentExecutions *int `json:",omitempty"`
	}
	if found.ReservedConcurrency >= 0 {
		out.ReservedConcurrentExecutions = &found.ReservedConcurrency
	}
	return out, nil
}
