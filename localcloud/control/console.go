package control

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
)

// ConsoleLink has the URL of the console, with a code that can be used once, within a
// quarter of an hour.
type ConsoleLink struct {
	URL string `json:"url"`
}

// Console returns the URL with which a browser opens the console of a local cloud.
func Console(ctx context.Context, c Config) (string, error) {
	var link ConsoleLink
	body, err := c.request(ctx, http.MethodPost, ConsolePath, nil)
	if err == nil {
		defer body.Close()
		err = json.NewDecoder(body).Decode(&link)
	}
	if err != nil {
		return "", fmt.Errorf("open the console: %w", err)
	}
	return link.URL, nil
}

// Query decodes what the API of the console returns for a path below APIPath, such as
// "access".
func Query(ctx context.Context, c Config, path string, into any) error {
	body, err := c.request(ctx, http.MethodGet, APIPath+path, nil)
	if err == nil {
		defer body.Close()
		err = json.NewDecoder(body).Decode(into)
	}
	if err != nil {
		return fmt.Errorf("ask for %s: %w", path, err)
	}
	return nil
}
