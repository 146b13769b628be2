# SPDX-License-Identifier: Apache-2.0
if(TARGET sk_config) # run_mqtt is made in tests/integration/mqtt.cmake
  add_test(NAME interop.mqtt_mosquitto COMMAND /usr/bin/python3 ${CMAKE_CURRENT_SOURCE_DIR}/mqtt_mosquitto.py $<TARGET_FILE:run_mqtt>)
  set_tests_properties(interop.mqtt_mosquitto PROPERTIES TIMEOUT 900 SKIP_RETURN_CODE 77 LABELS "interop;threads")
endif()
