#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The slow analyzers of `./run test --full`: clang-format, clang-tidy and cppcheck over our own files.
# Usage: analyse.sh BUILD_DIR (of clang, for its compile_commands.json)
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
build=$1 status=0
mapfile -t sources < <(git ls-files '*.c' | grep -E '^(schemas|drivers|collector|dashboard-api|sim)/')
mapfile -t all < <(git ls-files '*.c' '*.h' | grep -vE '^tests/vectors/')
step() { printf '%s (%d s so far)\n' "$1" "$SECONDS"; }

step "clang-format over ${#all[@]} files"
clang-format --dry-run --Werror "${all[@]}" || status=1

# One file a run: in a second file the analyzer of release 14 no longer knows va_start.
step "clang-tidy over ${#sources[@]} files"
printf '%s\n' "${sources[@]}" | xargs -P 2 -n 1 clang-tidy -p "$build" --quiet --warnings-as-errors='*' 2>/dev/null || status=1

step "cppcheck over ${#sources[@]} files"
cppcheck --quiet --enable=warning,portability --inline-suppr --error-exitcode=1 --suppress=missingIncludeSystem --library=tests/lint/cppcheck.cfg \
  --std=c11 -D_GNU_SOURCE -I. -j 2 "${sources[@]}" || status=1
step "done"
exit $status
