# SPDX-License-Identifier: Apache-2.0
add_test(NAME lint.keys COMMAND /usr/bin/python3 ${CMAKE_SOURCE_DIR}/schemas/config/generate.py --check)
set_tests_properties(lint.keys PROPERTIES TIMEOUT 60 LABELS lint)
