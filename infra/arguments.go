package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"tally/infra/serverless"
	"tally/infra/settings"
)

// environment is what the configuration says about all components.
func environment(config settings.Settings) *serverless.EnvironmentArgs {
	return &serverless.EnvironmentArgs{
		Region:           config.Region,
		Profile:          config.Profile,
		AllowedAccounts:  config.AllowedAccounts,
		Tags:             map[string]string{"owner": config.Owner, "cost-centre": config.CostCentre},
		LogRetentionDays: config.LogRetentionDays,
		AlarmEmail:       config.AlarmEmail,
		Protect:          config.Protect,
		CustomerKey:      config.CustomerKey,
	}
}

// functionArgs is what it says about every function.
func functionArgs(config settings.Settings, archive string, variables pulumi.StringMap) *serverless.FunctionArgs {
	f := config.Functions
	return &serverless.FunctionArgs{
		Code:                pulumi.NewFileArchive(archive),
		Architecture:        f.Architecture,
		MemoryMB:            f.MemoryMB,
		TimeoutSeconds:      f.TimeoutSeconds,
		EphemeralMB:         f.EphemeralMB,
		ReservedConcurrency: f.ReservedConcurrency,
		Retries:             &f.Retries,
		MaxEventAgeSeconds:  f.MaxEventAgeSeconds,
		Environment:         variables,
	}
}

// apiArgs is what it says about an API.
func apiArgs(config settings.Settings, routes ...serverless.Route) *serverless.APIArgs {
	api := config.API
	args := &serverless.APIArgs{
		Routes:      routes,
		Auth:        serverless.Auth{Type: api.Auth, Issuer: api.Issuer, Audience: api.Audience, Scopes: api.Scopes},
		Throttle:    serverless.Throttle{RatePerSecond: float64(api.RatePerSecond), Burst: api.Burst},
		CORSOrigins: api.CORSOrigins,
	}
	if api.DomainName != "" {
		args.Domain = &serverless.Domain{Name: api.DomainName, ZoneID: api.ZoneID, CertificateARN: api.CertificateARN}
	}
	return args
}
