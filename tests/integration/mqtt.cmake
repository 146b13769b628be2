# SPDX-License-Identifier: Apache-2.0
if(TARGET sk_config)
  add_executable(run_mqtt ${CMAKE_SOURCE_DIR}/tests/integration/run_mqtt.c)
  target_link_libraries(run_mqtt PRIVATE sk_driver_mqtt sk_config Threads::Threads)
  add_test(NAME integration.mqtt_wire COMMAND /usr/bin/python3 ${CMAKE_CURRENT_SOURCE_DIR}/mqtt_wire.py $<TARGET_FILE:run_mqtt>)
  set_tests_properties(integration.mqtt_wire PROPERTIES TIMEOUT 600 LABELS "integration;threads")
endif()
