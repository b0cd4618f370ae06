# SPDX-License-Identifier: MIT
# The part of tidy that looks at arrows between objects and at circles: reads the policy, then what
# edges prints, then what circles.awk makes of it. Prints findings as tidy.awk does.

function finding(room, rule, what) {
    printf "%s.c:1: %s: %s\n", room, rule, what
}

function folder_of(name) {
    return sub(/\/[^\/]*$/, "", name) ? name : ""
}

function holds_folder(stated, name) {
    if (!sub(/\/\*$/, "", stated))
        return name == stated
    return name == stated || index(name, stated "/") == 1
}

# How high the policy has the folder; 0: it does not know it.
function level_of(folder,    i, at) {
    for (i = 1; i <= arrows; i++)
        if (holds_folder(arrow[i], folder) && (!at || arrow[i] == folder))
            at = i
    return at
}

# Calls may skip storeys, as what a facade declares is defined further down; but never go up.
function check_call(from, to) {
    if (level_of(folder_of(to)) > level_of(folder_of(from)))
        finding(from, "arrow", "it calls " to ", which is above it")
}

# Does this line of the policy have all files of the circle?
function has_all(line,    j) {
    for (j = 2; j <= NF; j++)
        if (index(line, " " $j " ") == 0)
            return 0
    return 1
}

FILENAME == policy_file {
    if ($1 == "arrow")
        arrow[++arrows] = $2
    else if ($1 == "circle") {
        sub(/^circle[ \t]+/, "")
        gsub(/[ \t]+/, " ")
        line[++lines] = " " $0 " "
    }
    next
}
FILENAME != circles {
    if ($1 == "call")
        check_call($2, $3)
    next
}
{
    found = 0
    for (i = 1; i <= lines; i++)
        if (has_all(line[i])) {
            found = 1
            for (j = 2; j <= NF; j++)
                inside[i, $j] = 1
        }
    if (!found)
        finding($2, "circle", "a circle by " $0)
}
# What has got out of a circle is not to get in again.
END {
    for (i = 1; i <= lines; i++) {
        count = split(line[i], list, " ")
        for (j = 1; j <= count; j++)
            if (!((i, list[j]) in inside))
                finding(list[j], "circle", "the policy states it in a circle, and it is in none")
    }
}
