# SPDX-License-Identifier: Apache-2.0
add_test(NAME contract.commands COMMAND /usr/bin/python3 ${CMAKE_CURRENT_SOURCE_DIR}/commands.py ${CMAKE_SOURCE_DIR})
set_tests_properties(contract.commands PROPERTIES TIMEOUT 60 LABELS contract)
