/* SPDX-License-Identifier: MIT */
/* A sweep over all beginnings and ends in order of time, with the highest position answered yet. */
#include "tests/service/order.h"

#include <stdlib.h>

struct moment {
    int64_t at_ns;
    const struct op *op;
    bool ends;
};

static int by_time(const void *a, const void *b)
{
    const struct moment *one = a, *other = b;
    if (one->at_ns != other->at_ns)
        return one->at_ns < other->at_ns ? -1 : 1;
    return one->ends - other->ends; /* at the same instant the two may overlap */
}

static bool is_final(const struct op *op)
{
    return op->outcome == OP_DONE || op->outcome == OP_REFUSED;
}

static size_t gather(struct history *histories, size_t count, struct moment **moments)
{
    size_t most = 0, n = 0;
    for (size_t h = 0; h < count; h++)
        most += 2 * histories[h].count;
    *moments = calloc(most + 1, sizeof **moments);
    co_ensure(*moments);
    for (size_t h = 0; h < count; h++)
        for (size_t i = 0; i < histories[h].count; i++) {
            const struct op *op = &histories[h].ops[i];
            if (!is_final(op))
                continue;
            (*moments)[n++] = (struct moment){op->invoked_ns, op, false};
            (*moments)[n++] = (struct moment){op->returned_ns, op, true};
        }
    qsort(*moments, n, sizeof **moments, by_time);
    return n;
}

/* A transfer has a position of its own; a read or a refusal may share the one that it was told. */
static bool is_behind(const struct op *op, int64_t seq)
{
    return op->kind != OP_READ && op->outcome == OP_DONE ? op->seq > seq : op->seq >= seq;
}

size_t order_check(
    struct history *histories, size_t count, const struct op **earlier, const struct op **later)
{
    struct moment *moments;
    const struct op *highest = NULL;
    size_t n = gather(histories, count, &moments), found = 0;
    for (size_t i = 0; i < n; i++) {
        const struct op *op = moments[i].op;
        if (moments[i].ends) {
            if (!highest || op->seq > highest->seq)
                highest = op;
        } else if (highest && !is_behind(op, highest->seq) && found++ == 0) {
            *earlier = highest;
            *later = op;
        }
    }
    free(moments);
    return found;
}
