package serverless

import (
	"fmt"
	"maps"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// chooseProvider uses the AWS provider that the options give, or that the parent
// among them has; otherwise it creates one that adds the tags to every resource.
func (e *Environment) chooseProvider() (err error) {
	if given, ok := e.GetProvider("aws:index:Provider").(*aws.Provider); ok {
		return e.use(given)
	}
	if e.args.Region == nil {
		return fmt.Errorf("environment %s: Region is required, unless the options give a provider", e.name)
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

// use uses a provider that the environment has not created.
func (e *Environment) use(given *aws.Provider) error {
	if e.args.Region != nil || e.args.Profile != nil || e.args.AllowedAccounts != nil {
		return fmt.Errorf("environment %s: Region, Profile and AllowedAccounts conflict with the provider that the options give: set them there", e.name)
	}
	e.provider, e.tags = given, e.allTags()
	e.region = given.Region.ApplyT(func(region *string) (string, error) {
		if region == nil {
			return "", fmt.Errorf("environment %s: the provider that the options give has no region: set it there", e.name)
		}
		return *region, nil
	}).(pulumi.StringOutput)
	return nil
}

// allTags returns the tags of every resource. Those of the project and the
// stack win: permissions to deploy depend on them.
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
