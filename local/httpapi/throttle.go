package httpapi

// RouteSettings limit how many requests a route takes. Where they are set, a
// limit of 0 admits no request at all, as on AWS.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html
type RouteSettings struct {
	BurstLimit      int     // requests at once
	RateLimit       float64 // requests a second
	DetailedMetrics bool    // recorded: there are no metrics here
}
