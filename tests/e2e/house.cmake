# SPDX-License-Identifier: Apache-2.0
add_test(NAME e2e.kill9 COMMAND /usr/bin/python3 ${CMAKE_CURRENT_SOURCE_DIR}/kill9.py ${CMAKE_BINARY_DIR})
set_tests_properties(e2e.kill9 PROPERTIES TIMEOUT 1800 LABELS e2e)
