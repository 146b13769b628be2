# SPDX-License-Identifier: Apache-2.0
foreach(room conditions alarms access cursor restart memory heap quality)
  sk_unit_test(engine_${room} sk_engine)
endforeach()
foreach(room door_model honesty busy tailgate)
  sk_unit_test(${room} sk_engine)
endforeach()
# Built with everything so that it never rots; measured by hand or by the bench runner, never by ctest.
add_executable(bench_engine ${CMAKE_SOURCE_DIR}/tests/bench/bench_engine.c)
target_link_libraries(bench_engine PRIVATE sk_engine)
