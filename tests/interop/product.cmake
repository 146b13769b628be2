# SPDX-License-Identifier: Apache-2.0
# The whole product with strangers on its wires.
if(TARGET sekisho-collector AND TARGET sekisho-dashboard)
  add_test(NAME interop.product_strangers COMMAND /usr/bin/python3 ${CMAKE_CURRENT_LIST_DIR}/product_strangers.py ${CMAKE_BINARY_DIR})
  set_tests_properties(interop.product_strangers PROPERTIES TIMEOUT 300 LABELS interop)
endif()
