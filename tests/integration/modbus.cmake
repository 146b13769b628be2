# SPDX-License-Identifier: Apache-2.0
# The Modbus driver against hostile wires: a fault server over TCP, an RTU slave over a pty pair.
if(TARGET sk_driver_modbus AND TARGET sk_config)
  add_executable(run_modbus ${CMAKE_CURRENT_LIST_DIR}/run_modbus.c)
  target_link_libraries(run_modbus PRIVATE sk_driver_modbus sk_config Threads::Threads)
  foreach(name modbus_faults modbus_rtu modbus_ring)
    add_test(NAME integration.${name} COMMAND /usr/bin/python3 ${CMAKE_CURRENT_LIST_DIR}/${name}.py $<TARGET_FILE:run_modbus>)
    set_tests_properties(integration.${name} PROPERTIES TIMEOUT 120 LABELS "integration;threads")
  endforeach()
  # Fault servers with time-outs of tenths of a second: neighbours on the same cores make honest replies late.
  set_tests_properties(integration.modbus_faults integration.modbus_rtu PROPERTIES RUN_SERIAL ON)
endif()
