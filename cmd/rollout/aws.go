package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// errUnlike means that two versions cannot share an alias, because their roles or
// dead-letter queues differ.
var errUnlike = errors.New("the versions cannot share " + live)

// transient reports whether AWS may accept the same request later.
func transient(err error) bool {
	return retry.NewStandard().IsErrorRetryable(err)
}

// newCloud returns the functions on AWS, or on the local cloud. stack is the prefix
// of the names of the stack's alarms, and topic the ARN of the topic that they
// notify.
func newCloud(config aws.Config, stack, topic string) cloud {
	l := lambdaClient{lambda.NewFromConfig(config)}
	w := newWatcher(config, stack, topic)
	return cloud{
		alias: l.alias, update: l.update, versions: l.versions, referenced: l.referenced, remove: l.remove,
		alarms: w.alarms, metrics: w.metrics,
	}
}

type lambdaClient struct{ *lambda.Client }

func (l lambdaClient) alias(ctx context.Context, function string) (alias, error) {
	out, err := l.GetAlias(ctx, &lambda.GetAliasInput{FunctionName: &function, Name: aws.String(live)})
	if err != nil {
		return alias{}, err
	}
	return decodeAlias(out.FunctionVersion, out.RoutingConfig, out.Description, out.RevisionId)
}

func decodeAlias(version *string, routing *types.AliasRoutingConfiguration, description, revision *string) (a alias, err error) {
	if a.version, err = strconv.Atoi(aws.ToString(version)); err != nil {
		return a, fmt.Errorf("alias %s points to %s, not to a published version", live, aws.ToString(version))
	}
	if routing != nil {
		for additional, weight := range routing.AdditionalVersionWeights { // at most one
			if a.additional, err = strconv.Atoi(additional); err != nil {
				return a, fmt.Errorf("alias %s: version %q: %w", live, additional, err)
			}
			a.percent = percentOf(weight)
		}
	}
	a.description, a.revision = aws.ToString(description), aws.ToString(revision)
	return a, nil
}

// update always sends the routing, because a request without it retains the present
// one.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_UpdateAlias.html
func (l lambdaClient) update(ctx context.Context, function string, a alias) (alias, error) {
	weights := map[string]float64{}
	if a.additional != 0 {
		weights[strconv.Itoa(a.additional)] = float64(a.percent) / 100
	}
	out, err := l.UpdateAlias(ctx, &lambda.UpdateAliasInput{
		FunctionName: &function, Name: aws.String(live), FunctionVersion: aws.String(strconv.Itoa(a.version)),
		RoutingConfig: &types.AliasRoutingConfiguration{AdditionalVersionWeights: weights},
		Description:   &a.description, RevisionId: &a.revision,
	})
	if _, ok := errors.AsType[*types.PreconditionFailedException](err); ok {
		return alias{}, errChanged
	}
	if _, ok := errors.AsType[*types.InvalidParameterValueException](err); ok && len(weights) > 0 {
		return alias{}, fmt.Errorf("%w: %w: use -strategy %s", errUnlike, err, allAtOnce)
	}
	if err != nil {
		return alias{}, err
	}
	return decodeAlias(out.FunctionVersion, out.RoutingConfig, out.Description, out.RevisionId)
}

func (l lambdaClient) versions(ctx context.Context, function string) (versions []int, err error) {
	pages := lambda.NewListVersionsByFunctionPaginator(l, &lambda.ListVersionsByFunctionInput{FunctionName: &function})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, v := range page.Versions {
			if n, err := strconv.Atoi(aws.ToString(v.Version)); err == nil { // not $LATEST
				versions = append(versions, n)
			}
		}
	}
	slices.Sort(versions)
	return versions, nil
}

func (l lambdaClient) referenced(ctx context.Context, function string) (map[int]bool, error) {
	used := map[int]bool{}
	pages := lambda.NewListAliasesPaginator(l, &lambda.ListAliasesInput{FunctionName: &function})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, found := range page.Aliases {
			a, err := decodeAlias(found.FunctionVersion, found.RoutingConfig, nil, nil)
			if err != nil {
				continue // it points to $LATEST, which is not deleted
			}
			used[a.version], used[a.additional] = true, true
		}
	}
	return used, nil
}

func (l lambdaClient) remove(ctx context.Context, function string, version int) error {
	_, err := l.DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: &function, Qualifier: aws.String(strconv.Itoa(version))})
	return err
}
