package provider

import (
	"math"
	"strings"
)

func apiGatewayRefusals() refusals {
	const (
		apiToken         = "aws:apigatewayv2/api:Api"
		authorizerToken  = "aws:apigatewayv2/authorizer:Authorizer"
		integrationToken = "aws:apigatewayv2/integration:Integration"
		routeToken       = "aws:apigatewayv2/route:Route"
		stageToken       = "aws:apigatewayv2/stage:Stage"
	)
	const topic, key = "arn:aws:sns:us-east-1:000000000000:numbers", "arn:aws:kms:us-east-1:000000000000:key/1"
	long := strings.Repeat("d", 1025)
	return refusals{[]refusal{
		{token: apiToken, property: "name", value: strings.Repeat("é", 129), words: "must have 1 to 128 characters, not 129"},
		{token: apiToken, property: "description", value: long, words: "at most 1024 characters, not 1025"},
		{token: apiToken, property: "protocolType", value: "WEBSOCKET", words: "the local cloud supports only ProtocolType HTTP, not WEBSOCKET"},
		{token: apiToken, property: "protocolType", value: "http", words: "Must be one of [HTTP, WEBSOCKET]"},
		{token: apiToken, property: "corsConfiguration", value: map[string]any{"allowOrigins": []any{"example.com"}}, words: "Invalid format for origin example.com"},
		{token: apiToken, property: "corsConfiguration", value: map[string]any{"allowMethods": []any{"ANY"}}, words: `Invalid method "ANY" in allowMethods`},
		{token: apiToken, property: "corsConfiguration", value: map[string]any{"maxAge": 86401}, words: "from -1 to 86400 seconds"},
		{token: apiToken, property: "tags", value: badTags, words: "Invalid tags specified: the tag key"},

		{token: authorizerToken, property: "name", value: strings.Repeat("a", 129), words: "must have 1 to 128 characters, not 129"},
		{token: authorizerToken, property: "authorizerType", value: "REQUEST", words: "the local cloud supports only AuthorizerType JWT, not REQUEST"},
		{token: authorizerToken, property: "identitySources", value: []any{"$request.cookie.token"}, words: "IdentitySource must be $request.header.<name> or"},
		{token: authorizerToken, property: "identitySources", value: []any{"$request.header.A", "$request.header.B"}, words: "IdentitySource must be $request.header.<name> or"},
		{token: authorizerToken, property: "jwtConfiguration.issuer", value: "http://login.example.com", words: "neither an HTTPS URL nor a loopback URL"},
		{token: authorizerToken, property: "jwtConfiguration.issuer", value: "https://login.example.com?x", words: "is not the URL of an issuer"},
		{token: authorizerToken, property: "jwtConfiguration.audiences", value: []any{}, words: "Audience is a required parameter"},

		{token: integrationToken, property: "integrationType", value: "HTTP_PROXY", words: "supports only IntegrationType AWS_PROXY, not"},
		{token: integrationToken, property: "integrationUri", value: topic, words: "Invalid function ARN or invalid uri"},
		{token: integrationToken, property: "integrationUri", value: "https://www.example.com", words: "Invalid function ARN or invalid uri"},
		{token: integrationToken, property: "integrationMethod", value: "GET", words: "IntegrationMethod must be POST"},
		{token: integrationToken, property: "payloadFormatVersion", value: "1.0", words: "supports only PayloadFormatVersion 2.0, not 1.0"},
		{token: integrationToken, property: "payloadFormatVersion", value: "3.0", words: "it must be 1.0 or 2.0"},
		{token: integrationToken, property: "timeoutMilliseconds", value: 49, words: "between 50 ms and 30000 ms, not 49 ms"},
		{token: integrationToken, property: "timeoutMilliseconds", value: 30001, words: "between 50 ms and 30000 ms, not 30001 ms"},
		{token: integrationToken, property: "description", value: long, words: "at most 1024 characters, not 1025"},

		{token: routeToken, property: "routeKey", value: "get /x", words: "The provided route key is not formatted properly"},
		{token: routeToken, property: "routeKey", value: "GET /{a+}/b", words: "must be the last path segment"},
		{token: routeToken, property: "target", value: "integration/x", words: "Invalid target specified"},
		{token: routeToken, property: "target", value: key, words: "Invalid target specified"},
		{token: routeToken, property: "authorizationType", value: "CUSTOM", words: "supports only AuthorizationType NONE, AWS_IAM and JWT, not CUSTOM"},
		{token: routeToken, property: "authorizationType", value: "JWT", words: "AuthorizerId is a required parameter", with: map[string]any{"authorizerId": nil}},
		{token: routeToken, property: "authorizationType", value: "AWS_IAM", words: "are valid only with authorization type JWT, not with AWS_IAM", with: map[string]any{"authorizerId": "a"}},
		{token: routeToken, property: "authorizationScopes", value: []any{strings.Repeat("s", 65)}, words: "must have 1 to 64 characters, not 65",
			with: map[string]any{"authorizationType": "JWT", "authorizerId": "a"}},
		{token: routeToken, property: "operationName", value: strings.Repeat("o", 65), words: "must have 1 to 64 characters, not 65"},

		{token: stageToken, property: "name", value: "bad name!", words: "Stage name only allows"},
		{token: stageToken, property: "autoDeploy", value: false, words: "set autoDeploy to true"},
		{token: stageToken, property: "description", value: long, words: "at most 1024 characters, not 1025"},
		{token: stageToken, property: "stageVariables", value: map[string]any{"bad-name": "x"}, words: `Stage variable "bad-name"`},
		{token: stageToken, property: "stageVariables", value: map[string]any{"name": "bad value"}, words: `Stage variable "name"`},
		{token: stageToken, property: "stageVariables", value: map[string]any{"name": ""}, words: `Stage variable "name"`},
		{token: stageToken, property: "defaultRouteSettings.throttlingBurstLimit", value: -1, words: "from 0 to 2147483647, not -1"},
		{token: stageToken, property: "defaultRouteSettings.throttlingRateLimit", value: -0.5, words: "must not be negative, but is -0.5"},
		{token: stageToken, property: "defaultRouteSettings.throttlingRateLimit", value: math.NaN(), words: "must be a number, not NaN"},
		{token: stageToken, property: "routeSettings[0].throttlingBurstLimit", value: -1, words: "from 0 to 2147483647, not -1"},
		{token: stageToken, property: "routeSettings[0].throttlingRateLimit", value: -1, words: "must not be negative, but is -1"},
		{token: stageToken, property: "accessLogSettings.destinationArn", value: topic, words: "access logs go to a log group of this account and region"},
		{token: stageToken, property: "accessLogSettings.destinationArn", value: "arn:aws:logs:eu-west-1:000000000000:log-group:g", words: "access logs go to a log group of this account and region"},
		{token: stageToken, property: "accessLogSettings.format", value: "$context.status", words: "must contain at least $context.requestId"},
		{token: stageToken, property: "accessLogSettings.format", value: "$context.requestId $context.colour", words: "unknown variable: $context.colour"},
		{token: stageToken, property: "tags", value: badTags, words: "Invalid tags specified: the tag key"},
	}, []string{apiToken + ".apiKeySelectionExpression", apiToken + ".routeSelectionExpression", integrationToken + ".connectionType", routeToken + ".apiKeyRequired"}}
}
