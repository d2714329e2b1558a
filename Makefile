# The verbs of tally; `make help` lists them.

# STACK is the environment: local is the local cloud on this machine, any other
# is AWS, reached with your own Pulumi login and AWS credentials.
STACK ?= local

# As Pulumi builds programs: with other flags Go would compile the AWS SDK twice.
export GOFLAGS := -trimpath
# The pinned Pulumi, which is there only where your own is missing or too old.
export PATH := $(CURDIR)/bin/pulumi:$(PATH)

ifeq ($(STACK),local)
# A shell line that makes pulumi, the AWS SDKs and the demo use the local cloud.
TARGET := eval "$$(./bin/localcloud env)" &&
# The local cloud has nothing to lose, and refreshing it costs nothing.
UP := --yes --skip-preview --refresh
DEPLOY_TO := start
endif

.DEFAULT_GOAL := help
.PHONY: help up down preview golden logs test lint bench localcloud pulumi start

help: ## List the verbs
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "STACK=local (the default) is the local cloud; STACK=dev is AWS."

up: $(DEPLOY_TO) pulumi ## Deploy the stack, add 3 and 4 over HTTP and over SNS, say what to try next
	@$(TARGET) pulumi stack select --create --stack $(STACK)
	@$(TARGET) pulumi up --stack $(STACK) $(UP)
	@$(TARGET) go run ./cmd/demo -s $(STACK)

down: ## Remove the stack; locally also the local cloud and all it holds
ifeq ($(STACK),local)
	@if [ -x bin/localcloud ]; then ./bin/localcloud stop --state .localcloud; fi
	@rm -rf .localcloud
else
	pulumi destroy --stack $(STACK)
endif

ifeq ($(STACK),local)
preview: start pulumi ## Show what a deployment would change; of dev, staging, prod without an account
	@$(TARGET) pulumi stack select --create --stack local
	@$(TARGET) pulumi preview --stack local --diff
else
# Against the local cloud, compared with the graph in test/golden.
preview: pulumi
	@go run ./cmd/graph $(STACK)
endif

golden: pulumi ## Write the graphs of dev, staging and prod that previews compare with
	@go run ./cmd/graph -update dev staging prod

logs: ## Follow the functions' logs (FUNCTION=handle-message for one)
ifeq ($(STACK),local)
	@./bin/localcloud logs --follow $(FUNCTION)
else
	aws logs tail --follow /aws/lambda/tally-$(STACK)-$(or $(FUNCTION),handle-message)
endif

test: pulumi localcloud ## Run every test
	@./tools/test.sh

lint: ## Check format, vet (also for macOS) and staticcheck
	@./tools/lint.sh

bench: ## Run the benchmarks
	@go -C localcloud test -run '^$$' -bench . ./...
	@go test -run '^$$' -bench . ./infra/bundle/...

# What the verbs need.

pulumi:
	@./tools/toolchain.sh

localcloud:
	@go -C localcloud build -o ../bin/localcloud ./cmd/localcloud

start: localcloud
	@./bin/localcloud start --detach
