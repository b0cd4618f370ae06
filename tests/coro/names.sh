#!/bin/bash
# SPDX-License-Identifier: MIT
# tests/coro/names.sh PREFIX: what an installed coro brings into a program has one prefix: each
# global of the libraries, and each macro, tag, type, constant and function of the headers, in C and
# in C++. And short.h has a short name for all that it promises one for. Prints what is wrong.
set -euo pipefail
cd "$(dirname "$0")/../.."
headers=$1/include/coro status=0
work=$(mktemp)
trap 'rm -f "$work"' EXIT

wrong() { # WHAT: and the names, from the input; none is fine
    local names
    names=$(cat)
    [ -n "$names" ] || return 0
    printf '%s:\n%s\n' "$1" "$names"
    status=1
}

# KIND NAME HEADER of all that the headers declare; without short.h, whose names are short.
declared() { # COMPILER...
    local header
    for header in "$headers"/*.h*; do
        case "$1 ${header##*/}" in
        *' short'*.h | g++' 'go.h | g++' 'chan_of.h | gcc' '*.hpp) ;;
        *) echo "#include \"$header\"" ;;
        esac
    done | "$@" -D_GNU_SOURCE -I"$1" -I"${headers%/coro}" -E -dD - |
        awk -v folder="$headers/" -f tests/coro/names.awk
}
without_prefix() {
    grep -vE '^[a-z]+ (co_|CO_|co [a-z]*\.h$)|^macro CORO_[A-Z_]*_HP*' || true
}
short_of() { # the lines that short.h should have for them
    awk '$3 ~ /^(co|lock|wait|language|sanitize|version)\.h$|\.hpp$/ ||
            $2 ~ /(_|_at|_failed|_[0-9N])$/ ||
            $2 !~ /^(co|CO)_/ || $2 == "co_schedule_seeded" { next }
        { short = substr($2, 4) }
        $1 == "tag" && short !~ /_/ { next }
        { print "#define " short " " $2 }' | sort -u
}

for library in "$1"/lib/libcoro*.a; do
    wrong "${library##*/} exports" < <(nm -g --defined-only "$library" 2>/dev/null |
        awk 'NF == 3 && $3 !~ /^(co_|__odr_asan[._](gen_)?co_)/ { print $3 }')
done
declared gcc -std=gnu17 -x c >"$work"
for library in "$1"/lib/libcoro*.so; do
    [ -e "$library" ] || continue
    wrong "${library##*/} exports" < <(nm -D --defined-only "$library" |
        awk 'NR == FNR { public[$2] = 1; next } !($3 in public) { print $3 }' "$work" -)
done
wrong 'in C, without co_' < <(without_prefix <"$work")
wrong 'in C++, without co_' < <(declared g++ -std=c++17 -x c++ | without_prefix)

short=$(cat "$headers"/short*.h | grep '^#define [A-Za-z_]* [A-Za-z_]*$' | sort)
wanted=$(short_of <"$work")
wrong 'short.h lacks' < <(comm -13 <(echo "$short") <(echo "$wanted"))
wrong 'short.h has, and nobody declares' < <(comm -23 <(echo "$short") <(echo "$wanted"))
exit $status
