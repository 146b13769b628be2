# SPDX-License-Identifier: Apache-2.0
# cmake -DIN=file -DOUT=file.c -DNAME=index_html -P embed.cmake: a file as a C array with its length.
file(READ "${IN}" hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
string(REGEX REPLACE "((0x..,)(0x..,)(0x..,)(0x..,)(0x..,)(0x..,)(0x..,)(0x..,))" "\\1\n" bytes "${bytes}")
string(LENGTH "${hex}" digits)
math(EXPR length "${digits} / 2")
file(WRITE "${OUT}" "#include \"dashboard-api/assets.h\"\nconst unsigned char sk_asset_${NAME}[] = {\n${bytes}0};\n"
  "const size_t sk_asset_${NAME}_length = ${length};\n")
