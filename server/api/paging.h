/* SPDX-License-Identifier: MIT */
/*
 * How every list is paged: `order` says in which direction it goes, `limit` how many items a page
 * has at most, and what a page says under `next` is the `page` of the one after, with the other
 * parameters left as they are. The bounds, `after` and `before`, hold in either direction.
 */
#ifndef SERVER_API_PAGING_H
#define SERVER_API_PAGING_H

#include "server/api/call.h"

struct paging {
    uint64_t after, before; /* only what lies between them; 0 and UINT64_MAX: no bound */
    uint64_t limit;
    bool descends; /* the last ones first; set by the caller: unless it is asked otherwise */
};

enum { PAGING_LIMIT = 100, PAGING_MAX = 1000 }; /* items: unless it is said; at most */

/* The parameters of a list whose items have numbers that rise. False: refused. */
CO_MUST_CHECK bool paging_read(struct call *call, struct paging *paging);

/* Of these: its `order` alone; and `limit`. */
CO_MUST_CHECK bool paging_read_order(struct call *call, bool *descends);
CO_MUST_CHECK bool paging_read_limit(struct call *call, uint64_t *limit);

/* Lies that number between the bounds? */
bool paging_has(const struct paging *paging, uint64_t number);

/* Where the page after one begins that ended with `last`; 0: beyond it there is nothing within the
 * bounds. */
uint64_t paging_next(const struct paging *paging, uint64_t last);

/* The document around the items: {"items":[ … ],"next":N}, where 0 is null: the end. */
void paging_open(struct json_out *out, struct call *call);
void paging_close(struct json_out *out, uint64_t next);
void paging_close_items(struct json_out *out, uint64_t next); /* other members may follow */

#endif
