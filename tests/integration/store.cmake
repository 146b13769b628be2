# SPDX-License-Identifier: Apache-2.0
if(TARGET sk_store)
  add_executable(store_writer ${CMAKE_SOURCE_DIR}/tests/integration/store_writer.c)
  target_link_libraries(store_writer PRIVATE sk_store)
  add_test(NAME vectors.log COMMAND /usr/bin/python3 ${CMAKE_SOURCE_DIR}/tests/vectors/log/make_vectors.py --check)
  set_tests_properties(vectors.log PROPERTIES TIMEOUT 60 LABELS integration)
  set(SK_SEKISHO_IF_BUILT "")
  if(TARGET sekisho)
    set(SK_SEKISHO_IF_BUILT $<TARGET_FILE:sekisho>)
  endif()
  add_test(NAME integration.log_root COMMAND /usr/bin/python3 ${CMAKE_SOURCE_DIR}/tests/integration/log_root.py --test
    $<TARGET_FILE:store_writer> ${SK_SEKISHO_IF_BUILT})
  set_tests_properties(integration.log_root PROPERTIES TIMEOUT 300 LABELS integration)
endif()
# Built with everything so that it never rots; measured by hand or by the bench runner, never by ctest.
if(TARGET sk_store)
  add_executable(bench_store ${CMAKE_SOURCE_DIR}/tests/bench/bench_store.c)
  target_link_libraries(bench_store PRIVATE sk_store PkgConfig::SQLITE)
endif()
