package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"tally/localcloud/cloud"
	"tally/localcloud/internal/nearest"
	"tally/localcloud/provider/schema"
)

// setting is one key of the provider's configuration.
type setting struct {
	// Check refuses values that the local cloud cannot honor. It is nil for
	// settings of the connection to AWS, which have no effect here.
	Check func(place cloud.Place, value any) error
}

// settings are the configuration keys of the real provider: ProviderArgs in its
// SDK.
var settings = map[string]setting{
	"accessKey":                      {},
	"allowedAccountIds":              {Check: checkAllowed},
	"assumeRole":                     {},
	"assumeRoleWithWebIdentity":      {},
	"customCaBundle":                 {},
	"defaultTags":                    {Check: checkDefaultTags},
	"ec2MetadataServiceEndpoint":     {},
	"ec2MetadataServiceEndpointMode": {},
	"endpoints":                      {},
	"forbiddenAccountIds":            {Check: checkForbidden},
	"httpProxy":                      {},
	"httpsProxy":                     {},
	"ignoreTags":                     {Check: checkIgnoreTags},
	"insecure":                       {},
	"maxRetries":                     {},
	"noProxy":                        {},
	"profile":                        {},
	"region":                         {Check: checkRegion},
	"retryMode":                      {},
	"s3UsEast1RegionalEndpoint":      {},
	"s3UsePathStyle":                 {},
	"secretKey":                      {},
	"sharedConfigFiles":              {},
	"sharedCredentialsFiles":         {},
	"skipCredentialsValidation":      {},
	"skipMetadataApiCheck":           {},
	"skipRegionValidation":           {},
	"skipRequestingAccountId":        {},
	"stsRegion":                      {},
	"token":                          {},
	"tokenBucketRateLimiterCapacity": {},
	"useDualstackEndpoint":           {},
	"useFipsEndpoint":                {},
	"version":                        {}, // set by the engine
	"pluginDownloadURL":              {}, // set by the engine
}

func checkRegion(place cloud.Place, v any) error {
	if v == place.Region {
		return nil
	}
	return fmt.Errorf("the local cloud is in region %s, not %v: start it with `localcloud start --region %v`", place.Region, v, v)
}

func checkAllowed(place cloud.Place, v any) error {
	if list, ok := v.([]any); !ok || len(list) > 0 && !slices.Contains(list, any(place.Account)) {
		return fmt.Errorf("AWS account ID not allowed: %s, the account of the local cloud; add it to this stack's allowedAccountIds", place.Account)
	}
	return nil
}

func checkForbidden(place cloud.Place, v any) error {
	if list, ok := v.([]any); !ok || slices.Contains(list, any(place.Account)) {
		return fmt.Errorf("AWS account ID not allowed: %s, the account of the local cloud; remove it from this stack's forbiddenAccountIds", place.Account)
	}
	return nil
}

func checkIgnoreTags(cloud.Place, any) error {
	return fmt.Errorf("the local cloud does not emulate ignoreTags")
}

func checkDefaultTags(_ cloud.Place, v any) error {
	m, ok := v.(map[string]any)
	if !ok {
		return fmt.Errorf("must be an object with tags")
	}
	for k, e := range m {
		tags, ok := e.(map[string]any)
		if k != "tags" || !ok {
			return fmt.Errorf("must be an object with tags, a map of strings, and nothing else")
		}
		for name, value := range tags {
			if _, ok := value.(string); !ok {
				return fmt.Errorf("the tag %q must be a string", name)
			}
		}
	}
	return nil
}

// CheckConfig validates the configuration of a provider instance.
func (p *Provider) CheckConfig(_ context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	if _, err := p.parse(req.GetUrn()); err != nil {
		return nil, err
	}
	var config resource.PropertyMap
	if err := decode(into{req.GetNews(), &config}); err != nil {
		return nil, err
	}
	var failures []schema.Failure
	for _, k := range config.StableKeys() {
		if err := p.checkSetting(string(k), config[k]); err != nil {
			failures = append(failures, schema.Failure{Property: string(k), Reason: err.Error()})
		}
	}
	return checked(config, config, failures)
}

func (p *Provider) checkSetting(key string, v resource.PropertyValue) error {
	if resource.IsInternalPropertyKey(resource.PropertyKey(key)) {
		return nil
	}
	s, ok := settings[key]
	if !ok {
		known := slices.Sorted(maps.Keys(settings))
		reason := fmt.Sprintf("the aws provider has no setting %q", key)
		if near := nearest.Name(key, known); near != "" {
			reason += fmt.Sprintf("; did you mean %q?", near)
		}
		return fmt.Errorf("%s (its settings: %s)", reason, strings.Join(known, ", "))
	}
	if s.Check == nil || v.ContainsUnknowns() || v.IsNull() {
		return nil
	}
	return s.Check(p.place, settingValue(v))
}

// settingValue returns the value of a setting. Lists and objects may be encoded as
// JSON, as in stack configuration and most SDKs.
func settingValue(v resource.PropertyValue) any {
	plain := schema.Plain(resource.PropertyMap{"value": v})
	if s := plain.String("value"); strings.HasPrefix(s, "{") || strings.HasPrefix(s, "[") {
		var decoded any
		if json.Unmarshal([]byte(s), &decoded) == nil {
			return decoded
		}
	}
	return plain.Any("value")
}

// DiffConfig compares configurations. No change requires new resources, because
// all resources are in the same local cloud.
func (p *Provider) DiffConfig(_ context.Context, req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	if _, err := p.parse(req.GetUrn()); err != nil {
		return nil, err
	}
	var old, want resource.PropertyMap
	if err := decode(into{req.GetOldInputs(), &old}, into{req.GetNews(), &want}); err != nil {
		return nil, err
	}
	return (&schema.Type{}).Diff(nil, old, want), nil
}

// Configure sets the configuration of the provider instance on this connection.
func (p *Provider) Configure(ctx context.Context, req *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	if req.GetUrn() != "" {
		if _, err := p.parse(req.GetUrn()); err != nil {
			return nil, err
		}
	}
	var config resource.PropertyMap
	if err := decode(into{req.GetArgs(), &config}); err != nil {
		return nil, err
	}
	p.setConnection(ctx, connection{defaultTags: defaultTags(config["defaultTags"])})
	return &pulumirpc.ConfigureResponse{
		AcceptSecrets: true, AcceptResources: true, AcceptOutputs: true,
		SupportsPreview: true, SupportsAutonamingConfiguration: true,
	}, nil
}

func defaultTags(v resource.PropertyValue) map[string]string {
	m, _ := settingValue(v).(map[string]any)
	return schema.Plain(resource.NewPropertyMapFromMap(m)).Map("tags")
}
