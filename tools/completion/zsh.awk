# SPDX-License-Identifier: MIT
# A zsh completion out of rows "COMMAND TAB ..." (rows.awk; "command" rows name the commands, with
# what they are for). -v program=NAME
BEGIN { FS = "\t" }

# Within a specification in apostrophes: what _arguments takes for its own, and an apostrophe.
function escape(text) {
    gsub(/[\[\]:]/, "\\\\&", text)
    gsub(/'/, "'\\''", text)
    return text
}

function action(takes) {
    if (takes ~ /\|/) {
        gsub(/\|/, " ", takes)
        return "(" takes ")"
    }
    return takes == "FILE" ? "_files" : takes == "DIR" ? "_files -/" : ""
}

$2 == "command" {
    order[++count] = $1
    about[$1] = $3
}
$2 == "word" { words[$1] = words[$1] (words[$1] == "" ? "" : " ") $3 }
$2 == "place" { places[$1] = $3 }
$2 == "flag" {
    spec = $4 == "" ? $3 "[" escape($5) "]" : $3 "=[" escape($5) "]:" escape($4) ":" action($4)
    specs[$1] = specs[$1] " \\\n            '" spec "'"
}

END {
    print "#compdef " program
    print "# zsh completion for " program "(1), made of its --help"
    print "local -a commands=("
    for (i = 1; i <= count; i++)
        print "    '" order[i] ":" escape(about[order[i]]) "'"
    print ")"
    print "if ((CURRENT == 2)); then"
    print "    _describe command commands"
    print "    return"
    print "fi"
    print "local command=$words[2]"
    print "shift words"
    print "((CURRENT--))"
    print "case $command in"
    for (i = 1; i <= count; i++) {
        key = order[i]
        first = key in words ? " \\\n            '1:what:(" words[key] ")'" : ""
        # What has no action keeps zsh from completing flags: "()" offers nothing.
        what = action(key in places ? places[key] : "")
        rest = " \\\n            '*:word:" (what == "" ? "()" : what) "'"
        print "    " key ")"
        print "        _arguments -S" first rest specs[key]
        print "        ;;"
    }
    print "esac"
}
