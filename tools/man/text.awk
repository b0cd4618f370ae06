# SPDX-License-Identifier: MIT
# Running text as mdoc: a new sentence begins a new line, lines are short, and what looks like a
# function or an argument is marked up. Goes line by line to out(), which the user of this defines.

BEGIN { width = 78 }

function escape(text) {
    gsub(/\\/, "\\e", text)
    return text
}

# A line that is text, though it may begin like a macro.
function guard(text) { return text ~ /^[ ]*[.']/ ? "\\&" text : text }

function put_line(text) {
    if (paragraph)
        out(".Pp")
    paragraph = 0
    out(text)
}

function flush_line() {
    if (line != "")
        put_line(guard(line))
    line = ""
}

# A word such as "co_ready()," or "`item`" is a line of its own, with its punctuation as arguments.
function put_marked(macro, name, after) {
    flush_line()
    gsub(/./, " &", after)
    put_line(macro " " name after)
}

function put_word(word) {
    if (match(word, /^[a-z_][a-z_0-9]*\(\)[.,;:)]*$/)) {
        match(word, /^[a-z_0-9]+/)
        put_marked(".Fn", substr(word, 1, RLENGTH), substr(word, RLENGTH + 3))
        return
    }
    if (match(word, /^`[a-z_0-9]+`[.,;:)]*$/)) {
        match(word, /^`[a-z_0-9]+/)
        put_marked(".Fa", substr(word, 2, RLENGTH - 1), substr(word, RLENGTH + 2))
        return
    }
    if (length(line) + 1 + length(word) > width)
        flush_line()
    line = line == "" ? word : line " " word
    if (word ~ /[.!?][")]?$/)
        flush_line()
}

function put_words(text,    words, count, i) {
    count = split(escape(text), words, " ")
    for (i = 1; i <= count; i++)
        put_word(words[i])
}

# Lines as they stand.
function put_literal(text,    lines, count, i) {
    count = split(text, lines, "\n")
    for (i = 1; i <= count; i++)
        put_line(guard(escape(lines[i])))
}

# Paragraphs, parted by empty lines; what is indented is shown as it stands.
function put_text(text,    lines, count, i, literal) {
    count = split(text, lines, "\n")
    for (i = 1; i <= count; i++) {
        if (lines[i] ~ /^    / && !literal) {
            flush_line()
            paragraph = 0 # a display makes one
            put_line(".Bd -literal -offset indent")
            literal = 1
        } else if (literal && lines[i] !~ /^    / && lines[i] != "") {
            put_line(".Ed")
            literal = 0
        }
        if (literal)
            put_literal(substr(lines[i], 5))
        else if (lines[i] == "") {
            flush_line()
            paragraph = i < count
        } else
            put_words(lines[i])
    }
    flush_line()
    if (literal)
        put_line(".Ed")
}
