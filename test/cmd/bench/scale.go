package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"

	"tally/test/cmd/bench/report"
)

const emptyProgram = `package main

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

func main() { pulumi.Run(func(*pulumi.Context) error { return nil }) }
`

// scaleProgram declares as many functions as its configuration says, all with the
// same bundle.
const scaleProgram = `package main

import (
	"fmt"
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"tally/infra/serverless"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		setting := func(key string) string {
			value, _ := ctx.GetConfig("scale:" + key)
			return value
		}
		functions, err := strconv.Atoi(setting("functions"))
		if err != nil {
			return err
		}
		env, err := serverless.NewEnvironment(ctx, "main", &serverless.EnvironmentArgs{Region: pulumi.String("us-east-1")})
		if err != nil {
			return err
		}
		for i := range functions {
			_, err := serverless.NewFunction(env, fmt.Sprintf("f%d", i), &serverless.FunctionArgs{
				Code:         pulumi.NewFileArchive(setting("code")),
				Architecture: pulumi.String(setting("architecture")),
			})
			if err != nil {
				return err
			}
		}
		return env.Complete()
	})
}
`

// scale measures what a resource costs in generated programs of growing size. It
// must not cost more in the larger one.
func (b *bench) scale(ctx context.Context) ([]report.Row, error) {
	p, err := b.newProgram(ctx, "scale", scaleProgram)
	if err != nil {
		return nil, err
	}
	commands := []struct{ name, args string }{
		{"up from nothing", create}, {"preview without changes", preview}, {"up without changes", up},
	}
	rows := make([][]report.Row, len(commands))
	for _, size := range b.sizes {
		stack := fmt.Sprintf("local-%d", size)
		if err := p.configure(ctx, stack, size); err != nil {
			return nil, err
		}
		for i, command := range commands {
			var t timings
			if err := p.pulumi(ctx, command.args, stack, &t); err != nil {
				return nil, err
			}
			resources, err := p.resources(ctx, stack)
			if err != nil {
				return nil, err
			}
			row := report.Row{
				Name: fmt.Sprintf("%s, functions: %d, resources: %d", command.name, size, resources), Unit: "ms each",
				Here: report.Measurement{{t.whole.Median() / float64(resources)}},
			}
			if n := len(rows[i]); n > 0 {
				row.Goal = report.Goal{Base: report.Absolute, Limit: rows[i][n-1].Here.Median(), Text: fmt.Sprintf("functions: %d", b.sizes[n-1])}
			}
			rows[i] = append(rows[i], row)
		}
	}
	var all []report.Row
	for _, r := range rows {
		all = append(all, r...)
	}
	return all, nil
}

// configure creates a stack with a number of functions.
func (p program) configure(ctx context.Context, stack string, functions int) error {
	architecture := map[string]string{"amd64": "x86_64", "arm64": "arm64"}[runtime.GOARCH]
	code := filepath.Join("..", "bin", "functions", runtime.GOOS+"-"+runtime.GOARCH, "add-numbers.zip")
	script := []string{fmt.Sprintf("cd '%s'", p.dir), "pulumi --non-interactive stack init " + stack}
	for _, setting := range []string{fmt.Sprintf("functions %d", functions), "code " + code, "architecture " + architecture} {
		script = append(script, "pulumi --non-interactive config set --stack "+stack+" "+setting)
	}
	_, err := p.cloud.run(ctx, strings.Join(script, "\n"))
	return err
}

// resources returns how many resources a stack has.
func (p program) resources(ctx context.Context, stack string) (int, error) {
	raw, err := p.cloud.run(ctx, fmt.Sprintf("cd '%s'; pulumi --non-interactive stack export --stack %s", p.dir, stack))
	if err != nil {
		return 0, err
	}
	var state struct {
		Deployment struct{ Resources []json.RawMessage }
	}
	err = json.Unmarshal([]byte(raw), &state)
	return len(state.Deployment.Resources), err
}
