# SPDX-License-Identifier: Apache-2.0
sk_fuzz_target(profile sk_config)
sk_fuzz_target(site sk_config)
foreach(target replay_site fuzz_site)
  if(TARGET ${target}) # sites of the corpus name the profiles of the unit tests
    target_compile_definitions(${target} PRIVATE SK_FUZZ_PROFILES="${CMAKE_SOURCE_DIR}/tests/vectors/config/profiles")
  endif()
endforeach()
