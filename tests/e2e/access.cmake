# SPDX-License-Identifier: Apache-2.0
# Each case of a script is a test of its own: e2e.<script>.<case>.
function(sk_e2e_cases script)
  foreach(case ${ARGN})
    add_test(NAME e2e.${script}.${case} COMMAND /usr/bin/python3 ${CMAKE_CURRENT_SOURCE_DIR}/${script}.py ${CMAKE_BINARY_DIR} ${case})
    set_tests_properties(e2e.${script}.${case} PROPERTIES TIMEOUT 300 LABELS e2e)
  endforeach()
endfunction()

sk_e2e_cases(roster import_all_or_nothing passages roles_and_refusals nothing_personal_in_the_log)
sk_e2e_cases(who_may hours misspelt class_3 planned ended lost_secrets)
sk_e2e_cases(rights every_act long_files controllers_lists lost_card reviews consents_lending_leaving one_person_two_names)
sk_e2e_cases(signals sources a_due_time_of_the_site)
sk_e2e_cases(registers permit_life visit_life goods_life csv_all_or_nothing)
sk_e2e_cases(doors states surplus)
sk_e2e_cases(decision two_person papers)
add_test(NAME e2e.link_words COMMAND /usr/bin/python3 ${CMAKE_CURRENT_SOURCE_DIR}/link_words.py ${CMAKE_BINARY_DIR})
set_tests_properties(e2e.link_words PROPERTIES TIMEOUT 300 LABELS e2e)
