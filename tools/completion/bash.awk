# SPDX-License-Identifier: MIT
# A bash completion out of rows "COMMAND TAB ..." (rows.awk; "command" rows name the commands).
# -v program=NAME
BEGIN { FS = "\t"; name = program; gsub(/-/, "_", name) }

function add(list, key, word) {
    list[key] = list[key] (list[key] == "" ? "" : " ") word
}

$2 == "command" { commands = commands (commands == "" ? "" : " ") $1 }
$2 == "word" { add(words, $1, $3) }
$2 == "place" { places[$1] = $3 }
$2 == "flag" {
    add(flags, $1, $3)
    if ($4 ~ /\|/)
        gsub(/\|/, " ", $4)
    else if ($4 != "" && $4 != "FILE" && $4 != "DIR")
        $4 = "-"
    if ($4 != "")
        values[$1 " " $3] = $4
}

function put(title, list,    key, sorted, count, i, j, kept) {
    for (key in list)
        sorted[++count] = key
    for (i = 2; i <= count; i++) {
        kept = sorted[i]
        for (j = i - 1; j > 0 && sorted[j] > kept; j--)
            sorted[j + 1] = sorted[j]
        sorted[j + 1] = kept
    }
    print "    local -A " title "=("
    for (i = 1; i <= count; i++)
        printf "        [\"%s\"]=\"%s\"\n", sorted[i], list[sorted[i]]
    print "    )"
}

END {
    print "# bash completion for " program "(1), made of its --help"
    print "_" name "() {"
    print "    local commands=\"" commands " --help --version\""
    put("flags", flags)
    put("values", values)
    put("words", words)
    put("places", places)
    while ((getline line < "tools/completion/body.bash") > 0)
        print line
    print "}"
    print "complete -F _" name " " program
}
