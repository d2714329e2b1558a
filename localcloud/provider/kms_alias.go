package provider

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/provider/schema"
	"tally/localcloud/recorded"
)

// kmsAlias returns the type of the aliases of keys. Their ID is their name.
func kmsAlias(place cloud.Place, service *recorded.Service) recordedType {
	keyID := func(in schema.Values) string {
		id := in.String("targetKeyId")
		return id[strings.LastIndex(id, "/")+1:] // of an ARN, too
	}
	return recordedType{
		Type: schema.Type{
			Token: "aws:kms/alias:Alias", Noun: "KMS Alias",
			Inputs: []schema.Property{
				{Name: "name", AutoName: 255, AutoPrefix: "alias/", ForceNew: true, Check: aliasName},
				{Name: "targetKeyId", Required: true, Check: keyReference},
			},
			Outputs:     []schema.Output{{Name: "arn"}, {Name: "targetKeyArn", Follows: []string{"targetKeyId"}}},
			Unsupported: []string{"namePrefix"},
		},
		id: func(in schema.Values) string { return in.String("name") },
		adds: func(id string, _ time.Time, in schema.Values) map[string]any {
			return map[string]any{
				"arn": place.ARN("kms", id).String(), "targetKeyArn": place.ARN("kms", "key/"+keyID(in)).String(),
			}
		},
		needs: func(_, in schema.Values) error {
			_, err := service.Resource("aws:kms/key:Key", keyID(in))
			if gone(err) {
				return cloud.Errorf(http.StatusBadRequest, "NotFoundException", "Key '%s' does not exist", place.ARN("kms", "key/"+keyID(in)))
			}
			return err
		},
		taken: func(in schema.Values) error {
			return cloud.Errorf(http.StatusBadRequest, "AlreadyExistsException", "An alias with the name %s already exists", place.ARN("kms", in.String("name")))
		},
	}
}

var aliasForm = matching("alias/[a-zA-Z0-9/_-]{1,250}", `"alias/" followed by letters, digits, slashes, dashes and underscores`)

// aliasName accepts names of aliases, except for those of AWS's own aliases.
func aliasName(v any) error {
	if strings.HasPrefix(v.(string), "alias/aws/") {
		return fmt.Errorf("must not begin with alias/aws/, as AWS's own aliases do, but is %q", v)
	}
	return aliasForm(v)
}

// keyReference accepts the ID or ARN of a key.
func keyReference(v any) error {
	if id := v.(string); strings.HasPrefix(id, "arn:") {
		return arnOf("kms")(id)
	}
	return nonEmpty(2048)(v)
}
