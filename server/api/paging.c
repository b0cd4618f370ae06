/* SPDX-License-Identifier: MIT */
#include "server/api/paging.h"

#include <string.h>

bool paging_read_order(struct call *call, bool *descends)
{
    const char *order = request_query(call->request, "order");
    if (!order)
        return true;
    *descends = strcmp(order, "desc") == 0;
    if (*descends || strcmp(order, "asc") == 0)
        return true;
    call_refuse(call, NULL, "order", "must be asc or desc");
    return false;
}

bool paging_read_limit(struct call *call, uint64_t *limit)
{
    *limit = PAGING_LIMIT;
    return call_query_number(call, "limit", 1, PAGING_MAX, limit);
}

bool paging_read(struct call *call, struct paging *paging)
{
    bool descends = paging->descends;
    if (!paging_read_order(call, &descends))
        return false;
    *paging = (struct paging){.before = UINT64_MAX, .descends = descends};
    uint64_t page = descends ? UINT64_MAX : 0;
    if (!call_query_number(call, "page", descends ? 1 : 0, INT64_MAX, &page) ||
        !call_query_number(call, "after", 0, INT64_MAX, &paging->after) ||
        !call_query_number(call, "before", 1, INT64_MAX, &paging->before))
        return false;
    if (descends && page < paging->before)
        paging->before = page;
    else if (!descends && page > paging->after)
        paging->after = page;
    return paging_read_limit(call, &paging->limit);
}

bool paging_has(const struct paging *paging, uint64_t number)
{
    return number > paging->after && number < paging->before;
}

uint64_t paging_next(const struct paging *paging, uint64_t last)
{
    bool more = paging->descends ? last > paging->after + 1 : last + 1 < paging->before;
    return more ? last : 0;
}

void paging_open(struct json_out *out, struct call *call)
{
    json_out_begin(out, call->arena);
    json_out_open(out, '{');
    json_out_key(out, "items");
    json_out_open(out, '[');
}

void paging_close_items(struct json_out *out, uint64_t next)
{
    json_out_close(out, ']');
    json_out_key(out, "next");
    /* Null, not absent, at the end: a client need not guess. */
    if (next)
        json_out_number(out, next);
    else
        json_out_json(out, NULL);
}

void paging_close(struct json_out *out, uint64_t next)
{
    paging_close_items(out, next);
    json_out_close(out, '}');
}
