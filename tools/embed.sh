#!/bin/sh
# SPDX-License-Identifier: MIT
# tools/embed.sh sql|web|api|lab|docs: print a C file that defines the table embed_sql, _web, _api,
# _lab or _docs of ledger/embed.h. The assembler's .incbin carries the bytes, so it compiles at once
# whatever the size; a zero byte follows each file, so that text can be used as a C string. Run it
# from the root.
set -eu

case "${1-}" in
sql) files="$(printf '%s\n' sql/[0-9]*_*.sql | sort)
sql/grants.sql
sql/lab.sql" ;;
web) files=$(printf '%s\n' web/*.html web/*.css web/*.js web/*.svg \
    web/lab/*.html web/lab/*.css web/lab/*.js build/operations.json) ;;
api) files=server/api/openapi.json ;;
docs) files=$(printf '%s\n' build/site/*) ;;
lab) files=$(printf '%s\n' lab/scenario/*.c lab/strategy/*.c lab/sql/sql_*.c \
    ledger/strategy/owner.c ledger/strategy/sharded.c) ;;
*)
    echo 'usage: tools/embed.sh sql|web|api|lab|docs' >&2
    exit 2
    ;;
esac

echo "/* Written by tools/embed.sh $1. */"
echo '#include "ledger/embed.h"'
rows='' number=0
for file in $files; do
    [ -f "$file" ] || continue
    number=$((number + 1))
    symbol=embed_$1_$number
    printf '__asm__(".pushsection .rodata\\n%s: .incbin \\"%s\\"\\n.byte 0\\n.popsection");\n' \
        "$symbol" "$file"
    printf 'extern const unsigned char %s[];\n' "$symbol"
    gzip=0 gzip_size=0
    # What is served is there in gzip, too, if that is a tenth shorter; without a name or a time in
    # it, so that each build has the same bytes.
    if [ "$1" != sql ]; then
        packed=build/packed/$1-$number.gz
        mkdir -p build/packed
        gzip -9 -n -c "$file" > "$packed.$$" && mv "$packed.$$" "$packed"
        if [ $(($(wc -c < "$packed") * 10)) -lt $(($(wc -c < "$file") * 9)) ]; then
            gzip=${symbol}_gzip gzip_size=$(wc -c < "$packed")
            printf '__asm__(".pushsection .rodata\\n%s: .incbin \\"%s\\"\\n.popsection");\n' \
                "$gzip" "$packed"
            printf 'extern const unsigned char %s[];\n' "$gzip"
        fi
    fi
    # A folder of the page is a part of the name, and so are those of the lab; where else a file
    # comes from is not.
    case $file in
    web/lab/*) name=${file#web/} ;;
    lab/* | ledger/strategy/*) name=$file ;;
    *) name=${file##*/} ;;
    esac
    rows="$rows    {\"$name\", $symbol, $(wc -c < "$file"), $gzip, $gzip_size},
"
done
printf 'const struct embed embed_%s[] = {\n%s    {0, 0, 0, 0, 0},\n};\n' "$1" "$rows"
