package console

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"tally/localcloud/cloud"
	"tally/localcloud/lambda"
	"tally/localcloud/scheduler"
)

// A mapNode is a resource on the map.
type mapNode struct {
	ID     string `json:"id"`   // its ARN, or "client"
	Kind   string `json:"kind"` // "client", "route", "function", "topic", "queue", "table", "schedule" or "endpoint"
	Name   string `json:"name"`
	Label  string `json:"label"` // without what the names of all resources have in common
	Detail string `json:"detail,omitempty"`
	// Failures is whether the resource is a queue for what failed, and Waiting the number
	// of messages in a queue.
	Failures bool   `json:"failures,omitempty"`
	Waiting  int    `json:"waiting,omitempty"`
	Error    string `json:"error,omitempty"` // of the last step that reached it; "" if that succeeded
}

// A mapEdge leads from one resource to another.
type mapEdge struct {
	From   string `json:"from"`
	To     string `json:"to"`
	Kind   string `json:"kind"` // "configured", "granted" by the policy of a role, "failure", or "seen" only
	Label  string `json:"label,omitempty"`
	Count  int    `json:"count"`  // of the steps
	Failed int    `json:"failed"` // of those
}

// client is the ID of the node for everything that is not deployed.
const client = "client"

type graph struct {
	Prefix string    `json:"prefix"` // of the names of all functions
	Nodes  []mapNode `json:"nodes"`
	Edges  []mapEdge `json:"edges"`
}

// graph returns the map: the resources through which requests, messages and events move.
func (c *Console) graph() graph {
	g := &graph{Nodes: []mapNode{{ID: client, Kind: "client", Name: "clients"}}}
	c.addRoutes(g)
	c.addFunctions(g)
	c.addTopics(g)
	c.addQueues(g)
	for _, t := range c.Services.DynamoDB.Tables() {
		g.node(mapNode{ID: t.ARN, Kind: "table", Name: t.Name})
	}
	c.addSchedules(g)
	c.addGrants(g)
	g.addFlows(c)
	g.addErrors(c.Journal.Steps())
	g.label()
	return *g
}

// node returns the ID of the node for a reference to a resource: the ARN of a function
// without the qualifier, that of a table without an index; "client" for "".
func node(arn string) string {
	parts := strings.Split(arn, ":")
	switch {
	case arn == "":
		return client
	case strings.HasPrefix(arn, "arn:aws:lambda:") && len(parts) > 7:
		return strings.Join(parts[:7], ":")
	case strings.HasPrefix(arn, "arn:aws:dynamodb:") && strings.Count(parts[len(parts)-1], "/") > 1:
		table := strings.SplitN(parts[len(parts)-1], "/", 3)
		return strings.Join(parts[:len(parts)-1], ":") + ":" + table[0] + "/" + table[1]
	}
	return arn
}

func (g *graph) node(n mapNode) { g.Nodes = append(g.Nodes, n) }

func (g *graph) has(id string) bool {
	return slices.ContainsFunc(g.Nodes, func(n mapNode) bool { return n.ID == id })
}

func (g *graph) edge(from, to, kind, label string) {
	from, to = node(from), node(to)
	i := slices.IndexFunc(g.Edges, func(e mapEdge) bool { return e.From == from && e.To == to })
	if i < 0 {
		g.Edges = append(g.Edges, mapEdge{From: from, To: to, Kind: kind, Label: label})
	} else if e := &g.Edges[i]; e.Kind == kind && label != "" && !strings.Contains(e.Label, label) {
		e.Label = strings.TrimPrefix(e.Label+", "+label, ", ")
	}
}

func (c *Console) addRoutes(g *graph) {
	for _, api := range c.Services.HTTPAPI.APIs() {
		for _, r := range c.Services.HTTPAPI.Routes(api.ID) {
			g.node(mapNode{ID: r.ARN, Kind: "route", Name: r.Key, Detail: api.Endpoint()})
			g.edge(client, r.ARN, "configured", "")
			g.edge(r.ARN, r.Function, "configured", "")
		}
	}
}

func (c *Console) addFunctions(g *graph) {
	for _, f := range c.Services.Lambda.Functions() {
		g.node(mapNode{ID: f.ARN, Kind: "function", Name: f.Name})
		configs, _ := c.Services.Lambda.EventInvokeConfigs(f.Name) // none if it has been deleted since
		for _, config := range configs {
			if config.OnSuccess != "" {
				g.edge(f.ARN, config.OnSuccess, "configured", "on success")
			}
			if config.OnFailure != "" {
				g.edge(f.ARN, config.OnFailure, "failure", "on failure")
			}
		}
		if f.DeadLetterTargetARN != "" {
			g.edge(f.ARN, f.DeadLetterTargetARN, "failure", "dead letters")
		}
		c.addURLs(g, f)
	}
}

// addURLs adds the URLs of a function.
func (c *Console) addURLs(g *graph, f lambda.Function) {
	urls, _ := c.Services.Lambda.FunctionURLs(f.Name) // none if it has been deleted since
	for _, u := range urls {
		g.node(mapNode{ID: u.Address(), Kind: "route", Name: "URL of " + cloud.Stem(f.Name)})
		g.edge(client, u.Address(), "configured", "")
		g.edge(u.Address(), f.ARN, "configured", "")
	}
}

