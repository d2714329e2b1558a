#!/bin/sh
# Makes sure that there is a Pulumi: the user's own where it is recent enough,
# else the pinned CLI and Go language host, built from the module proxy into
# bin/pulumi. That folder exists only where it is needed; it comes first on the
# PATH of the Makefile and of `localcloud env`.
set -eu
cd "$(dirname "$0")/.."

oldest=3.200.0 # the oldest CLI that is known to do what the Makefile asks of it
own=$(command -v pulumi || true)
case $own in "$PWD"/bin/*) own= ;; esac

if [ -n "$own" ] && command -v pulumi-language-go >/dev/null; then
  version=$("$own" version | sed 's/^v//')
  if [ "$(printf '%s\n' "$oldest" "$version" | sort -V | head -n 1)" = "$oldest" ]; then
    rm -rf bin/pulumi
    exit 0
  fi
  echo "pulumi $version on PATH is older than $oldest: building a newer one"
fi

# build NAME PACKAGE TIME: builds NAME of module tools/NAME into bin/pulumi, where
# it is not there yet. The CLI has no version but the one the linker gives it.
build() {
  stamp=$(cat "tools/$1/go.mod" "tools/$1/go.sum" | cksum)
  if [ -x "bin/pulumi/$1" ] && [ "$(cat "bin/pulumi/.$1" 2>/dev/null)" = "$stamp" ]; then
    return
  fi
  echo "building $1 from the Go module proxy into bin/pulumi: $3, once"
  from=$(date +%s)
  (
    cd "tools/$1"
    export GOFLAGS=-trimpath GOWORK=off
    version=$(go list -m -f '{{.Version}}' "${2%%/v3/*}/v3")
    go build -ldflags "-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=$version" -o "../../bin/pulumi/$1" "$2"
  )
  echo "$stamp" >"bin/pulumi/.$1"
  echo "built $1 in $(($(date +%s) - from)) s"
}

build pulumi github.com/pulumi/pulumi/pkg/v3/cmd/pulumi "4 to 6 minutes on two cores"
build pulumi-language-go github.com/pulumi/pulumi/sdk/v3/go/pulumi-language-go "about a minute"
