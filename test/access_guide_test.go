package test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tally/localcloud/iam"
)

// stubs replace the commands of docs/aws.md that need an AWS account. They store their
// arguments in the file in CALLS, each followed by a null byte, and a line feed after
// those of one call.
const stubs = `set -euo pipefail
call() { { printf '%s\0' "$@"; printf '\n\0'; } >>"$CALLS"; }
make() { :; }
pulumi() { call pulumi "$@"; }
aws() {
  call aws "$@"
  case "$1 $2" in
    "sts get-caller-identity") echo 123456789012 ;;
    "kms create-key") echo 1234abcd-12ab-34cd-56ef-1234567890ab ;;
    "iam create-policy") echo "arn:aws:iam::123456789012:policy/$4" ;;
  esac
}
`

// runAWSGuide runs the shell commands of docs/aws.md from top to bottom in one shell
// with stubs, and returns the arguments of each call.
func runAWSGuide(t *testing.T) (calls [][]string) {
	t.Helper()
	for _, tool := range []string{"jq", "bash"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("no %s on PATH", tool)
		}
	}
	raw, err := os.ReadFile("../docs/aws.md")
	if err != nil {
		t.Fatal(err)
	}
	script := stubs
	for _, m := range shellBlock.FindAllStringSubmatch(string(raw), -1) {
		script += m[2]
	}
	log := filepath.Join(t.TempDir(), "calls")
	cmd := exec.Command("bash", "-c", script)
	cmd.Dir, cmd.Env = "..", append(os.Environ(), "CALLS="+log)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("the commands of docs/aws.md: %v\n%s", err, out)
	}
	recorded, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	for call := range strings.SplitSeq(strings.TrimSuffix(string(recorded), "\n\x00"), "\n\x00") {
		calls = append(calls, strings.Split(strings.TrimSuffix(call, "\x00"), "\x00"))
	}
	return calls
}

// valueOf returns the value that follows a flag in the arguments, or "".
func valueOf(call []string, name string) string {
	if i := slices.Index(call, name); i >= 0 && i+1 < len(call) {
		return call[i+1]
	}
	return ""
}

var spaces = regexp.MustCompile(`\s`)

// TestAWSGuide runs the commands of docs/aws.md with stubs, and proves that AWS would
// accept the policies, that the deploy role cannot reach more of the state than its
// own stack's, and that the preview role can only read that.
func TestAWSGuide(t *testing.T) {
	documents := map[string]string{}    // of managed policies, by ARN
	roles := map[string][]*iam.Policy{} // the policies of each role
	parse := func(kind iam.Kind, document string) *iam.Policy {
		p, err := iam.ParsePolicyForAWS(kind, document)
		if err != nil {
			t.Fatalf("%v: %s", err, document)
		}
		if left := regexp.MustCompile(`\b(ACCOUNT|STACK|ZONE|DOMAIN)\b`).FindString(document); left != "" {
			t.Errorf("the placeholder %s is left in %s", left, document)
		}
		return p
	}
	var set []string
	for _, call := range runAWSGuide(t) {
		document, role := valueOf(call, "--policy-document"), valueOf(call, "--role-name")
		switch strings.Join(call[:3], " ") {
		case "aws iam create-policy":
			parse(iam.IdentityPolicy, document)
			if size := len(spaces.ReplaceAllString(document, "")); size > 6144 {
				t.Errorf("%s has %d characters", valueOf(call, "--policy-name"), size)
			}
			documents["arn:aws:iam::123456789012:policy/"+valueOf(call, "--policy-name")] = document
		case "aws iam create-role":
			parse(iam.TrustPolicy, valueOf(call, "--assume-role-policy-document"))
			roles[role] = nil
		case "aws iam attach-role-policy":
			roles[role] = append(roles[role], parse(iam.IdentityPolicy, documents[valueOf(call, "--policy-arn")]))
		case "aws iam put-role-policy":
			roles[role] = append(roles[role], parse(iam.IdentityPolicy, document))
		case "aws s3api put-bucket-policy":
			parse(iam.ResourcePolicy, valueOf(call, "--policy"))
		case "pulumi config set":
			set = append(set, strings.Join(call[3:], " "))
		}
	}
	if want := "tally:permissionsBoundary arn:aws:iam::123456789012:policy/boundary-tally-dev --stack dev"; !slices.Contains(set, want) {
		t.Errorf("the guide sets %q, want %s", set, want)
	}

	const state = "arn:aws:s3:::tally-state-123456789012"
	read, write := []string{"s3:GetObject"}, []string{"s3:GetObject", "s3:PutObject", "s3:DeleteObject"}
	for _, test := range []struct {
		resource            string
		actions             []string
		deployer, previewer []string // the actions that each role is allowed
	}{
		{state, []string{"s3:ListBucket", "s3:DeleteBucket", "s3:PutBucketPolicy", "s3:PutBucketVersioning"}, []string{"s3:ListBucket"}, []string{"s3:ListBucket"}},
		{state + "/.pulumi/meta.yaml", write, read, read},
		{state + "/.pulumi/stacks/tally/dev.json", write, write, read},
		{state + "/.pulumi/stacks/tally/dev.json.bak", write, write, read},
		{state + "/.pulumi/history/tally/dev/dev-1.history.json", write, write, read},
		{state + "/.pulumi/backups/tally/dev/dev.1.json", write, write, read},
		{state + "/.pulumi/locks/organization/tally/dev/1.json", write, write, read},
		{state + "/.pulumi/stacks/tally/dev-2.json", write, nil, nil},
		{state + "/.pulumi/stacks/tally/prod.json", write, nil, nil},
		{state + "/.pulumi/history/tally/dev-2/dev-2-1.history.json", write, nil, nil},
		{state + "/.pulumi/locks/organization/tally/prod/1.json", write, nil, nil},
		{"arn:aws:s3:::another-bucket/object", write, nil, nil},
		{stateKey, []string{"kms:Decrypt", "kms:Encrypt", "kms:PutKeyPolicy", "kms:TagResource", "kms:CreateGrant"}, []string{"kms:Decrypt", "kms:Encrypt"}, []string{"kms:Decrypt"}},
		{function("tally-dev-main-f-1a2b3c4"), []string{"lambda:GetFunction", "lambda:InvokeFunction"}, []string{"lambda:GetFunction"}, nil},
	} {
		for name, want := range map[string][]string{"deploy-tally-dev": test.deployer, "preview-tally-dev": test.previewer} {
			for _, action := range test.actions {
				got := iam.Evaluate(ask(action, test.resource), roles[name])
				if (got.Effect == iam.Allow) != slices.Contains(want, action) {
					t.Errorf("%s: %s on %s: %s", name, action, test.resource, fmt.Sprint(got))
				}
			}
		}
	}
}
