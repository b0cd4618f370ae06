/* SPDX-License-Identifier: MIT */
#include "tests/service/rows.h"

#include <string.h>

/* Which account of the clients' it is. */
static uint8_t account_of(struct json_view id)
{
    char name[16];
    for (unsigned i = 0; i < HISTORY_ACCOUNTS; i++) {
        history_account(i, name);
        if (json_view_is(id, name))
            return (uint8_t)i;
    }
    return UINT8_MAX;
}

bool rows_take(struct rows *rows, struct json_view item, const char **wrong)
{
    char key[KEY_SIZE];
    struct json_view_walk walk = {.rest = json_view_member(item, "postings")};
    struct json_view posting;
    int64_t moved = 0;
    if (!json_view_copy(
            json_view_member(json_view_member(item, "metadata"), "of"), key, sizeof key))
        return false;
    if (rows->count == HISTORY_ROWS || (rows->count > 0 && strcmp(key, rows->batch) != 0)) {
        *wrong = "is a row among those of another batch";
        return true;
    }
    memcpy(rows->batch, key, sizeof key);
    struct op *row = &rows->ops[rows->count++];
    *row = (struct op){.from = UINT8_MAX};
    if (!json_view_next(&walk, &posting) ||
        !json_view_integer(json_view_member(posting, "amount"), &moved))
        return true;
    row->amount = (int32_t)moved;
    row->from = account_of(json_view_member(posting, "from"));
    row->to = account_of(json_view_member(posting, "to"));
    return true;
}

/* Which rows the batch's entry tells to be done: the first one is bit 0. */
static unsigned done_of(struct json_view item)
{
    struct json_view_walk walk = {.rest = json_view_member(item, "results")};
    struct json_view result;
    unsigned done = 0, at = 0;
    int64_t count;
    while (json_view_next(&walk, &result) &&
           json_view_integer(json_view_member(result, "count"), &count))
        for (; count > 0 && at < HISTORY_ROWS; count--, at++)
            if (json_view_member(result, "first").at)
                done |= 1u << at;
    return done;
}

/* Those that are done are those that are there. */
static bool are_there(const struct rows *rows, const struct op *batch, unsigned done)
{
    unsigned taken = 0;
    for (unsigned i = 0; i < HISTORY_ROWS; i++) {
        struct op wanted = history_row(batch, i);
        const struct op *row = &rows->ops[taken];
        if (!(done >> i & 1))
            continue;
        if (taken++ == rows->count || row->from != wanted.from || row->to != wanted.to ||
            row->amount != wanted.amount)
            return false;
    }
    return taken == rows->count;
}

const char *rows_settle(struct rows *rows, const struct op *batch, struct json_view item)
{
    unsigned done = done_of(item), all = (1u << HISTORY_ROWS) - 1;
    bool right = rows->count == 0 || strcmp(rows->batch, batch->key) == 0;
    right = right && are_there(rows, batch, done);
    rows->count = 0;
    return !right                                             ? "has other rows than it says"
           : batch->atomic && done != 0 && done != all        ? "is atomic, and done in part"
           : batch->outcome == OP_DONE && done != batch->rows ? "was told of other rows"
                                                              : NULL;
}

void rows_forget(struct rows *rows, const char *key)
{
    if (strcmp(rows->batch, key) == 0)
        rows->count = 0;
}

const char *rows_end(struct rows *rows)
{
    bool alone = rows->count > 0;
    rows->count = 0;
    return alone ? "stands behind rows without their batch" : NULL;
}
