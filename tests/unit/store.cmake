# SPDX-License-Identifier: Apache-2.0
if(TARGET sk_store)
  sk_unit_test(record sk_model)
  sk_unit_test(alarm sk_model)
  sk_unit_test(tree sk_store)
  sk_unit_test(checkpoint sk_store)
  sk_unit_test(store sk_store)
endif()
