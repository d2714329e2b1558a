package provider

func apiGatewayLifeCycles() []lifeCycle {
	return []lifeCycle{{
		token: "aws:apigatewayv2/api:Api",
		inputs: func(cloudUnderTest) map[string]any {
			return map[string]any{"protocolType": "HTTP",
				"corsConfiguration": map[string]any{"allowOrigins": []any{"https://www.example.com"}, "allowMethods": []any{"POST"}, "maxAge": 300}}
		},
		id: "[a-z0-9]{10}",
		outputs: map[string]string{"name": "thing-" + hex, "apiEndpoint": `http://127\.0\.0\.1:\d+`,
			"arn": "arn:aws:apigateway:us-east-1::/apis/[a-z0-9]{10}", "executionArn": "arn:aws:execute-api:us-east-1:000000000000:[a-z0-9]{10}",
			"apiKeySelectionExpression": `\$request.header.x-api-key`, "routeSelectionExpression": `\$request.method \$request.path`, "tagsAll": "map.."},
		update: map[string]any{"name": "other", "description": "d", "disableExecuteApiEndpoint": true,
			"corsConfiguration": map[string]any{"allowOrigins": []any{"https://www.example.com"}, "allowCredentials": true}},
		diff: map[string]string{"name": "UPDATE", "description": "ADD", "disableExecuteApiEndpoint": "ADD", "corsConfiguration.allowCredentials": "ADD",
			"corsConfiguration.allowMethods": "DELETE", "corsConfiguration.maxAge": "DELETE"},
		drift: func(c cloudUnderTest, m made) error {
			a, err := c.services.HTTPAPI.API(m.id)
			if err != nil {
				return err
			}
			a.Name, a.CORS = "by hand", nil
			_, err = c.services.HTTPAPI.UpdateAPI(a)
			return err
		},
		seen: []string{"corsConfiguration", "name"},
	}, {
		token: "aws:apigatewayv2/authorizer:Authorizer",
		inputs: func(c cloudUnderTest) map[string]any {
			return map[string]any{"apiId": c.api().id, "authorizerType": "JWT", "identitySources": []any{"$request.header.Authorization"},
				"jwtConfiguration": map[string]any{"issuer": "https://login.example.com/", "audiences": []any{"calculator"}}}
		},
		id:       "[a-z0-9]{6}",
		outputs:  map[string]string{"name": "thing-" + hex},
		importID: func(m made) string { return m.state["apiId"].StringValue() + "/" + m.id },
		update:   map[string]any{"identitySources": []any{"$request.querystring.token"}}, diff: map[string]string{"identitySources[0]": "UPDATE"},
		replace: map[string]any{"apiId": "other"}, replaces: []string{"apiId"},
		drift: func(c cloudUnderTest, m made) error {
			a, err := c.services.HTTPAPI.Authorizer(m.state["apiId"].StringValue(), m.id)
			if err != nil {
				return err
			}
			a.Audience = []string{"by hand"}
			_, err = c.services.HTTPAPI.UpdateAuthorizer(a)
			return err
		},
		seen: []string{"jwtConfiguration"},
	}, {
		token: "aws:apigatewayv2/integration:Integration",
		inputs: func(c cloudUnderTest) map[string]any {
			return map[string]any{"apiId": c.api().id, "integrationType": "AWS_PROXY", "payloadFormatVersion": "2.0",
				"integrationUri": c.function("f").state["invokeArn"].StringValue()}
		},
		id:       "[a-z0-9]{7}",
		outputs:  map[string]string{"connectionType": "INTERNET", "integrationMethod": "POST", "timeoutMilliseconds": "30000"},
		importID: func(m made) string { return m.state["apiId"].StringValue() + "/" + m.id },
		update:   map[string]any{"timeoutMilliseconds": 1000, "description": "d"}, diff: map[string]string{"description": "ADD", "timeoutMilliseconds": "UPDATE"},
		replace: map[string]any{"apiId": "other"}, replaces: []string{"apiId"},
	}, {
		token: "aws:apigatewayv2/route:Route",
		inputs: func(c cloudUnderTest) map[string]any {
			api := c.api().id
			i := c.create("aws:apigatewayv2/integration:Integration", "i", map[string]any{"apiId": api, "integrationType": "AWS_PROXY",
				"payloadFormatVersion": "2.0", "integrationUri": c.function("f").arn()})
			a := c.create("aws:apigatewayv2/authorizer:Authorizer", "a", map[string]any{"apiId": api, "authorizerType": "JWT",
				"identitySources":  []any{"$request.header.Authorization"},
				"jwtConfiguration": map[string]any{"issuer": "https://login.example.com/", "audiences": []any{"calculator"}}})
			return map[string]any{"apiId": api, "routeKey": "GET /x", "target": "integrations/" + i.id,
				"authorizationType": "JWT", "authorizerId": a.id, "authorizationScopes": []any{"add"}}
		},
		id:       "[a-z0-9]{7}",
		outputs:  map[string]string{"apiKeyRequired": "false"},
		importID: func(m made) string { return m.state["apiId"].StringValue() + "/" + m.id },
		update:   map[string]any{"routeKey": "GET /y", "operationName": "o", "authorizationType": "AWS_IAM", "authorizerId": nil, "authorizationScopes": nil},
		diff: map[string]string{"routeKey": "UPDATE", "operationName": "ADD", "authorizationType": "UPDATE", "authorizerId": "DELETE",
			"authorizationScopes": "DELETE"},
		replace: map[string]any{"apiId": "other"}, replaces: []string{"apiId"},
	}, {
		token: "aws:apigatewayv2/stage:Stage",
		inputs: func(c cloudUnderTest) map[string]any {
			api := c.api().id
			i := c.create("aws:apigatewayv2/integration:Integration", "i", map[string]any{"apiId": api, "integrationType": "AWS_PROXY",
				"payloadFormatVersion": "2.0", "integrationUri": c.function("f").arn()})
			routes := []any{}
			for _, key := range []string{"GET /a", "POST /b"} {
				c.create("aws:apigatewayv2/route:Route", "r", map[string]any{"apiId": api, "routeKey": key, "target": "integrations/" + i.id})
				routes = append(routes, map[string]any{"routeKey": key, "throttlingBurstLimit": 5, "throttlingRateLimit": 0.5})
			}
			return map[string]any{"apiId": api, "name": "$default", "autoDeploy": true, "routeSettings": routes,
				"defaultRouteSettings": map[string]any{"throttlingBurstLimit": 10, "throttlingRateLimit": 20},
				"accessLogSettings":    map[string]any{"destinationArn": "arn:aws:logs:us-east-1:000000000000:log-group:g", "format": "$context.requestId"}}
		},
		id: `\$default`,
		outputs: map[string]string{"arn": `arn:aws:apigateway:us-east-1::/apis/[a-z0-9]{10}/stages/\$default`,
			"executionArn": `arn:aws:execute-api:us-east-1:000000000000:[a-z0-9]{10}/\$default`, "invokeUrl": `http://127\.0\.0\.1:\d+/`, "tagsAll": "map.."},
		importID: func(m made) string { return m.state["apiId"].StringValue() + "/" + m.id },
		update: map[string]any{"stageVariables": map[string]any{"a": "b"}, "routeSettings": nil,
			"defaultRouteSettings": map[string]any{"throttlingBurstLimit": 1, "throttlingRateLimit": 20, "detailedMetricsEnabled": true}},
		diff: map[string]string{"stageVariables": "ADD", "routeSettings": "DELETE", "defaultRouteSettings.throttlingBurstLimit": "UPDATE",
			"defaultRouteSettings.detailedMetricsEnabled": "ADD"},
		replace: map[string]any{"apiId": "other"}, replaces: []string{"apiId"}, deletes: true,
		drift: func(c cloudUnderTest, m made) error {
			s, err := c.services.HTTPAPI.Stage(m.state["apiId"].StringValue(), m.id)
			if err != nil {
				return err
			}
			s.AccessLog, s.DefaultRouteSettings = nil, nil
			_, err = c.services.HTTPAPI.UpdateStage(s)
			return err
		},
		seen: []string{"accessLogSettings", "defaultRouteSettings"},
	}}
}
