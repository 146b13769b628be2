# SPDX-License-Identifier: Apache-2.0
if(TARGET sekisho-dashboard)
  add_executable(make_log ${CMAKE_CURRENT_LIST_DIR}/make_log.c)
  target_link_libraries(make_log PRIVATE sk_store)
  add_test(NAME integration.dashboard_api
    COMMAND /usr/bin/python3 ${CMAKE_CURRENT_LIST_DIR}/dashboard_api.py $<TARGET_FILE:sekisho-dashboard> ${CMAKE_SOURCE_DIR})
  set_tests_properties(integration.dashboard_api PROPERTIES TIMEOUT 300 LABELS "integration;threads"
    ENVIRONMENT SEKISHO_MAKE_LOG=$<TARGET_FILE:make_log>)
endif()
