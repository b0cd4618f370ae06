# SPDX-License-Identifier: MIT
# What the headers of a folder declare at file level, one name a line: KIND NAME HEADER, where KIND
# is macro, tag, constant, typedef or object. Reads what the preprocessor prints with -E -dD.
#     gcc -E -dD -include ... | awk -v folder=/usr/include/coro/ -f tests/coro/names.awk
# What stands in `namespace coro` is left out: that name is its prefix.

function told(kind, name) {
    if (name != "" && !((kind, name) in seen)) {
        seen[kind, name] = 1
        print kind, name, header
    }
}

# The next token of the text: an identifier, or a single character.
function next_token() {
    sub(/^[ \t]+/, "", text)
    if (text == "")
        return ""
    match(text, /^([A-Za-z_][A-Za-z_0-9]*|.)/)
    token = substr(text, 1, RLENGTH)
    text = substr(text, RLENGTH + 1)
    return token
}

# The statement at file level that ends here: a function has parentheses behind its name, another
# object, or a type, is named last.
function end_statement() {
    if (!inside && statement !~ /^(namespace|template|static_assert|_Static_assert)$/)
        told(statement == "typedef" ? "typedef" : "object", named)
    statement = named = last = ""
    is_named = pointed = 0
}

# `depth` counts the braces around a token, but for those of extern "C".
function take(token) {
    if (token ~ /^[A-Za-z_]/) {
        if (statement == "" && !depth)
            statement = token == "extern" || token == "static" || token == "const" ? "" : token
        if (last ~ /^(struct|union|enum)$/)
            tag = token
        else if (constants && expects) {
            told("constant", token)
            expects = 0
        }
        if (last == "namespace" && !depth)
            space = token
        if (!depth && parentheses == pointed && !is_named &&
            (last " " token) !~ /struct|union|enum/)
            named = token
    } else if (token == "{") {
        if (last == "extern") {
            open[++opens] = "extern"
            statement = named = last = ""
            return
        }
        if (tag != "" && (last == tag || last == "enum"))
            told("tag", tag)
        constants = kind == "enum"
        expects = constants
        if (!depth && space != "")
            inside = space == "coro"
        if (!depth && is_named && !inside)
            told("object", named)
        open[++opens] = "block"
        depth++
    } else if (token == "}") {
        constants = 0
        if (open[opens--] == "block" && !--depth) {
            if (inside || is_named) {
                statement = named = last = ""
                is_named = 0
            } else
                named = ""
            inside = 0
            space = ""
        }
    } else if (token == "(") {
        if (!depth && !parentheses++ && named != "")
            is_named = 1
    } else if (token == "*" && last == "(" && !depth && parentheses == 1) {
        pointed = parentheses
        is_named = 0
    } else if (token == ")") {
        if (!depth && parentheses-- == pointed && pointed)
            is_named = 1
    } else if (token == ",") {
        expects = constants
    } else if (token == ";") {
        if (tag != "" && last == tag && !depth)
            told("tag", tag)
        if (!depth)
            end_statement()
    }
    if (token ~ /^(struct|union|enum)$/)
        kind = token
    else if (token !~ /^[A-Za-z_]/)
        kind = tag = ""
    last = token
}

/^# [0-9]+ "/ {
    name = $3
    gsub(/"/, "", name)
    mine = index(name, folder) == 1
    if (mine)
        header = substr(name, length(folder) + 1)
    next
}
!mine { next }
/^#define / {
    name = $2
    sub(/\(.*/, "", name)
    told("macro", name)
    next
}
/^#/ { next }
{
    text = $0
    gsub(/"([^"\\]|\\.)*"/, "", text)
    gsub(/__attribute__ *\(\([^()]*(\([^()]*\))?[^()]*\)\)/, " ", text)
    gsub(/__asm__ *\([^()]*\)|_Noreturn|\[\[[a-z_]*\]\]/, " ", text)
    while (next_token() != "")
        if (!inside || token ~ /[{}]/)
            take(token)
}
