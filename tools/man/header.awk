# SPDX-License-Identifier: MIT
# A man page (mdoc) out of a header: what stands in the header is the only source.
#     awk -v date='November 21, 2026' -v version=0.3.0 -v hidden='lock wait' \
#         -f tools/man/text.awk -f tools/man/header.awk coro/chan.h
# The head comment becomes the description; each block of declarations (up to an empty line) is an
# item with the comment above it; functions go to the synopsis, too; what a block declares besides
# functions is shown as it stands. The pages it refers to are those of the headers that it includes,
# except the hidden ones. With -v summary=1 it prints what the page is about, and no page.

function out(text) { body = body text "\n" }

# --- declarations -----------------------------------------------------------------------------

function squeeze(text) {
    gsub(/\/\*([^*]|\*[^\/])*\*\//, " ", text)
    gsub(/[ \t\n]+/, " ", text)
    sub(/^ /, "", text)
    sub(/ $/, "", text)
    return text
}

function put_arguments(text,    depth, i, c, from) {
    depth = 0
    from = 1
    for (i = 1; i <= length(text) + 1; i++) {
        c = i > length(text) ? "," : substr(text, i, 1)
        if (c == "(")
            depth++
        else if (c == ")")
            depth--
        else if (c == "," && depth == 0) {
            synopsis = synopsis ".Fa \"" squeeze(substr(text, from, i - from)) "\"\n"
            from = i + 1
        }
    }
}

# "struct co_chan *co_chan_make(size_t item_size, size_t capacity)"; its name.
function put_function(text,    open, name, type, arguments) {
    sub(/^CO_MUST_CHECK /, "", text)
    sub(/^static inline /, "", text)
    gsub(/ ?__attribute__ ?\(\(.*\)\)$/, "", text)
    open = index(text, "(")
    type = substr(text, 1, open - 1)
    sub(/ $/, "", type)
    arguments = substr(text, open + 1)
    sub(/\)$/, "", arguments)
    match(type, /[A-Za-z_0-9]+$/)
    name = substr(type, RSTART)
    type = substr(type, 1, RSTART - 1)
    sub(/ $/, "", type)
    synopsis = synopsis ".Ft \"" type "\"\n.Fo " name "\n"
    put_arguments(arguments)
    synopsis = synopsis ".Fc\n"
    return name
}

function put_macro(text,    name, arguments) {
    sub(/^# *define /, "", text)
    match(text, /^[A-Za-z_0-9]+/)
    name = substr(text, 1, RLENGTH)
    arguments = substr(text, RLENGTH + 2)
    sub(/\).*/, "", arguments)
    synopsis = synopsis ".Fo " name "\n"
    put_arguments(arguments)
    synopsis = synopsis ".Fc\n"
    return name
}

# --- a block: what stands between two empty lines ---------------------------------------------

function begin_block() {
    above = names = shown = decl = ""
    depth = 0
}

function add_name(name) { names = names (names == "" ? "" : " ,\n.Fn ") name }

# The functions of a block so far, as an item: a comment after a function ends one.
function put_item() {
    if (!listed)
        out(".Bl -tag -width Ds")
    listed = 1
    out(".It Xo\n.Fn " names "\n.Xc")
    put_text(above)
    names = above = ""
}

# `decl` is one declaration or macro, whole, with the comments inside and after it.
function end_declaration(    plain) {
    plain = squeeze(decl)
    sub(/ *;$/, "", plain)
    sub(/ *\{.*$/, "", plain)
    if (decl ~ /^# *define [A-Za-z_0-9]+\(/)
        add_name(put_macro(plain))
    else if (decl ~ /^#/ || decl ~ /^(struct|enum|union) [a-z_0-9]+[ \n]*\{/ || plain !~ /\)$/)
        shown = shown decl "\n"
    else {
        add_name(put_function(plain))
        if (match(decl, /; *\/\*.*\*\//)) {
            above = above (above == "" ? "" : "\n") comment_text(substr(decl, RSTART + 1))
            put_item()
        }
    }
    decl = ""
}

function comment_text(text,    lines, count, i, result) {
    sub(/^[ ]*\/\*[ ]?\n?/, "", text)
    sub(/[ \n]*\*\/[ ]*$/, "", text)
    count = split(text, lines, "\n")
    for (i = 1; i <= count; i++) {
        if (i > 1 || lines[i] ~ /^ \*/)
            sub(/^ \* ?|^ \*$/, "", lines[i])
        result = result (i > 1 ? "\n" : "") lines[i]
    }
    return result
}

function end_block() {
    if (names != "")
        put_item()
    else if (above != "") {
        end_list()
        paragraph = 1
        put_text(above)
    }
    if (shown != "") {
        sub(/\n$/, "", shown)
        out(".Bd -literal" (listed ? "" : " -offset indent"))
        put_literal(shown)
        out(".Ed")
    }
    begin_block()
}

function end_list() {
    if (listed)
        out(".El")
    listed = 0
}

function count_braces(text,    open, close_) {
    sub(/\/\*.*/, "", text)
    open = gsub(/\{/, "", text)
    close_ = gsub(/\}/, "", text)
    return open - close_
}

# --- the file, line by line -------------------------------------------------------------------

FNR == 1 { file = FILENAME; begin_block(); next }
/^#include "/ {
    gsub(/.*\/(co_)?|\.h"/, "")
    if (index(" " hidden " ", " " $0 " ") == 0)
        see = see " ,\n.Xr coro-" $0 " 3"
    next
}
/^#(ifndef|endif|include|pragma)/ || /^#define [A-Z_]+_H$/ || /^(struct|enum) [a-z_0-9]+;/ { next }

comment != "" {
    comment = comment "\n" $0
    if (/\*\//)
        end_comment()
    next
}
decl == "" && /^\/\*/ {
    comment = $0
    if (/\*\//)
        end_comment()
    next
}
function end_comment() {
    if (head == "")
        head = comment_text(comment)
    else
        above = above (above == "" ? "" : "\n") comment_text(comment)
    comment = ""
}

/^$/ && depth == 0 && decl == "" { end_block(); next }
{
    macro = decl == "" ? /^# *define/ : decl ~ /^# *define/
    decl = decl == "" ? $0 : decl "\n" $0
    depth += macro ? 0 : count_braces($0)
    if (macro ? !/\\$/ : depth == 0 && (/;[ ]*(\/\*.*\*\/)?$/ || /^}/))
        end_declaration()
}

# "A channel: items pass ..." as the one line that apropos shows.
function brief(text) {
    gsub(/\n[ ]*/, " ", text)
    gsub(/ \([^)]*\)/, "", text)
    sub(/(\. |\.$|; ).*/, "", text)
    if (length(text) > 90)
        sub(/, .*/, "", text)
    return tolower(substr(text, 1, 1)) substr(text, 2)
}

END {
    end_block()
    end_list()
    declarations = body
    body = ""
    if (summary) {
        put_text(brief(head))
        printf "%s", body
        exit
    }
    put_text(head)
    name = file
    gsub(/.*\/(co_)?|\.h$/, "", name)
    printf ".Dd %s\n.Dt CORO-%s 3\n.Os teller %s\n", date, toupper(name), version
    printf ".Sh NAME\n.Nm coro-%s\n.Nd %s\n", name, brief(head)
    printf ".Sh SYNOPSIS\n.In %s\n%s", file, synopsis
    printf ".Sh DESCRIPTION\n%s%s", body, declarations
    printf ".Sh SEE ALSO\n.Xr coro 3%s\n", see
}
