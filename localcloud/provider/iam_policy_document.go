package provider

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"tally/localcloud/provider/schema"
)

// getPolicyDocument writes a policy in JSON, byte for byte as the real provider does.
//
// https://www.pulumi.com/registry/packages/aws/api-docs/iam/getpolicydocument/
func getPolicyDocument(args schema.Values) (map[string]any, error) {
	if err := policyDocumentArgs.Validate(args); err != nil {
		return nil, err
	}
	merged := policyDocument{}
	if err := merged.addSources(args.Strings("sourcePolicyDocuments")); err != nil {
		return nil, err
	}
	own, err := newPolicyDocument(args)
	if err != nil {
		return nil, err
	}
	merged.add(own)
	for i, text := range args.Strings("overridePolicyDocuments") {
		override, err := parsePolicyDocument(text)
		if err != nil {
			return nil, fmt.Errorf("writing IAM Policy Document: merging override document %d: %w", i, err)
		}
		merged.add(override)
	}
	minified, err := json.Marshal(merged)
	if err != nil {
		return nil, err
	}
	indented, err := json.MarshalIndent(merged, "", "  ")
	if err != nil {
		return nil, err
	}
	result := map[string]any{"id": checksum(string(indented)), "json": string(indented), "minifiedJson": string(minified), "version": own.Version}
	for _, p := range policyDocumentArgs.Inputs {
		if args.Has(p.Name) {
			result[p.Name] = args.Any(p.Name)
		}
	}
	return result, nil
}

const defaultPolicyVersion = "2012-10-17"

// policyDocumentArgs describes the arguments. It does not check what IAM checks when it
// receives the policy.
var policyDocumentArgs = schema.Type{
	Token: "aws:iam/getPolicyDocument:getPolicyDocument",
	Inputs: []schema.Property{
		{Name: "overrideJson", Check: text(checkEmpty)},
		{Name: "overridePolicyDocuments", Kind: schema.List, Check: checkDocuments},
		{Name: "policyId"},
		{Name: "sourceJson", Check: text(checkEmpty)},
		{Name: "sourcePolicyDocuments", Kind: schema.List, Check: checkDocuments},
		{Name: "statements", Kind: schema.Objects, Check: checkStatements, Properties: []schema.Property{
			{Name: "actions", Kind: schema.List},
			{Name: "conditions", Kind: schema.Objects, Properties: []schema.Property{
				{Name: "test", Required: true}, {Name: "values", Kind: schema.List, Required: true}, {Name: "variable", Required: true}}},
			{Name: "effect"},
			{Name: "notActions", Kind: schema.List},
			{Name: "notPrincipals", Kind: schema.Objects, Properties: principalArgs},
			{Name: "notResources", Kind: schema.List},
			{Name: "principals", Kind: schema.Objects, Properties: principalArgs},
			{Name: "resources", Kind: schema.List},
			{Name: "sid"},
		}},
		{Name: "version", Check: text(checkPolicyVersion)},
	},
}

var principalArgs = []schema.Property{{Name: "identifiers", Kind: schema.List, Required: true}, {Name: "type", Required: true}}

func checkEmpty(s string) error {
	if s == "" {
		return nil
	}
	return errors.New("must be empty: it is deprecated and not used")
}

func checkDocuments(v any) error {
	for i, e := range v.([]any) {
		if s, _ := e.(string); s != "" && !json.Valid([]byte(s)) {
			return fmt.Errorf("element %d contains an invalid JSON document: %q", i, s)
		}
	}
	return nil
}

func checkPolicyVersion(version string) error {
	if version == "2008-10-17" || version == defaultPolicyVersion {
		return nil
	}
	return fmt.Errorf("expected version to be one of [\"2008-10-17\" %q], got %s", defaultPolicyVersion, version)
}

var alphanumeric = regexp.MustCompile(`^[a-zA-Z0-9]*$`)

// checkStatements checks the effects and Sids.
func checkStatements(v any) error {
	for i, e := range v.([]any) {
		statement, _ := e.(map[string]any)
		if effect, ok := statement["effect"].(string); ok && effect != "Allow" && effect != "Deny" {
			return fmt.Errorf("expected statement.%d.effect to be one of [\"Allow\" \"Deny\"], got %s", i, effect)
		}
		if sid, _ := statement["sid"].(string); !alphanumeric.MatchString(sid) {
			return fmt.Errorf("invalid value for statement.%d.sid (must only include alphanumeric characters): %q", i, sid)
		}
	}
	return nil
}

