/* SPDX-License-Identifier: MIT */
#include "server/export/export_words.h"

#include <string.h>

#include "server/text/json_in.h"

/* One line of it; an end within a character takes the whole character off. */
static void copy_line(char to[EXPORT_WORDS], const char *text)
{
    size_t length = 0;
    for (; text[length] && length < EXPORT_WORDS - 1; length++)
        to[length] = (unsigned char)text[length] < ' ' || text[length] == 0x7f ? ' ' : text[length];
    if (text[length])
        while (length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80)
            length--;
    while (length > 0 && to[length - 1] == ' ')
        length--;
    to[length] = '\0';
    memmove(to, to + strspn(to, " "), strlen(to + strspn(to, " ")) + 1);
}

static void copy_member(const struct json_in *metadata, const char *name, char to[EXPORT_WORDS])
{
    const struct json_in *member = json_in_member(metadata, name);
    const char *text = member ? json_in_text(member) : NULL;
    if (text && !*to)
        copy_line(to, text);
}

void export_words_of(const struct entry *entry, struct export_words *words)
{
    char memory[2048], error[JSON_IN_ERROR];
    struct arena arena;
    *words = (struct export_words){.payee = ""};
    if (!entry->metadata)
        return;
    arena_init(&arena, memory, sizeof memory);
    const struct json_in *metadata =
        json_in_read(&arena, entry->metadata, strlen(entry->metadata), JSON_IN_VALUES, NULL, error);
    if (metadata) {
        copy_member(metadata, "payee", words->payee);
        /* The first of the three that is there. */
        copy_member(metadata, "description", words->note);
        copy_member(metadata, "narration", words->note);
        copy_member(metadata, "note", words->note);
    }
    arena_clear(&arena);
}
