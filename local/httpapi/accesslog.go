package httpapi

// AccessLog is where a stage logs its requests, one event each.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging.html
type AccessLog struct {
	DestinationARN string // of a log group
	Format         string // one line with "$context.requestId" and other variables
}
