# SPDX-License-Identifier: Apache-2.0
foreach(room line recorder commands feed blocks)
  sk_unit_test(collector_${room} sk_collector)
endforeach()