func (c *Console) addTopics(g *graph) {
	for _, t := range c.Services.SNS.Topics() {
		g.node(mapNode{ID: t.ARN, Kind: "topic", Name: t.Name})
	}
	for _, s := range c.Services.SNS.Subscriptions() {
		if s.Protocol != "lambda" && s.Protocol != "sqs" && !g.has(s.Endpoint) {
			g.node(mapNode{ID: s.Endpoint, Kind: "endpoint", Name: s.Where(), Detail: s.Protocol})
		}
		label := ""
		if s.FilterPolicy != "" {
			label = "filtered"
		}
		g.edge(s.TopicARN, s.Endpoint, "configured", label)
		if to := deadLetterTarget(s.RedrivePolicy); to != "" {
			g.edge(s.TopicARN, to, "failure", "dead letters")
		}
	}
}

// deadLetterTarget returns the ARN of the queue in a RedrivePolicy, or "".
func deadLetterTarget(policy string) string {
	var p struct{ DeadLetterTargetArn string }
	_ = json.Unmarshal([]byte(policy), &p) // "" is no policy
	return p.DeadLetterTargetArn
}

func (c *Console) addQueues(g *graph) {
	failing := c.failureQueues()
	for _, q := range c.Services.SQS.Queues() {
		n, err := c.Services.SQS.Count(q.URL)
		if err != nil {
			continue // it has been deleted since
		}
		g.node(mapNode{ID: q.ARN, Kind: "queue", Name: q.Name, Waiting: n.Available + n.InFlight + n.Delayed, Failures: failing[q.ARN]})
		if to := deadLetterTarget(q.RedrivePolicy); to != "" {
			g.edge(q.ARN, to, "failure", "dead letters")
		}
	}
	mappings, _ := c.Services.Lambda.EventSourceMappings("", "")
	for _, m := range mappings {
		g.edge(m.EventSourceARN, m.Function, "configured", "")
	}
}

func (c *Console) addSchedules(g *graph) {
	schedules, _ := c.Services.Scheduler.List(scheduler.Filter{})
	for _, s := range schedules {
		g.node(mapNode{ID: s.ARN, Kind: "schedule", Name: s.Name, Detail: s.Expression})
		g.edge(s.ARN, s.Target.ARN, "configured", "")
		if s.Target.DeadLetters != "" {
			g.edge(s.ARN, s.Target.DeadLetters, "failure", "dead letters")
		}
	}
	for _, r := range c.Services.Events.Rules() {
		g.node(mapNode{ID: r.ARN, Kind: "schedule", Name: r.Name, Detail: r.Expression})
		for _, t := range r.Targets {
			g.edge(r.ARN, t.ARN, "configured", "")
			if t.DeadLetters != "" {
				g.edge(r.ARN, t.DeadLetters, "failure", "dead letters")
			}
		}
	}
}

// moving are the actions whose grants are edges from the function to the resource.
var moving = []string{"sns:Publish", "sqs:SendMessage", "lambda:InvokeFunction", "dynamodb:"}

// addGrants adds what the roles of functions may use.
func (c *Console) addGrants(g *graph) {
	functions := map[string][]string{} // ARNs by role
	for _, f := range c.Services.Lambda.Functions() {
		role := f.Role[strings.LastIndexByte(f.Role, '/')+1:]
		functions[role] = append(functions[role], f.ARN)
	}
	for _, role := range c.Services.IAM.Access() {
		for _, grant := range role.Grants {
			to := node(grant.Resource)
			moves := slices.ContainsFunc(moving, func(a string) bool { return strings.HasPrefix(strings.ToLower(grant.Action), strings.ToLower(a)) })
			if !moves || !g.has(to) {
				continue
			}
			_, action, _ := strings.Cut(grant.Action, ":")
			for _, f := range functions[role.Role] {
				g.edge(f, to, "granted", action)
			}
		}
	}
}

// addFlows adds the counts of what has moved, and edges where there are none.
func (g *graph) addFlows(c *Console) {
	for _, f := range c.Journal.Flows() {
		from, to := node(f.From), node(f.To)
		if from == to || !g.has(from) || !g.has(to) {
			continue
		}
		g.edge(from, to, "seen", "")
		i := slices.IndexFunc(g.Edges, func(e mapEdge) bool { return e.From == from && e.To == to })
		g.Edges[i].Count += f.Count
		g.Edges[i].Failed += f.Failed
	}
	g.Edges = slices.DeleteFunc(g.Edges, func(e mapEdge) bool { return !g.has(e.From) || !g.has(e.To) })
}

// addErrors adds the error of the last step of each resource, if that failed.
func (g *graph) addErrors(steps []cloud.Step) {
	last := map[string]string{}
	for _, s := range steps {
		last[node(s.To)] = s.Error
	}
	for i := range g.Nodes {
		g.Nodes[i].Error = last[g.Nodes[i].ID]
	}
}

// label labels the nodes with the names without what most have in common, and orders them.
func (g *graph) label() {
	prefix := ""
	for _, n := range g.Nodes {
		if n.Kind != "function" {
			continue
		}
		if prefix == "" {
			prefix = n.Name
		}
		for !strings.HasPrefix(n.Name, prefix) {
			prefix = prefix[:len(prefix)-1]
		}
	}
	prefix = prefix[:strings.LastIndexByte(prefix, '-')+1]
	g.Prefix = prefix
	for i, n := range g.Nodes {
		g.Nodes[i].Label = cmp.Or(strings.TrimPrefix(cloud.Stem(n.Name), prefix), n.Name)
	}
	slices.SortStableFunc(g.Nodes, func(a, b mapNode) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name)) })
	if g.Edges == nil {
		g.Edges = []mapEdge{}
	}
}
