package serverless

import (
	"fmt"
	"maps"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// chooseProvider uses the AWS provider among the options, or creates one that
// adds the tags to every resource.
func (e *Environment) chooseProvider(opts []pulumi.ResourceOption) error {
	given, err := givenProvider(opts)
	if err != nil {
		return err
	}
	if given != nil {
		if e.args.Region != nil || e.args.Profile != nil || e.args.AllowedAccounts != nil {
			return fmt.Errorf("environment %s: Region, Profile and AllowedAccounts conflict with the provider among the options: set them there", e.name)
		}
		e.provider, e.tags = given, e.allTags()
		e.region = given.Region.ApplyT(func(region *string) (string, error) {
			if region == nil {
				return "", fmt.Errorf("environment %s: the provider among the options has no region: set it there", e.name)
			}
			return *region, nil
		}).(pulumi.StringOutput)
		return nil
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

// givenProvider returns the AWS provider among the options, or nil if there is
// none.
func givenProvider(opts []pulumi.ResourceOption) (*aws.Provider, error) {
	o, err := pulumi.NewResourceOptions(opts...)
	if err != nil {
		return nil, err
	}
	for _, p := range append(o.Providers, o.Provider) {
		if given, ok := p.(*aws.Provider); ok {
			return given, nil
		}
	}
	return nil, nil
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
