# SPDX-License-Identifier: Apache-2.0
foreach(case whole_once names_by_role cut_and_limits stalled_client)
  add_test(NAME e2e.export.${case} COMMAND /usr/bin/python3 ${CMAKE_CURRENT_SOURCE_DIR}/export.py ${CMAKE_BINARY_DIR} ${case})
  set_tests_properties(e2e.export.${case} PROPERTIES TIMEOUT 300 LABELS e2e)
endforeach()
