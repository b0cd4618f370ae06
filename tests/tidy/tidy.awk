# SPDX-License-Identifier: MIT
# The part of tidy that reads text: first the policy, then every file once.
# Prints a finding as "FILE:LINE: RULE: what".

function finding(line, rule, what) {
    printf "%s:%d: %s: %s\n", file, line, rule, what
}

function rest(line, fields,    i) {
    for (i = 0; i < fields; i++)
        sub(/^[^ \t]+[ \t]+/, "", line)
    return line
}

# Is the folder what the policy says: FOLDER, or FOLDER/* for all below it as well?
function holds_folder(stated, name) {
    if (!sub(/\/\*$/, "", stated))
        return name == stated
    return name == stated || index(name, stated "/") == 1
}

# The shell's pattern as a regular expression: * and [...] only.
function pattern(text) {
    gsub(/\./, "\\.", text)
    gsub(/\*/, "[^/]*", text)
    return "^" text "$"
}

function matches(name, patterns,    list, count, i) {
    count = split(patterns, list, " ")
    for (i = 1; i <= count; i++)
        if (name ~ pattern(list[i]))
            return 1
    return 0
}

function read_policy() {
    sub(/^#.*/, "")
    if ($1 == "arrow") {
        arrow[++arrows] = $2
        arrow_to[arrows] = rest($0, 1)
        arrow_line[arrows] = FNR
    } else if ($1 == "foreign") {
        foreign[++foreigns] = $2
        foreign_files[foreigns] = rest($0, 2)
    } else if ($1 == "private") {
        private[++privates] = $2
        private_files[privates] = rest($0, 2)
    } else if ($1 == "limit")
        limit[$2] = $3
    else if ($1 == "many")
        many[$2] = 1
    else if ($1 == "banned") {
        banned[++banneds] = $2
        why[banneds] = rest($0, 2)
        any_banned = either(any_banned, $2)
    } else if ($1 == "silent") {
        silent[++silents] = $2
        silent_but[silents] = rest($0, 2)
    } else if ($1 == "leftover") {
        leftover[++leftovers] = rest($0, 1)
        any_left = either(any_left, leftover[leftovers])
    } else if ($1 == "leak") {
        leak[++leaks] = rest($0, 1)
        any_left = either(any_left, leak[leaks])
    }
}

# Nearly every line matches none of them. One expression is compiled once; each that takes the place
# of another one, again.
function either(expressions, one) {
    return (expressions ? expressions "|" : "") "(" one ")"
}

function folder_of(name) {
    return sub(/\/[^\/]*$/, "", name) ? name : ""
}

function begin_file(    i) {
    file = FILENAME
    sub(/^\.\//, "", file)
    folder = folder_of(file)
    arrow_at = 0
    for (i = 1; i <= arrows; i++)
        if (holds_folder(arrow[i], folder) && (!arrow_at || arrow[i] == folder))
            arrow_at = i
    extension = file ~ /\.[A-Za-z]+$/ ? file : ""
    sub(/.*\./, "", extension)
    c = extension ~ /^[chS]$/
    code = c || extension ~ /^(sql|js|mjs|css|html|sh|awk)$/ || shebang()
    spdx = !code
    policy = file ~ /^tests\/tidy\//
    body = 0
    declaration = comment = macro = ""
}

function shebang() {
    return extension == "" && substr($0, 1, 2) == "#!"
}

function may_include(stated, target,    list, count, i) {
    count = split(stated, list, " ")
    for (i = 1; i <= count; i++)
        if (holds_folder(list[i], target))
            return 1
    return 0
}

# A private header is for the files of its folder that begin with its name, for tests, and for those
# that the policy names.
function may_see(header,    i, own) {
    own = header
    sub(/_private\.h$/, "", own)
    if (file ~ /^tests\// || (index(file, own) == 1 && folder_of(header) == folder))
        return 1
    for (i = 1; i <= privates; i++)
        if (private[i] == header && matches(file, private_files[i]))
            return 1
    return 0
}

# The lines of arrows stand from the bottom up.
function check_order(    i, j, k, list, count) {
    for (i = 1; i <= arrows; i++) {
        count = split(arrow_to[i], list, " ")
        for (k = 2; k <= count; k++)
            for (j = i + 1; j <= arrows; j++)
                if (holds_folder(list[k], arrow[j])) {
                    file = policy_file
                    finding(arrow_line[i], "arrow", arrow[i] " -> " arrow[j] " points up")
                }
    }
}

function check_include(    name, i, target) {
    name = $0
    sub(/^[ \t]*#[ \t]*include[ \t]*["<]/, "", name)
    sub(/[">].*/, "", name)
    for (i = 1; i <= foreigns; i++)
        if (name ~ pattern(foreign[i])) {
            if (!matches(file, foreign_files[i]))
                finding(FNR, "foreign", "<" name "> belongs in " foreign_files[i])
            return
        }
    if ($0 !~ /"/)
        return
    if (name ~ /_private\.h$/ && !may_see(name))
        finding(FNR, "private", name " is not for this file")
    target = folder_of(name)
    if (target == "")
        finding(FNR, "arrow", "\"" name "\" does not name its folder")
    else if (!arrow_at)
        finding(FNR, "arrow", "the policy does not know the folder " folder)
    else if (!may_include(arrow_to[arrow_at], target))
        finding(FNR, "arrow", folder " -> " target " is not stated")
}

# A function's body stands between braces of their own in the first column; in JavaScript it
# begins on the line of the word "function".
function check_function() {
    if (body && /^}/) {
        if (FNR - body + 1 > limit["function"])
            finding(body, "function", FNR - body + 1 " lines, over " limit["function"])
        else if (FNR - body + 1 > limit["long"])
            longs++
        body = 0
    } else if (!body && (c ? /^{/ : /^(export )?(async )?function/))
        body = FNR
}

# A line of C without its strings and comments.
function bare(text,    at, end) {
    gsub(/"([^"\\]|\\.)*"/, "", text)
    if (comment)
        text = "/*" text
    comment = 0
    while (at = index(text, "/*")) {
        end = index(substr(text, at + 2), "*/")
        if (!end) {
            comment = 1
            return substr(text, 1, at - 1)
        }
        text = substr(text, 1, at - 1) substr(text, at + end + 3)
    }
    sub(/\/\/.*/, "", text)
    return text
}

# Lists of parameters stand outside of the bodies of functions. A declaration is gathered until it
# ends, and loses its parentheses from the innermost out: "@" was one of them, so that what stands
# behind it, or behind a type and a name, is a list of parameters. A call of a macro is none.
function check_parameters(    text, before, name, count) {
    text = bare($0)
    if (macro || text ~ /^[ \t]*#/) {
        macro = text ~ /\\$/
        return
    }
    if (declaration !~ /[^ ]/)
        declared = FNR
    declaration = declaration " " text
    if (text !~ /[;{}][ \t]*$/)
        return
    while (match(declaration, /\([^()]*\)/)) {
        before = substr(declaration, 1, RSTART - 1)
        name = before
        sub(/.*[^A-Za-z0-9_@]/, "", name)
        text = substr(declaration, RSTART, RLENGTH)
        declaration = before "@" substr(declaration, RSTART + RLENGTH)
        count = gsub(/,/, "", text) + 1
        if (count > limit["parameters"] && !(name in many) &&
            (name == "@" || before ~ /[A-Za-z0-9_]( +|[ *]+)[A-Za-z0-9_]+$/))
            finding(declared, "parameters", name " has " count ", over " limit["parameters"])
    }
    declaration = ""
}

function end_file(    most) {
    if (file == "" || !code)
        return
    if (!spdx)
        finding(1, "spdx", "no SPDX-License-Identifier in the first lines")
    most = extension == "h" ? limit["header"] : limit["file"]
    if (length_of_file > most)
        finding(length_of_file, "length", length_of_file " lines, over " most)
}

BEGIN { prints = "(^|[^_a-z])(stderr|stdout|STD(ERR|OUT)_FILENO|perror\\(|puts\\(|printf\\(\")" }
FILENAME == policy_file { read_policy(); next }
FNR == 1 { end_file(); begin_file() }
{ length_of_file = FNR }
FNR <= 3 && /SPDX-License-Identifier: MIT/ { spdx = 1 }

code {
    text = $0
    if (length(text) > limit["line"])
        gsub(/[\200-\277]/, "", text) # count characters, not the bytes of UTF-8
    if (length(text) > limit["line"])
        finding(FNR, "line", length(text) " characters, over " limit["line"])
    if (/[ \t]$/)
        finding(FNR, "line", "blanks at the end")
}
c && /^[ \t]*#[ \t]*include/ { check_include() }
extension ~ /^[ch]$/ && !body { check_parameters() }
c || extension ~ /^m?js$/ { check_function() }
c && $0 ~ prints {
    for (i = 1; i <= silents; i++)
        if (index(file, silent[i] "/") == 1 && !matches(file, silent_but[i]))
            finding(FNR, "silent", "what people should know goes to the listener (ledger/notice.h)")
}
c && banneds && $0 ~ any_banned {
    for (i = 1; i <= banneds; i++) if ($0 ~ banned[i]) finding(FNR, "banned", why[i])
}
!policy && leftovers + leaks && $0 ~ any_left {
    for (i = 1; i <= leftovers; i++) if ($0 ~ leftover[i]) finding(FNR, "leftover", $0)
    for (i = 1; i <= leaks; i++) if ($0 ~ leak[i]) finding(FNR, "leak", $0)
}

END {
    end_file()
    check_order()
    printf "%d function(s) of more than %d lines\n", longs, limit["long"] > "/dev/stderr"
}
