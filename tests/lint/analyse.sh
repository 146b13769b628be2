#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The slow analyzers of `./run test --full`: clang-format, clang-tidy and cppcheck over our own files. Usage: analyse.sh BUILD_DIR
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
build=$1 status=0
mapfile -t sources < <(git ls-files '*.c' | grep -E '^(schemas|drivers|collector|dashboard-api|sim)/')
mapfile -t all < <(git ls-files '*.c' '*.h' | grep -vE '^tests/vectors/')
echo "clang-format over ${#all[@]} files"
clang-format --dry-run --Werror "${all[@]}" || status=1
echo "clang-tidy over ${#sources[@]} files"
printf '%s\n' "${sources[@]}" | xargs -P 2 -n 8 clang-tidy -p "$build" --quiet --warnings-as-errors='*' 2>/dev/null || status=1
echo "cppcheck over ${#sources[@]} files"
cppcheck --quiet --enable=warning,portability --inline-suppr --error-exitcode=1 --suppress=missingIncludeSystem --std=c11 -D_GNU_SOURCE \
  -I. -j 2 "${sources[@]}" || status=1
exit $status