// newPolicyDocument returns the document that the arguments themselves describe, without
// the ones to merge.
func newPolicyDocument(args schema.Values) (policyDocument, error) {
	doc := policyDocument{Version: defaultPolicyVersion, ID: args.String("policyId")}
	if args.Has("version") {
		doc.Version = args.String("version")
	}
	sids := map[string]bool{}
	for _, in := range args.Objects("statements") {
		s, err := newPolicyStatement(in, doc.Version)
		if err != nil {
			return doc, err
		}
		if sids[s.Sid] {
			//lint:ignore ST1005 the words are the real provider's
			return doc, fmt.Errorf("writing IAM Policy Document: duplicate Sid (%s). Remove the Sid or ensure the Sid is unique.", s.Sid)
		}
		sids[s.Sid] = s.Sid != ""
		doc.Statement = append(doc.Statement, s)
	}
	return doc, nil
}

func newPolicyStatement(in schema.Values, version string) (policyStatement, error) {
	var errs []error
	variables := func(path string, values []string) []string {
		out, err := withVariables(values, version)
		if err != nil {
			errs = append(errs, fmt.Errorf("reading %s: %w", path, err))
		}
		return out
	}
	s := policyStatement{Sid: in.String("sid"), Effect: "Allow", Action: descending(in.Strings("actions")), NotAction: descending(in.Strings("notActions"))}
	if in.Has("effect") {
		s.Effect = in.String("effect")
	}
	s.Resource = descending(variables("resources", in.Strings("resources")))
	s.NotResource = descending(variables("not_resources", in.Strings("notResources")))
	principals := func(path string, blocks []schema.Values) policyPrincipals {
		p := policyPrincipals{}
		for _, b := range asSet(blocks, hashedPrincipal) {
			p.add(b.String("type"), variables(path+": reading identifiers", unique(b.Strings("identifiers"))))
		}
		return p
	}
	s.Principal = principals("principals", in.Objects("principals"))
	s.NotPrincipal = principals("not_principals", in.Objects("notPrincipals"))
	s.Condition = policyConditions{}
	for _, c := range asSet(in.Objects("conditions"), hashedCondition) {
		s.Condition.add(c.String("test"), c.String("variable"), variables("condition: reading values", c.Strings("values")))
	}
	if len(errs) > 0 {
		return s, errs[0]
	}
	return s, nil
}

// withVariables replaces "&{", which Terraform's language does not interpret, with "${",
// the beginning of a policy variable.
func withVariables(values []string, version string) ([]string, error) {
	out := make([]string, len(values))
	for i, v := range values {
		if version == "2008-10-17" && strings.Contains(v, "&{") {
			return nil, fmt.Errorf("found &{ sequence in (%s), which is not supported in document version 2008-10-17", v)
		}
		out[i] = strings.ReplaceAll(v, "&{", "${")
	}
	return out, nil
}

// descending returns a set of strings in the real provider's order: nil if it is empty, a
// string if it has one element, and otherwise the elements from the greatest to the least.
func descending(values []string) any {
	switch values = unique(values); len(values) {
	case 0:
		return nil
	case 1:
		return values[0]
	}
	return values
}

// unique returns the distinct elements, from the greatest to the least.
func unique(values []string) []string {
	values = slices.Clone(values)
	slices.Sort(values)
	values = slices.Compact(values)
	slices.Reverse(values)
	return values
}

// asSet returns the distinct blocks of a set in Terraform's order, which is that of the
// hashes of their text, compared as strings.
//
// https://pkg.go.dev/github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema#HashResource
func asSet(blocks []schema.Values, hashed func(schema.Values) string) []schema.Values {
	byHash := map[string]schema.Values{}
	var hashes []string
	for _, b := range blocks {
		h := checksum(hashed(b))
		if _, ok := byHash[h]; !ok {
			hashes = append(hashes, h)
		}
		byHash[h] = b
	}
	slices.Sort(hashes)
	set := make([]schema.Values, len(hashes))
	for i, h := range hashes {
		set[i] = byHash[h]
	}
	return set
}

// hashedPrincipal returns the text of a principal that Terraform hashes. Identifiers are a
// set, too.
func hashedPrincipal(b schema.Values) string {
	byHash := map[string]string{}
	var hashes []string
	for _, id := range unique(b.Strings("identifiers")) {
		h := checksum(id + ";")
		byHash[h] = id + ";"
		hashes = append(hashes, h)
	}
	slices.Sort(hashes)
	list := ""
	for _, h := range hashes {
		list += byHash[h]
	}
	return fmt.Sprintf("identifiers:{%s};type:%s;", list, b.String("type"))
}

// hashedCondition returns the text of a condition that Terraform hashes.
func hashedCondition(b schema.Values) string {
	list := ""
	for _, v := range b.Strings("values") {
		list += v + ";"
	}
	return fmt.Sprintf("test:%s;values:(%s);variable:%s;", b.String("test"), list, b.String("variable"))
}

// checksum returns Terraform's hash of a string.
func checksum(s string) string {
	return strconv.FormatUint(uint64(crc32.ChecksumIEEE([]byte(s))), 10)
}
