# SPDX-License-Identifier: Apache-2.0
# The simulator as referee of the drivers.
if(TARGET sekisho-sim AND TARGET sk_driver_modbus AND TARGET sk_driver_mqtt)
  add_test(NAME integration.sim_agrees COMMAND /usr/bin/python3 ${CMAKE_CURRENT_LIST_DIR}/sim_agrees.py $<TARGET_FILE:sekisho-sim>
    $<TARGET_FILE:run_modbus> $<TARGET_FILE:run_mqtt> ${CMAKE_SOURCE_DIR})
  set_tests_properties(integration.sim_agrees PROPERTIES TIMEOUT 240 LABELS "integration;threads")
endif()
