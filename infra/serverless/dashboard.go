package serverless

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// widget is one graph of the dashboard.
type widget struct {
	title   string
	metrics []metric
}

// show adds a graph to the dashboard.
func (e *Environment) show(title string, metrics ...metric) {
	e.widgets = append(e.widgets, widget{title, metrics})
}

// dashboard creates the dashboard of all components, named
// <project>-<stack>-<environment>, with two graphs per row. The first two graphs
// show the metrics that the functions themselves report, in the project's
// namespace.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
func (e *Environment) dashboard() (*cloudwatch.Dashboard, error) {
	const width, height = 12, 6
	var graphs pulumi.Array
	add := func(title string, metrics pulumi.Array) {
		i := len(graphs)
		graphs = append(graphs, pulumi.Map{
			"type": pulumi.String("metric"), "width": pulumi.Int(width), "height": pulumi.Int(height),
			"x": pulumi.Int(i % 2 * width), "y": pulumi.Int(i / 2 * height),
			"properties": pulumi.Map{
				"title": pulumi.String(title), "region": e.region, "view": pulumi.String("timeSeries"),
				"period": pulumi.Int(60), "metrics": metrics,
			},
		})
	}
	add("Work done", e.search("environment,service"))
	add("Work rejected, by reason", e.search("environment,reason,service"))
	for _, w := range e.widgets {
		add(w.title, lines(w.metrics))
	}
	return cloudwatch.NewDashboard(e.ctx, e.child("dashboard"), &cloudwatch.DashboardArgs{
		DashboardName: pulumi.String(e.physical("")),
		DashboardBody: pulumi.JSONMarshal(pulumi.Map{"widgets": graphs}),
	}, e.own()...)
}

// dimension returns the value of the metric dimension "environment". It
// distinguishes the environments of a project in the same region and account.
func (e *Environment) dimension() string { return e.ctx.Stack() + "-" + e.name }

// search returns an expression that finds the metrics of the environment with
// these dimensions.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
func (e *Environment) search(dimensions string) pulumi.Array {
	return pulumi.Array{pulumi.Array{pulumi.Map{"expression": pulumi.String(fmt.Sprintf(
		`SEARCH('{%s,%s} environment="%s"', 'Sum', 60)`, e.ctx.Project(), dimensions, e.dimension()))}}}
}

// lines returns metrics in the form that a graph requires: namespace, name, each
// dimension's name and value, and options.
func lines(metrics []metric) pulumi.Array {
	var all pulumi.Array
	for _, m := range metrics {
		line := pulumi.Array{pulumi.String(m.namespace), pulumi.String(m.name)}
		for _, name := range slices.Sorted(maps.Keys(m.dimensions)) {
			line = append(line, pulumi.String(name), m.dimensions[name])
		}
		all = append(all, append(line, pulumi.Map{"stat": pulumi.String(m.statistic)}))
	}
	return all
}
