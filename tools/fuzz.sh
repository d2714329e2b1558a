#!/bin/sh
# Runs every fuzz test of the program and the local cloud, one after the other, for
# the given time each (default 60s), and exits with 1 if any has failed. A second
# argument is a regular expression for the names: tools/fuzz.sh 5m 'iam FuzzGlob'.
#
# Go writes an input that fails to the package's testdata/fuzz; go test then runs it with
# the seeds. Turn it into a test case with a name, and delete the file.
set -eu
cd "$(dirname "$0")/.."
time=${1:-60s} names=${2:-.}
export GOFLAGS=-trimpath

failed=0
for module in . localcloud; do
	list=$(cd "$module" && grep -rl '^func Fuzz' --include='*_test.go' . | sort)
	for file in $list; do
		package=$(dirname "$file")
		for fuzz in $(sed -n 's/^func \(Fuzz[A-Za-z0-9]*\)(.*/\1/p' "$module/$file"); do
			echo "$module/${package#./} $fuzz" | grep -qE -- "$names" || continue
			echo "== $module/${package#./} $fuzz"
			# One worker leaves the machine usable. By default, Go spends up to a minute
			# on shortening each new input, and runs little else.
			(cd "$module" && go test "$package" -run '^$' -fuzz "^$fuzz\$" -fuzztime "$time" -fuzzminimizetime 100x -parallel 1) || failed=1
		done
	done
done
exit $failed
