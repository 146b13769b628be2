# SPDX-License-Identifier: Apache-2.0
# The driver's side of drivers/driver.h, without any device.
if(TARGET sk_driver_modbus AND TARGET sk_handover)
  add_executable(test_driver_modbus ${CMAKE_CURRENT_LIST_DIR}/test_driver_modbus.c)
  target_link_libraries(test_driver_modbus PRIVATE sk_driver_modbus sk_handover PkgConfig::CMOCKA)
  add_test(NAME contract.driver_modbus COMMAND test_driver_modbus)
  set_tests_properties(contract.driver_modbus PROPERTIES TIMEOUT 120 LABELS "contract;threads")
endif()
