package provider

import (
	"net/http"
	"strings"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/provider/schema"
	"tally/localcloud/recorded"
)

// kmsAlias has its name as ID.
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
				{Name: "targetKeyId", Required: true},
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
		needs: func(in schema.Values) error {
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

func aliasName(v any) error {
	if err := matching("alias/[a-zA-Z0-9/_-]{1,250}", `"alias/" and letters, digits, slashes, dashes and underscores`)(v); err != nil {
		return err
	}
	return matching("alias/([^a]|a[^w]|aw[^s]|aws[^/]).*|alias/.{1,3}", "another than AWS's own, which begin with alias/aws/")(v)
}
