# SPDX-License-Identifier: MIT
# Rows, parted by tabs, out of what a program prints on `COMMAND --help`:
#     word WORD                  one that stands first behind the command: "create"
#     place KIND                 what its words are: DIR or FILE
#     flag --NAME TAKES HELP     TAKES is "" for a switch
# -v command=NAME (of usage: PROGRAM NAME ...)
BEGIN { OFS = "\t" }

/^usage: / {
    sub(/^usage: [^ ]+ [^ ]+ */, "")
    if (match($0, /(^|[ [])(DIR|FILE)($|[] ])/))
        print "place", substr($0, RSTART, RLENGTH) ~ /DIR/ ? "DIR" : "FILE"
    count = split($0, ways, /\|/)
    for (i = 1; i <= count; i++) {
        split(ways[i], words, /[][ ]+/)
        first = words[1] == "" ? words[2] : words[1]
        if (first ~ /^[a-z]+$/ && first != "flags" && first != "options")
            print "word", first
    }
    next
}

/^  --/ {
    gap = match(substr($0, 3), /  +/)
    left = substr($0, 3, gap ? gap - 1 : length)
    help = gap ? substr($0, 2 + gap + RLENGTH) : ""
    takes = left
    sub(/^[^ ]+ */, "", takes)
    sub(/ .*/, "", left)
    print "flag", left, takes, help
}
