# SPDX-License-Identifier: MIT
# Of what tests/tidy/edges prints: the circles, a line each: "include A B..." or "call A B...".
# Those of includes and those of calls are told apart: an interface may be included by what it
# calls through a table.

function reach(kind, from, at,    list, count, i) {
    count = split(out[kind, at], list, " ")
    for (i = 1; i <= count; i++)
        if (!((kind, from, list[i]) in reached)) {
            reached[kind, from, list[i]] = 1
            reach(kind, from, list[i])
        }
}

{
    out[$1, $2] = out[$1, $2] " " $3
    if (!(($1, $2) in known)) {
        known[$1, $2] = 1
        kind[++nodes] = $1
        name[nodes] = $2
    }
}

END {
    for (i = 1; i <= nodes; i++)
        reach(kind[i], name[i], name[i])
    for (i = 1; i <= nodes; i++) {
        k = kind[i]; a = name[i]
        if ((k, a) in told || !((k, a, a) in reached))
            continue
        line = k " " a
        for (j = i + 1; j <= nodes; j++) {
            b = name[j]
            if (kind[j] == k && ((k, a, b) in reached) && ((k, b, a) in reached)) {
                line = line " " b
                told[k, b] = 1
            }
        }
        print line
    }
}
