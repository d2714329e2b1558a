package gateway

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"tally/localcloud/lambda"
)

func listVersions(c *call, f lambda.Reference) (answer, error) {
	versions, err := c.Lambda.Versions(f.Name)
	if err != nil {
		return answer{}, err
	}
	versions, next, err := lambdaPage(c, versions, versionKey)
	if err != nil {
		return answer{}, err
	}
	out := struct {
		NextMarker string `json:",omitempty"`
		Versions   []configuration
	}{next, []configuration{}}
	for _, v := range versions {
		out.Versions = append(out.Versions, configurationOf(v, v.QualifiedARN()))
	}
	return asJSON(http.StatusOK, "application/json", out)
}

// versionKey orders versions by their number, behind $LATEST.
func versionKey(f lambda.Function) string {
	n, err := strconv.Atoi(f.Version)
	if err != nil {
		return f.Version
	}
	return fmt.Sprintf("%010d", n)
}

// aliasConfiguration is an alias as Lambda describes it.
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

func getAlias(c *call, f lambda.Reference) (answer, error) {
	a, err := c.Lambda.Alias(f.Name, f.Qualifier)
	if err != nil {
		return answer{}, err
	}
	return asJSON(http.StatusOK, "application/json", describeAlias(a))
}

func listAliases(c *call, f lambda.Reference) (answer, error) {
	aliases, err := c.Lambda.Aliases(f.Name)
	if err != nil {
		return answer{}, err
	}
	if version := c.URL.Query().Get("FunctionVersion"); version != "" {
		aliases = slices.DeleteFunc(slices.Clone(aliases), func(a lambda.Alias) bool { return a.Version != version })
	}
	aliases, next, err := lambdaPage(c, aliases, func(a lambda.Alias) string { return a.Name })
	if err != nil {
		return answer{}, err
	}
	out := struct {
		Aliases    []aliasConfiguration
		NextMarker string `json:",omitempty"`
	}{[]aliasConfiguration{}, next}
	for _, a := range aliases {
		out.Aliases = append(out.Aliases, describeAlias(a))
	}
	return asJSON(http.StatusOK, "application/json", out)
}

// https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionEventInvokeConfig.html
func getEventInvokeConfig(c *call, f lambda.Reference) (answer, error) {
	config, err := c.Lambda.EventInvokeConfig(f.Name, f.Qualifier)
	if err != nil {
		return answer{}, err
	}
	type destination struct {
		Destination string `json:",omitempty"`
	}
	out := struct {
		DestinationConfig        struct{ OnSuccess, OnFailure destination }
		FunctionARN              string  `json:"FunctionArn"`
		LastModified             float64 // seconds since 1970
		MaximumEventAgeInSeconds int     `json:",omitempty"`
		MaximumRetryAttempts     int
	}{
		FunctionARN:              c.place.ARN("lambda", "function:"+f.Name+":"+cmp.Or(f.Qualifier, "$LATEST")).String(),
		LastModified:             float64(config.LastModified.UnixMilli()) / 1000,
		MaximumEventAgeInSeconds: config.MaxEventAgeSeconds, MaximumRetryAttempts: config.MaxRetryAttempts,
	}
	out.DestinationConfig.OnSuccess.Destination = config.OnSuccess
	out.DestinationConfig.OnFailure.Destination = config.OnFailure
	return asJSON(http.StatusOK, "application/json", out)
}

func getConcurrency(c *call, f lambda.Reference) (answer, error) {
	found, err := c.Lambda.Function(f.Name)
	if err != nil {
		return answer{}, err
	}
	var out struct {
		ReservedConcurrentExecutions *int `json:",omitempty"`
	}
	if found.ReservedConcurrency >= 0 {
		out.ReservedConcurrentExecutions = &found.ReservedConcurrency
	}
	return asJSON(http.StatusOK, "application/json", out)
}
