# SPDX-License-Identifier: Apache-2.0
if(TARGET sekisho-dashboard)
  add_executable(make_log ${CMAKE_CURRENT_LIST_DIR}/make_log.c)
  target_link_libraries(make_log PRIVATE sk_store)
  foreach(script dashboard_api dashboard_streams dashboard_wall)
    add_test(NAME integration.${script}
      COMMAND /usr/bin/python3 ${CMAKE_CURRENT_LIST_DIR}/${script}.py $<TARGET_FILE:sekisho-dashboard> ${CMAKE_SOURCE_DIR})
    set_tests_properties(integration.${script} PROPERTIES TIMEOUT 300 LABELS "integration;threads"
      ENVIRONMENT SEKISHO_MAKE_LOG=$<TARGET_FILE:make_log>)
  endforeach()
endif()
