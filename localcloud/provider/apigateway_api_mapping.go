package provider

import (
	"crypto/rand"
	"net/http"
	"strings"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/httpapi"
	"tally/localcloud/provider/schema"
	"tally/localcloud/recorded"
)

// apiMapping returns the type of the mappings of APIs to domains. They are
// imported by "id/domain".
func apiMapping(service *recorded.Service, apis *httpapi.Service) recordedType {
	return recordedType{
		Type: schema.Type{
			Token: "aws:apigatewayv2/apiMapping:ApiMapping", Noun: "API Gateway v2 API Mapping",
			Inputs: []schema.Property{
				{Name: "apiId", Required: true},
				{Name: "stage", Required: true},
				{Name: "domainName", Required: true, ForceNew: true},
				{Name: "apiMappingKey", Check: matching("[A-Za-z0-9$_.+!*'()/-]{0,300}", "at most 300 letters, digits and $-_.+!*'()/")},
			},
		},
		id:   func(schema.Values) string { return strings.ToLower(rand.Text()[:6]) },
		adds: func(string, time.Time, schema.Values) map[string]any { return nil },
		needs: func(_, in schema.Values) error {
			if _, err := apis.Stage(in.String("apiId"), in.String("stage")); err != nil {
				return err
			}
			_, err := service.Resource(domainNameToken, in.String("domainName"))
			if gone(err) {
				return cloud.Errorf(http.StatusNotFound, "NotFoundException", "Invalid domain name identifier specified")
			}
			return err
		},
		imported: func(importID string) string {
			id, _, _ := strings.Cut(importID, "/")
			return id
		},
	}
}
