/* SPDX-License-Identifier: MIT */
/* Ledgers that this server gives free while it lives. The beat's connection carries it, before the
 * look of the same turn: so whoever gave one does not see it as its own any more. A turn has one
 * statement for it, which waits for nobody: the lease would wait with it. */
#include <stdio.h>
#include <string.h>

#include "ledger/lease/lease_private.h"
#include "ledger/notice.h"

static void unlink_gift(struct lease *lease, const struct lease_gift *gift)
{
    co_lock_take(&lease->lock);
    struct lease_gift **at = &lease->gifts;
    while (*at != gift)
        at = &(*at)->next;
    *at = gift->next;
    co_lock_drop(&lease->lock);
}

static bool is_over(struct lease *lease, const struct lease_gift *gift)
{
    co_lock_take(&lease->lock);
    bool over = gift->stage == LEASE_GIFT_SEEN || gift->stage == LEASE_GIFT_REFUSED;
    co_lock_drop(&lease->lock);
    return over;
}

bool lease_give(struct co_context *context, struct lease *lease, int ledger, uint64_t server)
{
    struct lease_gift gift = {.ledger = ledger, .server = server};
    co_lock_take(&lease->lock);
    gift.next = lease->gifts;
    lease->gifts = &gift;
    co_lock_drop(&lease->lock);
    lease_look_soon(lease);

    uint64_t seen = co_eventcount_read(&lease->news);
    while (!is_over(lease, &gift) && lease_await_news(context, lease, &seen))
        ;
    unlink_gift(lease, &gift);
    return gift.stage == LEASE_GIFT_SEEN;
}

/* What one statement says; more of them wait for the next turn. */
enum { GIFTS_MAX = 32, NUMBER = 24 };

struct round {
    size_t count;
    int ledgers[GIFTS_MAX];
    char ledger_list[GIFTS_MAX * NUMBER + 3], server_list[GIFTS_MAX * NUMBER + 3];
};

static bool is_in(const struct round *round, int ledger)
{
    for (size_t i = 0; i < round->count; i++)
        if (round->ledgers[i] == ledger)
            return true;
    return false;
}

/* Copies: the giver may give up while the database is asked. */
static void gather(struct lease *lease, struct round *round)
{
    size_t at = 0, to = 0, most = lease->gives_apart ? 1 : GIFTS_MAX;
    round->count = 0;
    co_lock_take(&lease->lock);
    for (struct lease_gift *gift = lease->gifts; gift; gift = gift->next) {
        if (gift->stage != LEASE_GIFT_NEW || round->count == most)
            continue;
        char comma = round->count == 0 ? '{' : ',';
        at += (size_t)snprintf(
            round->ledger_list + at, sizeof round->ledger_list - at, "%c%d", comma, gift->ledger);
        to += (size_t)snprintf(
            round->server_list + to, sizeof round->server_list - to, "%c%lu", comma, gift->server);
        round->ledgers[round->count++] = gift->ledger;
    }
    co_lock_drop(&lease->lock);
    memcpy(round->ledger_list + at, "}", 2);
    memcpy(round->server_list + to, "}", 2);
}

/* Those whose row somebody has locked are not made: they are as they were, and come again. */
static void leave_out(struct round *round, const struct pg_result *locked)
{
    size_t kept = 0;
    for (size_t i = 0; i < round->count; i++) {
        bool is_locked = false;
        for (size_t row = 0; row < pg_rows(locked); row++)
            is_locked |= pg_number(locked, row, 0) == round->ledgers[i];
        if (!is_locked)
            round->ledgers[kept++] = round->ledgers[i];
    }
    round->count = kept;
}

static void note_stage(struct lease *lease, const struct round *round, enum lease_gift_stage stage)
{
    co_lock_take(&lease->lock);
    for (struct lease_gift *gift = lease->gifts; gift; gift = gift->next)
        if (gift->stage == LEASE_GIFT_NEW && is_in(round, gift->ledger))
            gift->stage = stage;
    co_lock_drop(&lease->lock);
}

/* Which of several it was does not show: each is tried by itself until none is left. */
static void note_refusal(struct lease *lease, const struct round *round)
{
    if (round->count == 1)
        note_stage(lease, round, LEASE_GIFT_REFUSED);
    lease->gives_apart = true;
    notice(NOTICE_TROUBLE, "%s could not be given to another server: %s",
        round->count == 1 ? "a ledger" : "ledgers", pg_message(lease->pg));
}

enum pg_status lease_make_gifts(struct co_context *context, struct lease *lease)
{
    static const struct pg_statement give = {
        4, "SELECT writers_give($1::int[], $2::bigint, $3::uuid, $4::bigint[])"};
    struct round round;
    struct pg_result *locked = NULL;
    char me[NUMBER];
    const char *values[] = {round.ledger_list, me, lease->life, round.server_list};
    gather(lease, &round);
    if (round.count == 0) {
        lease->gives_apart = false;
        return PG_OK;
    }
    snprintf(me, sizeof me, "%lu", lease_server(lease));
    enum pg_status status = pg_run(context, lease->pg, &give, values, &locked);
    if (status == PG_ERROR) {
        note_refusal(lease, &round);
        return PG_OK;
    }
    if (status == PG_OK)
        leave_out(&round, locked);
    pg_free(&locked);
    /* Not ours any more: the look tells. */
    if (status == PG_OK)
        note_stage(lease, &round, LEASE_GIFT_MADE);
    return status;
}

bool lease_has_gifts(struct lease *lease)
{
    bool has = false;
    co_lock_take(&lease->lock);
    for (struct lease_gift *gift = lease->gifts; gift && !has; gift = gift->next)
        has = gift->stage == LEASE_GIFT_NEW;
    co_lock_drop(&lease->lock);
    return has;
}

void lease_note_gifts(struct lease *lease)
{
    co_lock_take(&lease->lock);
    for (struct lease_gift *gift = lease->gifts; gift; gift = gift->next)
        if (gift->stage == LEASE_GIFT_MADE)
            gift->stage = LEASE_GIFT_SEEN;
    co_lock_drop(&lease->lock);
}
