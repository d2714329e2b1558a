#!/bin/sh
# Runs all tests of all modules. Packages that use Pulumi's AWS SDK are tested
# without the race detector: it would require compiling that SDK a second time,
# and these packages have no concurrency of their own.
set -eu
cd "$(dirname "$0")/.."
export GOFLAGS=-trimpath GOWORK=off

root=$PWD
(cd tools/gotestsum && go build -o "$root/bin/gotestsum" gotest.tools/gotestsum)

status=0
run() { # run FOLDER TITLE GO-TEST-ARGUMENT...
  echo "test: $2"
  folder=$1
  shift 2
  (cd "$folder" && "$root/bin/gotestsum" --format pkgname --format-hide-empty-pkg -- "$@") || status=1
}
# With the race detector, the engine of the store also checks itself all the time, and
# processes need many times their memory.
run localcloud "1 of 4: the local cloud, with the race detector" -race $(cd localcloud && go list ./... | grep -v /store$)
run localcloud "1 of 4: the store, without it" ./store
run localcloud "1 of 4: the memory of functions, without it" -run TestMemoryOfChildren ./lambda/process
run . "2 of 4: the functions and the commands, with the race detector" -race ./internal/... ./functions/... ./examples/.../functions/... ./cmd/...
run . "3 of 4: the stack with mocks" ./infra/... ./examples/.../infra/...
run test "4 of 4: end to end, with the Pulumi engine" -timeout 60m ./...
exit $status
