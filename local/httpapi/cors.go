package httpapi

// CORS says which pages of other origins a browser lets read the answers of
// an API.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
type CORS struct {
	AllowOrigins     []string // "https://www.example.com", "*", "https://*", "http://*"
	AllowMethods     []string // "GET", "*"
	AllowHeaders     []string // "authorization", "*"
	ExposeHeaders    []string
	AllowCredentials bool // not with origin "*"
	MaxAgeSeconds    int  // -1 to 86400; 0: the browser decides
}
