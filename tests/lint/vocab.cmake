# SPDX-License-Identifier: Apache-2.0
add_test(NAME lint.names COMMAND /usr/bin/python3 ${CMAKE_CURRENT_SOURCE_DIR}/names.py ${CMAKE_SOURCE_DIR})
set_tests_properties(lint.names PROPERTIES LABELS lint TIMEOUT 60)
add_test(NAME lint.profile_tables COMMAND /usr/bin/python3 ${CMAKE_CURRENT_SOURCE_DIR}/profile_tables.py ${CMAKE_SOURCE_DIR})
set_tests_properties(lint.profile_tables PROPERTIES LABELS lint TIMEOUT 60)
add_test(NAME lint.registers COMMAND /usr/bin/python3 ${CMAKE_CURRENT_SOURCE_DIR}/registers.py ${CMAKE_SOURCE_DIR})
set_tests_properties(lint.registers PROPERTIES LABELS lint TIMEOUT 60)
add_test(NAME lint.signals COMMAND /usr/bin/python3 ${CMAKE_CURRENT_SOURCE_DIR}/signals.py ${CMAKE_SOURCE_DIR})
set_tests_properties(lint.signals PROPERTIES LABELS lint TIMEOUT 60)
