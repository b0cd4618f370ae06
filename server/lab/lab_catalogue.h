/* SPDX-License-Identifier: MIT */
/*
 * What there is to run: scenarios, strategies, examples, as `teller lab --list --json` tells them.
 * A child is asked once, when somebody first wants to know; after that it is all in memory and
 * never changes, so it is read without a lock.
 */
#ifndef SERVER_LAB_LAB_CATALOGUE_H
#define SERVER_LAB_LAB_CATALOGUE_H

#include "coro/context.h"
#include "coro/mutex.h"
#include "server/text/json_in.h"

enum { LAB_CATALOGUE_MAX = 8 << 20 /* bytes */ };

struct lab_catalogue {
    struct co_mutex mutex; /* held while the child is asked */
    char *text;            /* JSON; NULL: not known yet */
    size_t length;
    struct arena arena; /* of `document` */
    const struct json_in *document;
};

void lab_catalogue_init(struct lab_catalogue *catalogue);
void lab_catalogue_term(struct lab_catalogue *catalogue);

/* Load it, unless that is done. Parks. False: `error` says how the child failed, and the next call
 * tries again; or the context ended. */
CO_MUST_CHECK bool lab_catalogue_load(struct co_context *context, struct lab_catalogue *catalogue,
    const char *program /* lab_child.h */, char *error, size_t error_size);

/* The object of that name in the array `list` ("scenarios"); NULL: there is none. */
const struct json_in *lab_catalogue_find(
    const struct lab_catalogue *catalogue, const char *list, const char *name);

#endif
