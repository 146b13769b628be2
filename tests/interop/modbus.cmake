# SPDX-License-Identifier: Apache-2.0
# The driver against a stranger's Modbus: python3-pymodbus as TCP server and as RTU slave behind socat.
if(TARGET run_modbus)
  add_test(NAME interop.modbus_pymodbus
           COMMAND /usr/bin/python3 ${CMAKE_CURRENT_LIST_DIR}/modbus_pymodbus.py $<TARGET_FILE:run_modbus>)
  set_tests_properties(interop.modbus_pymodbus PROPERTIES TIMEOUT 120 LABELS "interop;threads")
endif()
