/* SPDX-License-Identifier: MIT */
/* What an entry is about, in the words of whoever made it. */
#ifndef SERVER_EXPORT_EXPORT_WORDS_H
#define SERVER_EXPORT_EXPORT_WORDS_H

#include "ledger/domain/entry.h"

enum { EXPORT_WORDS = 201 };

/* Texts of one line without control characters, cut to 200 bytes; "": there is none. */
struct export_words {
    char payee[EXPORT_WORDS]; /* of the metadata: its member "payee" */
    char note[EXPORT_WORDS];  /* "description", "narration" or "note": the first that is a text */
};

/* Reads the entry's metadata. If memory is short there are none. */
void export_words_of(const struct entry *entry, struct export_words *words);

#endif
