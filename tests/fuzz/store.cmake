# SPDX-License-Identifier: Apache-2.0
sk_fuzz_target(record sk_model)
if(TARGET sk_store)
  sk_fuzz_target(note sk_store)
  sk_fuzz_target(history sk_store PkgConfig::SQLITE)
endif()
