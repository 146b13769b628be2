# SPDX-License-Identifier: Apache-2.0
if(TARGET sekisho)
  foreach(name config_schema check_command)
    add_test(NAME contract.${name} COMMAND /usr/bin/python3 ${CMAKE_CURRENT_SOURCE_DIR}/${name}.py $<TARGET_FILE:sekisho>)
    set_tests_properties(contract.${name} PROPERTIES TIMEOUT 120 LABELS contract)
  endforeach()
endif()
