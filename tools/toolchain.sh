#!/bin/sh
# Ensures that Pulumi is available: the user's own installation if it is recent
# enough, otherwise the pinned CLI and Go language host, which this script
# builds from the Go module proxy into bin/pulumi. That folder exists only if
# needed. The Makefile and `localcloud env` put it first on PATH.
set -eu
cd "$(dirname "$0")/.."

minimum=3.200.0 # the oldest CLI known to work with the Makefile
installed=$(command -v pulumi || true)
case $installed in "$PWD"/bin/*) installed= ;; esac

if [ -n "$installed" ] && command -v pulumi-language-go >/dev/null; then
  version=$("$installed" version | sed 's/^v//')
  if [ "$(printf '%s\n' "$minimum" "$version" | sort -V | head -n 1)" = "$minimum" ]; then
    rm -rf bin/pulumi
    exit 0
  fi
  echo "pulumi $version on PATH is older than $minimum: using the pinned version"
fi

# build NAME PACKAGE DURATION: builds NAME from the module tools/NAME into
# bin/pulumi unless it is up to date. It sets the version through the linker
# because the source contains none.
build() {
  stamp=$(cat "tools/$1/go.mod" "tools/$1/go.sum" | cksum)
  if [ -x "bin/pulumi/$1" ] && [ "$(cat "bin/pulumi/.$1" 2>/dev/null)" = "$stamp" ]; then
    return
  fi
  echo "building $1 from the Go module proxy into bin/pulumi: this takes $3, but only once"
  start=$(date +%s)
  (
    cd "tools/$1"
    export GOFLAGS=-trimpath GOWORK=off
    version=$(go list -m -f '{{.Version}}' "${2%%/v3/*}/v3")
    go build -ldflags "-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=$version" -o "../../bin/pulumi/$1" "$2"
  )
  echo "$stamp" >"bin/pulumi/.$1"
  echo "built $1 in $(($(date +%s) - start)) s"
}

build pulumi github.com/pulumi/pulumi/pkg/v3/cmd/pulumi "4 to 6 minutes on two cores"
build pulumi-language-go github.com/pulumi/pulumi/sdk/v3/go/pulumi-language-go "about a minute"
