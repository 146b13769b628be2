# SPDX-License-Identifier: Apache-2.0
if(TARGET sekisho-dashboard)
  add_test(NAME lint.dashboard_routes
    COMMAND /usr/bin/python3 ${CMAKE_CURRENT_LIST_DIR}/dashboard_routes.py $<TARGET_FILE:sekisho-dashboard> ${CMAKE_SOURCE_DIR})
  set_tests_properties(lint.dashboard_routes PROPERTIES TIMEOUT 60 LABELS lint)
endif()
add_test(NAME lint.api_list COMMAND /usr/bin/python3 ${CMAKE_CURRENT_LIST_DIR}/api_list.py ${CMAKE_SOURCE_DIR})
set_tests_properties(lint.api_list PROPERTIES TIMEOUT 60 LABELS lint)
