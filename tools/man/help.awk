# SPDX-License-Identifier: MIT
# mdoc out of what a program prints on --help (after text.awk):
#     usage: ...
#     (paragraphs)
#       --flag ARGUMENT   what it is for
# Lines that end with ":" head a list, and are left out; so is what the page says once for all.

function out(text) { print text }

function end_list() {
    if (listed)
        print ".El"
    listed = 0
}

/^usage: / { print ".Dl " escape(substr($0, 8)); next }
/^Each flag is also / || (/:$/ && !/^ /) { next }
/^  --/ {
    flush_line()
    paragraph = 0
    rest = substr($0, 5)
    gap = match(rest, /  +/)
    help = gap ? substr(rest, gap + RLENGTH) : ""
    count = split(gap ? substr(rest, 1, gap - 1) : rest, words, " ")
    if (!listed)
        print ".Bl -tag -width Ds"
    listed = 1
    item = ".It Fl -" words[1]
    for (i = 2; i <= count; i++)
        item = item " Ar " words[i]
    print item
    put_words(help)
    flush_line()
    next
}
/^$/ { flush_line(); paragraph = !listed; next }
{
    end_list()
    gsub(/`/, "")
    put_words($0)
}
END {
    flush_line()
    end_list()
}
