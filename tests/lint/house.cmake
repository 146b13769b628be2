# SPDX-License-Identifier: Apache-2.0
add_test(NAME lint.floors COMMAND /usr/bin/python3 ${CMAKE_CURRENT_SOURCE_DIR}/floors.py)
add_test(NAME lint.house COMMAND /usr/bin/python3 ${CMAKE_CURRENT_SOURCE_DIR}/house.py)
add_test(NAME lint.headers COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/headers.sh ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR}/generated)
add_test(NAME lint.long_functions COMMAND /usr/bin/python3 ${CMAKE_CURRENT_SOURCE_DIR}/long_functions.py 60)
set_tests_properties(lint.floors lint.house lint.headers lint.long_functions PROPERTIES TIMEOUT 120 LABELS lint)
add_test(NAME lint.bench COMMAND /usr/bin/python3 ${CMAKE_SOURCE_DIR}/tests/bench/test_bench.py)
add_test(NAME lint.figures COMMAND /usr/bin/python3 ${CMAKE_SOURCE_DIR}/tests/bench/bench.py --readme --check)
set_tests_properties(lint.bench lint.figures PROPERTIES TIMEOUT 120 LABELS lint)
