# SPDX-License-Identifier: Apache-2.0
foreach(case entries_of_people perhaps_inside muster muster_without_a_disk guests_on_the_roll)
  add_test(NAME e2e.presence.${case} COMMAND /usr/bin/python3 ${CMAKE_CURRENT_SOURCE_DIR}/presence.py ${CMAKE_BINARY_DIR} ${case})
  set_tests_properties(e2e.presence.${case} PROPERTIES TIMEOUT 300 LABELS e2e)
endforeach()
add_test(NAME e2e.muster_page COMMAND /usr/bin/python3 ${CMAKE_CURRENT_LIST_DIR}/muster_page.py ${CMAKE_BINARY_DIR})
set_tests_properties(e2e.muster_page PROPERTIES TIMEOUT 300 LABELS e2e SKIP_RETURN_CODE 77)
