# SPDX-License-Identifier: Apache-2.0
# The simulator against other people's clients.
if(TARGET sekisho-sim)
  foreach(name mbpoll wire_faults mqtt control)
    add_test(NAME interop.sim_${name}
      COMMAND /usr/bin/python3 ${CMAKE_CURRENT_LIST_DIR}/sim_${name}.py $<TARGET_FILE:sekisho-sim> ${CMAKE_SOURCE_DIR})
    set_tests_properties(interop.sim_${name} PROPERTIES TIMEOUT 180 LABELS interop)
  endforeach()
endif()
