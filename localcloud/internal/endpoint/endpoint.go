// Package endpoint holds what HTTP APIs and the URLs of functions have in common: events
// and responses of payload format 2.0, CORS headers, and a loopback port for each.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
// https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
package endpoint
