# SPDX-License-Identifier: Apache-2.0
foreach(case import_all_or_nothing passages roles_and_refusals nothing_personal_in_the_log)
  add_test(NAME e2e.roster.${case} COMMAND /usr/bin/python3 ${CMAKE_CURRENT_SOURCE_DIR}/roster.py ${CMAKE_BINARY_DIR} ${case})
  set_tests_properties(e2e.roster.${case} PROPERTIES TIMEOUT 300 LABELS e2e)
endforeach()
foreach(case every_act long_files)
  add_test(NAME e2e.rights.${case} COMMAND /usr/bin/python3 ${CMAKE_CURRENT_SOURCE_DIR}/rights.py ${CMAKE_BINARY_DIR} ${case})
  set_tests_properties(e2e.rights.${case} PROPERTIES TIMEOUT 300 LABELS e2e)
endforeach()
