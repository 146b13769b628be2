# SPDX-License-Identifier: Apache-2.0
if(TARGET sekisho-dashboard)
  add_test(NAME e2e.dashboard_page
    COMMAND /usr/bin/python3 ${CMAKE_CURRENT_LIST_DIR}/dashboard_page.py $<TARGET_FILE:sekisho-dashboard> ${CMAKE_SOURCE_DIR})
  set_tests_properties(e2e.dashboard_page PROPERTIES TIMEOUT 300 LABELS e2e SKIP_RETURN_CODE 77)
  add_test(NAME e2e.page_sound
    COMMAND /usr/bin/python3 ${CMAKE_CURRENT_LIST_DIR}/page_sound.py $<TARGET_FILE:sekisho-dashboard> ${CMAKE_SOURCE_DIR})
  set_tests_properties(e2e.page_sound PROPERTIES TIMEOUT 300 LABELS e2e SKIP_RETURN_CODE 77)
  add_test(NAME e2e.page_sections COMMAND /usr/bin/python3 ${CMAKE_CURRENT_LIST_DIR}/page_sections.py ${CMAKE_BINARY_DIR})
  set_tests_properties(e2e.page_sections PROPERTIES TIMEOUT 300 LABELS e2e SKIP_RETURN_CODE 77)
endif()
