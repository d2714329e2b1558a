package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"tally/infra/serverless"
	"tally/infra/settings"
)

// environmentArgs returns the arguments of the environment.
func environmentArgs(config settings.Settings) *serverless.EnvironmentArgs {
	return &serverless.EnvironmentArgs{
		Region:              pulumi.String(config.Region),
		Profile:             optional(config.Profile),
		AllowedAccounts:     list(config.AllowedAccounts),
		Tags:                pulumi.StringMap{"owner": pulumi.String(config.Owner), "cost-centre": pulumi.String(config.CostCentre)},
		LogRetentionDays:    pulumi.Int(config.LogRetentionDays),
		AlarmEmail:          optional(config.AlarmEmail),
		AlarmWebhook:        optional(config.AlarmWebhook),
		Runbook:             optional(config.Runbook),
		Protect:             config.Protect,
		CustomerKey:         config.CustomerKey,
		PermissionsBoundary: optional(config.PermissionsBoundary),
	}
}

// functionArgs returns the arguments of a function.
func functionArgs(config settings.Settings, archive string, variables pulumi.StringMap) *serverless.FunctionArgs {
	f := config.Functions
	args := &serverless.FunctionArgs{
		Code:               pulumi.NewFileArchive(archive),
		Architecture:       pulumi.String(f.Architecture),
		MemoryMB:           pulumi.Int(f.MemoryMB),
		TimeoutSeconds:     pulumi.Int(f.TimeoutSeconds),
		EphemeralMB:        pulumi.Int(f.EphemeralMB),
		Retries:            pulumi.Int(f.Retries),
		MaxEventAgeSeconds: pulumi.Int(f.MaxEventAgeSeconds),
		LogLevel:           pulumi.String(f.LogLevel),
		Environment:        variables,
		Gradual:            f.Rollout != settings.AllAtOnce,
	}
	if f.ReservedConcurrency > 0 {
		args.ReservedConcurrency = pulumi.Int(f.ReservedConcurrency)
	}
	return args
}

// subscriptionArgs returns the arguments of the subscription of a function to the
// topic of numbers: with a buffer that uses the function's reserved concurrency, if the
// configuration asks for one.
func subscriptionArgs(config settings.Settings) *serverless.SubscriptionArgs {
	if !config.Buffer {
		return nil
	}
	return &serverless.SubscriptionArgs{Buffer: &serverless.BufferArgs{MaxConcurrency: pollConcurrency(config)}}
}

// pollConcurrency returns how many batches of a queue a function processes at the same
// time: as many as its reserved concurrency allows, or nil, the default, if none is
// reserved.
func pollConcurrency(config settings.Settings) pulumi.IntPtrInput {
	if n := config.Functions.ReservedConcurrency; n > 0 {
		return pulumi.Int(max(n, 2)) // Lambda's minimum
	}
	return nil
}

// apiArgs returns the arguments of an API with these routes.
func apiArgs(config settings.Settings, routes ...serverless.Route) *serverless.APIArgs {
	api := config.API
	args := &serverless.APIArgs{
		Routes:      routes,
		Auth:        serverless.Auth{Type: api.Auth, Audience: list(api.Audience), Scopes: list(api.Scopes)},
		Throttle:    serverless.Throttle{RatePerSecond: pulumi.Float64(api.RatePerSecond), Burst: pulumi.Int(api.Burst)},
		CORSOrigins: list(api.CORSOrigins),
		// Of POST /sums and GET /sums/{id}.
		CORSRequestHeaders:  []string{"idempotency-key"},
		CORSResponseHeaders: []string{"location", "retry-after"},
	}
	if api.Issuer != "" {
		args.Auth.Issuer = pulumi.String(api.Issuer)
	}
	if api.DomainName != "" {
		args.Domain = &serverless.Domain{
			Name: pulumi.String(api.DomainName), ZoneID: pulumi.String(api.ZoneID), CertificateARN: pulumi.String(api.CertificateARN),
		}
	}
	return args
}

// optional returns value as an input, or nil, the default, if it is empty.
func optional(value string) pulumi.StringPtrInput {
	if value == "" {
		return nil
	}
	return pulumi.String(value)
}

// list returns values as an input, or nil, the default, if there are none.
func list(values []string) pulumi.StringArrayInput {
	if len(values) == 0 {
		return nil
	}
	return pulumi.ToStringArray(values)
}
