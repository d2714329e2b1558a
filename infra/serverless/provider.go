package serverless

import (
	"fmt"
	"maps"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// chooseProvider uses the AWS provider in the options, or that of the parent in
// the options. If there is none, it creates one that adds the tags to every
// resource.
func (e *Environment) chooseProvider() (err error) {
	if given, ok := e.GetProvider("aws:index:Provider").(*aws.Provider); ok {
		return e.adopt(given)
	}
	if e.args.Region == nil {
		return fmt.Errorf("environment %s: Region is required, unless the options contain a provider", e.name)
	}
	e.region = e.args.Region.ToStringPtrOutput().Elem()
	e.provider, err = aws.NewProvider(e.ctx, e.name, &aws.ProviderArgs{
		Region:            e.args.Region,
		Profile:           e.args.Profile,
		AllowedAccountIds: e.args.AllowedAccounts,
		DefaultTags:       aws.ProviderDefaultTagsArgs{Tags: e.allTags()},
	}, pulumi.Parent(e))
	return err
}

// adopt makes the environment use a provider that it has not created.
func (e *Environment) adopt(given *aws.Provider) error {
	if e.args.Region != nil || e.args.Profile != nil || e.args.AllowedAccounts != nil {
		return fmt.Errorf("environment %s: Region, Profile and AllowedAccounts conflict with the provider in the options: set them in the provider", e.name)
	}
	e.provider, e.tags = given, e.allTags()
	e.region = given.Region.ApplyT(func(region *string) (string, error) {
		if region == nil {
			return "", fmt.Errorf("environment %s: the provider in the options has no region: set it in the provider", e.name)
		}
		return *region, nil
	}).(pulumi.StringOutput)
	return nil
}

// allTags returns the tags of every resource. The tags project and environment
// cannot be replaced, because the permissions to deploy depend on them.
func (e *Environment) allTags() pulumi.StringMapOutput {
	own := map[string]string{"project": e.ctx.Project(), "environment": e.ctx.Stack()}
	if e.args.Tags == nil {
		return pulumi.ToStringMap(own).ToStringMapOutput()
	}
	return e.args.Tags.ToStringMapOutput().ApplyT(func(tags map[string]string) map[string]string {
		all := maps.Clone(tags)
		if all == nil {
			all = map[string]string{}
		}
		maps.Copy(all, own)
		return all
	}).(pulumi.StringMapOutput)
}
