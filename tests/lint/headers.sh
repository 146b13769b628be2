#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every header compiles alone: what a reader opens first must not need luck with the order of includes.
set -euo pipefail
root=$1 status=0 count=0
shift
while IFS= read -r header; do
  count=$((count + 1))
  printf '#include "%s"\n' "$header" | cc -std=gnu17 -D_GNU_SOURCE -DOPENSSL_NO_DEPRECATED -I"$root" -I"$1" -isystem /usr/include/cjson -Wall -Wextra -Werror -fsyntax-only -x c - || {
    echo "header does not compile alone: $header"
    status=1
  }
done < <(cd "$root" && git ls-files '*.h' | grep -E '^(schemas|drivers|collector|dashboard-api|sim)/')
echo "$count headers compiled alone"
((count > 20)) || status=1
exit $status
