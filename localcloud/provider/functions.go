package provider

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"tally/localcloud/cloud"
	"tally/localcloud/iam"
	"tally/localcloud/provider/schema"
	"tally/localcloud/provider/wire"
)

// function is a data source of the aws package.
type function func(args schema.Values) (map[string]any, error)

// functions returns the table of data sources.
func functions(place cloud.Place, s Services) map[string]function {
	return map[string]function{
		"aws:dynamodb/getTable:getTable":                       getTable(s.DynamoDB),
		"aws:iam/getPolicyDocument:getPolicyDocument":          getPolicyDocument,
		"aws:index/getCallerIdentity:getCallerIdentity":        getCallerIdentity(place, s.IAM),
		"aws:index/getRegion:getRegion":                        getRegion(place),
		"aws:index/getPartition:getPartition":                  getPartition,
		"aws:ssm/getParameter:getParameter":                    getParameter(s.SSM, s.IAM),
		"aws:secretsmanager/getSecret:getSecret":               getSecret(s.Secrets),
		"aws:secretsmanager/getSecretVersion:getSecretVersion": getSecretVersion(s.Secrets, s.IAM),
	}
}

// Invoke calls a data source.
func (p *Provider) Invoke(_ context.Context, req *pulumirpc.InvokeRequest) (*pulumirpc.InvokeResponse, error) {
	f, ok := p.functions[req.GetTok()]
	if !ok {
		return nil, unknownToken("function", req.GetTok(), slices.Collect(maps.Keys(p.functions)))
	}
	var args resource.PropertyMap
	if err := decode(into{req.GetArgs(), &args}); err != nil {
		return nil, err
	}
	result, err := f(schema.Plain(args))
	if err != nil {
		return nil, err
	}
	raw, err := wire.Encode(properties(result))
	return &pulumirpc.InvokeResponse{Return: raw}, err
}

func getCallerIdentity(place cloud.Place, service *iam.Service) function {
	return func(schema.Values) (map[string]any, error) {
		caller, err := developer(service)
		if err != nil {
			return nil, err
		}
		return map[string]any{
			"id": place.Account, "accountId": place.Account, "arn": caller.ARN.String(), "userId": caller.UserID,
		}, nil
	}
}

func getRegion(place cloud.Place) function {
	return func(args schema.Values) (map[string]any, error) {
		if name := args.String("name"); name != "" && name != place.Region {
			return nil, fmt.Errorf("the local cloud is in region %s, and getRegion does not describe %s", place.Region, name)
		}
		return map[string]any{
			"id": place.Region, "name": place.Region, "description": "The local cloud",
			"endpoint": fmt.Sprintf("ec2.%s.amazonaws.com", place.Region),
		}, nil
	}
}

func getPartition(schema.Values) (map[string]any, error) {
	return map[string]any{"id": "aws", "partition": "aws", "dnsSuffix": "amazonaws.com", "reverseDnsPrefix": "com.amazonaws"}, nil
}
