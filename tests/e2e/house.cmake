# SPDX-License-Identifier: Apache-2.0
add_test(NAME e2e.kill9 COMMAND /usr/bin/python3 ${CMAKE_CURRENT_SOURCE_DIR}/kill9.py ${CMAKE_BINARY_DIR})
set_tests_properties(e2e.kill9 PROPERTIES TIMEOUT 1800 LABELS e2e)
foreach(case bad_lines roles_and_refusals acknowledge_once feed_is_whole restart_is_no_event second_collector_is_refused
    touch_false_keeps_no_session_alive log_cannot_be_written poller_dies stall_is_no_alarm)
  add_test(NAME e2e.collector.${case} COMMAND /usr/bin/python3 ${CMAKE_CURRENT_SOURCE_DIR}/collector.py ${CMAKE_BINARY_DIR} ${case})
  set_tests_properties(e2e.collector.${case} PROPERTIES TIMEOUT 300 LABELS "e2e;threads")
endforeach()
add_test(NAME e2e.demo COMMAND /usr/bin/python3 ${CMAKE_CURRENT_SOURCE_DIR}/demo.py ${CMAKE_BINARY_DIR})
set_tests_properties(e2e.demo PROPERTIES TIMEOUT 400 LABELS e2e)
add_test(NAME e2e.no_card_kept COMMAND /usr/bin/python3 ${CMAKE_CURRENT_SOURCE_DIR}/no_card_kept.py ${CMAKE_BINARY_DIR})
set_tests_properties(e2e.no_card_kept PROPERTIES TIMEOUT 300 LABELS e2e)
add_test(NAME e2e.broker_death COMMAND /usr/bin/python3 ${CMAKE_CURRENT_SOURCE_DIR}/broker_death.py ${CMAKE_BINARY_DIR})
set_tests_properties(e2e.broker_death PROPERTIES TIMEOUT 900 LABELS e2e)
