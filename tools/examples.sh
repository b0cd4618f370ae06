#!/bin/sh
# SPDX-License-Identifier: MIT
# tools/examples.sh NAME...: print a C file that defines example_all of lab/example/example.h: of
# each coro/examples/NAME.c its text, and its main(), which is compiled as example_NAME. Run from
# the root.
set -eu

echo '/* Written by tools/examples.sh. */'
echo '#include "lab/example/example.h"'
rows=''
for name in "$@"; do
    file=coro/examples/$name.c
    printf '__asm__(".pushsection .rodata\\n%s: .incbin \\"%s\\"\\n.byte 0\\n.popsection");\n' \
        "example_text_$name" "$file"
    printf 'extern const char example_text_%s[];\n' "$name"
    # A crowd that fits into the memory of a run, where an argument says how large it is.
    if grep -q '^int main(int argc' "$file"; then
        printf 'int example_%s(int argc, char **argv);\n' "$name"
        printf 'static int run_%s(void)\n{\n' "$name"
        printf '    char name[] = "%s", crowd[] = "2000", *argv[] = {name, crowd, 0};\n' "$name"
        printf '    return example_%s(2, argv);\n}\n' "$name"
    else
        printf 'int example_%s(void);\nstatic int run_%s(void)\n{\n' "$name" "$name"
        printf '    return example_%s();\n}\n' "$name"
    fi
    title=$(printf '%s' "$name" | tr _ ' ' | sed 's/^mistake /&: /; s/ : /: /; s/^./\U&/')
    rows="$rows    {\"$name\", \"$title\", example_text_$name, run_$name},
"
done
printf 'const struct example example_all[] = {\n%s    {0, 0, 0, 0},\n};\n' "$rows"
