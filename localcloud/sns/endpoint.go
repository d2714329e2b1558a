package sns

import (
	"maps"
	"net/url"
	"slices"
	"strings"
)

// checkEndpoint refuses protocols that are unknown, and endpoints they cannot
// have. Those without a target have their endpoints outside of this machine.
func (s *Service) checkEndpoint(protocol, endpoint string) error {
	if target, ok := s.Targets[protocol]; ok {
		if c, ok := target.(interface{ CheckEndpoint(string) error }); ok {
			return c.CheckEndpoint(endpoint)
		}
		return nil
	}
	switch protocol {
	case "http", "https":
		if u, err := url.Parse(endpoint); err != nil || u.Host == "" || u.Scheme != protocol {
			return invalid("Endpoint must match the specified protocol")
		}
		return nil
	case "email", "email-json":
		if name, domain, ok := strings.Cut(endpoint, "@"); !ok || name == "" || domain == "" {
			return invalid("Email address")
		}
		return nil
	}
	return invalid("Amazon SNS does not support this protocol string: %s (emulated here: %s; recorded: email, email-json, http, https)",
		protocol, strings.Join(slices.Sorted(maps.Keys(s.Targets)), ", "))
}
