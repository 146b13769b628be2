# SPDX-License-Identifier: Apache-2.0
add_test(NAME lint.floors COMMAND /usr/bin/python3 ${CMAKE_CURRENT_SOURCE_DIR}/floors.py)
add_test(NAME lint.house COMMAND /usr/bin/python3 ${CMAKE_CURRENT_SOURCE_DIR}/house.py)
add_test(NAME lint.headers COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/headers.sh ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR}/generated)
add_test(NAME lint.long_functions COMMAND /usr/bin/python3 ${CMAKE_CURRENT_SOURCE_DIR}/long_functions.py 60)
add_test(NAME lint.readmes COMMAND /usr/bin/python3 ${CMAKE_CURRENT_SOURCE_DIR}/readmes.py ${CMAKE_BINARY_DIR})
set_tests_properties(lint.floors lint.house lint.headers lint.long_functions lint.readmes PROPERTIES TIMEOUT 120 LABELS lint)
