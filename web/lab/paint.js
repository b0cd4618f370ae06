// SPDX-License-Identifier: MIT
// C and Go in colours: comments, strings, numbers and words of the language. Text in, elements out;
// nothing of the text becomes markup.

import { element } from '../dom.js';

const C = tokens('//', 'bool break case char const continue default do else enum extern false ' +
    'for goto if int int64_t uint64_t int32_t uint32_t uint8_t long NULL return short signed ' +
    'size_t sizeof static struct switch true typedef union unsigned void volatile while');
const GO = tokens('//|-- ', 'bool break case chan const continue default defer else error false ' +
    'for func go if int int64 interface map nil package range return select string struct switch ' +
    'true type var BEGIN COMMIT SELECT FROM WHERE FOR UPDATE SET AND RETURNING');
const CLASSES = ['comment', 'string', 'word', 'digit'];

/** `comment` begins one that ends with its line. What stands for Go is SQL, too, at times. */
function tokens(comment, words) {
    return new RegExp([
        String.raw`(\/\*[\s\S]*?\*\/|(?:${comment})[^\n]*)`,
        String.raw`("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])+')`, // text
        String.raw`\b(${words.replaceAll(' ', '|')})\b`,
        String.raw`\b(\d[\w.]*)\b`,
    ].join('|'), 'g');
}

/** The lines of a text in C, each an array of elements and strings. */
export function paintLines(text, token = C) {
    const lines = [[]];
    const put = (part, name) => part.split('\n').forEach((piece, i) => {
        if (i) lines.push([]);
        if (piece) lines.at(-1).push(name ? element('span', { class: name }, piece) : piece);
    });
    let from = 0;
    for (const match of text.matchAll(token)) {
        put(text.slice(from, match.index), '');
        put(match[0], CLASSES[match.slice(1).findIndex((group) => group !== undefined)]);
        from = match.index + match[0].length;
    }
    put(text.slice(from), '');
    return lines;
}

/** A text in colours, as the children of a <pre>: in C, or in Go. */
export function paint(text, isGo = false) {
    return paintLines(text, isGo ? GO : C).flatMap((line, i) => (i ? ['\n', ...line] : line));
}
