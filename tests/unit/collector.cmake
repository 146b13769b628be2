# SPDX-License-Identifier: Apache-2.0
sk_unit_test(export sk_export)
foreach(room line recorder commands feed blocks)
  sk_unit_test(collector_${room} sk_collector)
endforeach()
sk_unit_test(csv sk_collector)
target_link_libraries(test_collector_recorder PRIVATE PkgConfig::SQLITE)
target_link_options(test_collector_recorder PRIVATE -Wl,--wrap=sk_signer_sign)
sk_unit_test(import sk_collector PkgConfig::SQLITE)
