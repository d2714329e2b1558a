# The commands for working on tally. `make help` lists them.

# STACK is the environment: local is in the local cloud on this machine. Any
# other is in AWS and requires your own Pulumi login and AWS credentials.
STACK ?= local

# Pulumi builds programs with this flag; without it, Go would compile Pulumi's
# AWS SDK a second time.
export GOFLAGS := -trimpath
# The pinned Pulumi exists only if your own is missing or too old.
export PATH := $(CURDIR)/bin/pulumi:$(PATH)

ifeq ($(STACK),local)
# The prefix of shell commands that makes pulumi, the AWS SDKs and the demo use
# the local cloud.
TARGET := eval "$$(./bin/localcloud env)" &&
# Local deployments need no confirmation because no valuable data can be lost.
# They refresh the stack because a refresh from the local cloud is fast.
UP := --yes --skip-preview --refresh
DEPLOY_TO := start
DOWN_WITH := localcloud
endif

.DEFAULT_GOAL := help
.PHONY: help up dev debug down preview generate new-function logs test fuzz lint bench edits microbench localcloud pulumi start

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "STACK=local (the default) uses the local cloud; STACK=dev, staging or prod uses AWS."

up: pulumi $(DEPLOY_TO) ## Deploy the stack, roll out new versions, add 3 and 4 over HTTP and over SNS
	@$(TARGET) pulumi stack select --create --stack $(STACK)
	@$(TARGET) pulumi up --stack $(STACK) $(UP)
	@$(TARGET) go run ./cmd/rollout -s $(STACK)
	@$(TARGET) go run ./cmd/demo -s $(STACK)

dev: pulumi start ## Make edits of the local stack and its functions live at once, and show what happens; q ends
	@go build -o bin/dev ./cmd/dev
	@eval "$$(./bin/localcloud env)" && ./bin/dev -s $(STACK)

debug: pulumi start ## Run FUNCTION of the local stack under delve, for a debugger on port 2345; q ends
	@test "$(FUNCTION)" || { echo "make debug needs a function, such as FUNCTION=add-numbers"; exit 1; }
	@cd tools/delve && CGO_ENABLED=0 go build -ldflags "-s -w" -o ../../bin/dlv github.com/go-delve/delve/cmd/dlv
	@go build -o bin/dev ./cmd/dev
	@eval "$$(./bin/localcloud env)" && ./bin/dev -s $(STACK) -debug "$(FUNCTION)"

down: $(DOWN_WITH) ## Remove the stack; locally, also stop the local cloud and delete its state
ifeq ($(STACK),local)
	@./bin/localcloud stop --delete
else
	pulumi destroy --stack $(STACK)
endif

ifeq ($(STACK),local)
preview: pulumi start ## Show what a deployment would change; no AWS account needed, even for dev, staging and prod
	@$(TARGET) pulumi stack select --create --stack local
	@$(TARGET) pulumi preview --stack local --diff
else
# Runs against the local cloud and compares the result with the graph in
# test/golden.
preview: pulumi
	@go run ./cmd/graph $(STACK)
endif

generate: pulumi ## Rewrite everything generated: graphs, lists, IAM policies, controls, the local cloud's tables
	@go test ./infra -update
	@go run ./cmd/graph -update dev staging prod
	@go -C localcloud test ./cmd/localcloud -run TestReadme -update

new-function: ## Write the function NAME and declare it for TRIGGER: "POST /greet", topic:numbers, queue:orders or "schedule:rate(1 hour)"
	@go run ./cmd/newfunction "$$NAME" "$$TRIGGER"

logs: ## Follow the log of FUNCTION; the default is every function locally, handle-message on AWS
ifeq ($(STACK),local)
	@./bin/localcloud logs --follow $(FUNCTION)
else
	aws logs tail --follow /aws/lambda/tally-$(STACK)-main-$(or $(FUNCTION),handle-message)
endif

test: pulumi localcloud ## Run all tests
	@./tools/test.sh

fuzz: ## Run every fuzz test for a minute each, or for TIME
	@./tools/fuzz.sh $(TIME)

lint: ## Run gofmt, go mod tidy, go vet (also for macOS), staticcheck and actionlint
	@./tools/lint.sh

# BENCH are flags of the command, such as BENCH=-long; see test/cmd/bench.
bench: pulumi ## Measure speed, memory and deployments beside a floor, into docs/benchmarks.md (10 minutes)
	@go -C test run ./cmd/bench -docs ../docs $(BENCH)

edits: pulumi localcloud ## Measure under load how fast 20 edits are live with make dev (2 minutes)
	@cd test && TALLY_EDITS=20 TALLY_EDITS_MEDIAN_MS=1000 go test -count=1 -v -run '^TestEdits$$' .

microbench: ## Run the benchmarks of single packages
	@go -C localcloud test -run '^$$' -bench . ./...
	@go test -run '^$$' -bench . ./infra/bundle/...

# Prerequisites of the commands above.

pulumi:
	@./tools/toolchain.sh

localcloud:
	@go -C localcloud build -o ../bin/localcloud ./cmd/localcloud

start: localcloud
	@./bin/localcloud start --detach
