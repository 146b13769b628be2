# SPDX-License-Identifier: Apache-2.0
# Every scenario as it is meant for people: real broker, simulator, collector, dashboard. Those above a minute and a half play in full runs only.
if(TARGET sekisho-sim AND TARGET sekisho-dashboard)
  file(GLOB scenarios CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/sim/scenarios/*.json)
  foreach(file ${scenarios})
    get_filename_component(name ${file} NAME_WE)
    add_test(NAME e2e.wire.${name} COMMAND /usr/bin/python3 ${CMAKE_CURRENT_LIST_DIR}/scenario_wire.py ${CMAKE_BINARY_DIR} ${name})
    set_tests_properties(e2e.wire.${name} PROPERTIES TIMEOUT 1500 LABELS e2e SKIP_RETURN_CODE 77)
  endforeach()
endif()
