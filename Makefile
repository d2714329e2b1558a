# The commands for working on tally. `make help` lists them.

# STACK is the environment: local is in the local cloud on this machine. Any
# other is in AWS and requires your own Pulumi login and AWS credentials.
STACK ?= local

# Pulumi builds programs with this flag; without it, Go would compile Pulumi's
# AWS SDK a second time.
export GOFLAGS := -trimpath
# The pinned Pulumi exists only if your own is missing or too old.
export PATH := $(CURDIR)/bin/pulumi:$(PATH)

# local and every local-… are in the local cloud.
LOCAL := $(filter local local-%,$(STACK))

ifneq ($(LOCAL),)
# The prefix of commands that makes pulumi, the AWS SDKs and the demo use the local cloud.
TARGET := ./bin/localcloud run --
# Local deployments need no confirmation because no valuable data can be lost. The demo
# prints the outputs that matter.
UP := --yes --skip-preview --suppress-outputs
# They refresh the stack first, because a refresh from the local cloud is fast, and show it
# only if it fails. The local cloud has deleted what an interrupted deployment had created.
REFRESH = out=$$($(TARGET) pulumi refresh --stack $(STACK) --yes --skip-preview --clear-pending-creates 2>&1) || { echo "$$out" >&2; false; }
RUNNING := start
# The last line of `make up`.
CONSOLE := printf '\n  make console, or once, within 15 minutes: ' && ./bin/localcloud console
# Says what the functions did if the demo fails.
WHY := { ./bin/localcloud logs --failed --since 2m --wait 2s; false; }
else
WHY := false
REFRESH := :
# Pulumi keeps the lock of a deployment that was killed.
KILLED := || { s=$$?; [ $$s -ne 137 ] || echo "If no other deployment runs, release the lock with: pulumi cancel --stack $(STACK)" >&2; exit $$s; }
endif

.DEFAULT_GOAL := help
.PHONY: help up dev debug down preview generate new-function console logs test drill fuzz lint bench edits microbench localcloud pulumi start known

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "STACK=local (the default) and STACK=local-… use the local cloud; STACK=dev, staging or prod uses AWS."

up: known pulumi $(RUNNING) ## Deploy the stack, roll out new versions, add 3 and 4 over HTTP and over SNS
	@$(TARGET) pulumi stack select --create --stack $(STACK)
	@$(REFRESH)
	@$(TARGET) pulumi up --stack $(STACK) $(UP) $(KILLED)
	@$(TARGET) go run ./cmd/rollout -s $(STACK)
	@$(TARGET) go run ./cmd/demo -s $(STACK) || $(WHY)
	@$(CONSOLE)

dev: known pulumi start ## Make edits of the local stack and its functions live at once, and show what happens; q ends
	@go build -o bin/dev ./cmd/dev
	@$(TARGET) ./bin/dev -s $(STACK)

debug: known pulumi start ## Run FUNCTION of the local stack under delve, for a debugger on port 2345; q ends
	@test "$(FUNCTION)" || { echo "make debug needs a function, such as FUNCTION=add-numbers"; exit 1; }
	@cd tools/delve && CGO_ENABLED=0 go build -ldflags "-s -w" -o ../../bin/dlv github.com/go-delve/delve/cmd/dlv
	@go build -o bin/dev ./cmd/dev
	@$(TARGET) ./bin/dev -s $(STACK) -debug "$(FUNCTION)"

ifeq ($(STACK),local)
down: localcloud ## Remove the stack; with the stack local, also stop the local cloud and delete its state
	@./bin/localcloud stop --delete
else ifneq ($(LOCAL),)
down: known pulumi start
	@$(TARGET) pulumi destroy --stack $(STACK) --yes --skip-preview --remove
else
down: known
	pulumi destroy --stack $(STACK) $(KILLED)
endif

ifneq ($(LOCAL),)
preview: known pulumi start ## Show what a deployment would change; no AWS account needed, even for dev, staging and prod
	@$(TARGET) pulumi stack select --create --stack $(STACK)
	@$(TARGET) pulumi preview --stack $(STACK) --diff
else
# Runs against the local cloud and compares the result with the graph in
# test/golden.
preview: known pulumi
	@go run ./cmd/graph $(STACK)
endif

generate: pulumi ## Rewrite everything generated: graphs, lists, IAM policies, controls, the local cloud's tables
	@go test ./infra -update
	@go test ./infra/serverless -run TestZoneNames -update
	@go run ./cmd/graph -update dev staging prod
	@go -C localcloud test ./cmd/localcloud -run TestReadme -update
	@go -C localcloud test ./internal/timetable -run TestZoneNames -update

new-function: ## Write the function NAME and declare it for TRIGGER: "POST /greet", topic:numbers, queue:orders or "schedule:rate(1 hour)"
	@go run ./cmd/newfunction "$$NAME" "$$TRIGGER"

console: start ## Open the page that shows the local stack at work: what moves, traces, failures, alarms, permissions
	@./bin/localcloud console --open

logs: known ## Follow the log of FUNCTION; the default is every function locally, handle-message on AWS
ifneq ($(LOCAL),)
	@./bin/localcloud logs --follow $(FUNCTION)
else
	aws logs tail --follow /aws/lambda/tally-$(STACK)-main-$(or $(FUNCTION),handle-message)
endif

test: pulumi localcloud ## Run all tests
	@./tools/test.sh

# DRILL are flags of the command, such as DRILL="-docs FILE".
drill: pulumi start ## Raise every alarm of the local stack on purpose, and see that each is heard (4 minutes)
	@export PATH="$(CURDIR)/bin:$$PATH" && $(TARGET) go run ./cmd/drill -s $(STACK) $(DRILL)

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

# A local stack that is new gets the configuration of the stack local.
known:
	@test -e Pulumi.$(STACK).yaml || go run ./cmd/stack $(STACK)

pulumi:
	@./tools/toolchain.sh

localcloud:
	@go -C localcloud build -buildvcs=false -o ../bin/localcloud ./cmd/localcloud

start: localcloud
	@./bin/localcloud start --detach
