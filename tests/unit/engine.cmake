# SPDX-License-Identifier: Apache-2.0
foreach(room conditions alarms access restart memory heap)
  sk_unit_test(engine_${room} sk_engine)
endforeach()
