/* SPDX-License-Identifier: MIT */
/* A list of the service, page by page, as lines of JSON or as rows. Parks. */
#ifndef SERVER_CLIENT_PAGES_H
#define SERVER_CLIENT_PAGES_H

#include "server/client/desk.h"

#define PAGES_FLAGS                                                                                \
    {"limit", "N=1..9007199254740992", "at most so many", "50"},                                   \
    {                                                                                              \
        "all", NULL, "without a limit", NULL                                                       \
    }

struct pages {
    const char *path;   /* below the ledger's, with its query so far, which has at least one part */
    const char *cursor; /* the parameter that says from where on: "after", "before" */
    const char *what;   /* "entries": for the progress */
    const char *const *titles;                                              /* of columns.h */
    void (*row)(void *arg, struct columns *columns, struct json_view item); /* adds one */
    void *arg;
};

/* Print it, as far as --limit or --all say. */
CO_MUST_CHECK enum desk_end pages_print(struct desk *desk, const struct pages *pages);

#endif
