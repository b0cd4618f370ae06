/* SPDX-License-Identifier: MIT */
/* Files that the program carries in itself; tools/embed.sh writes the tables at build time. */
#ifndef LEDGER_EMBED_H
#define LEDGER_EMBED_H

#include <stddef.h>

struct embed {
    const char *name; /* the path below its folder: "001_journal.sql"; NULL ends the table */
    const unsigned char *data;
    size_t size;
    const unsigned char *gzip; /* the same in gzip; NULL: that would not be much shorter */
    size_t gzip_size;
};

extern const struct embed embed_sql[];  /* sql/(number)_(name).sql by number, then the others */
extern const struct embed embed_web[];  /* the dashboard's files */
extern const struct embed embed_api[];  /* the OpenAPI document */
extern const struct embed embed_docs[]; /* the documentation, as pages */
extern const struct embed embed_lab[];  /* code that the lab shows, by its path in the tree */

#endif
