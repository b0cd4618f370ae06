/* SPDX-License-Identifier: MIT */
/* Ledgers that this server gives free while it lives. The beat's connection carries it, before the
 * look of the same turn: so whoever gave one does not see it as its own any more. */
#include <stdio.h>

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

static bool is_seen(struct lease *lease, const struct lease_gift *gift)
{
    co_lock_take(&lease->lock);
    bool seen = gift->stage == LEASE_GIFT_SEEN;
    co_lock_drop(&lease->lock);
    return seen;
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
    bool made;
    while (!(made = is_seen(lease, &gift)) && lease_await_news(context, lease, &seen))
        ;
    unlink_gift(lease, &gift);
    return made;
}

/* A copy: the giver may give up while the database is asked. False: there are no more. */
static bool next_gift(struct lease *lease, struct lease_gift *copy)
{
    bool found = false;
    co_lock_take(&lease->lock);
    for (struct lease_gift *gift = lease->gifts; gift && !found; gift = gift->next)
        if ((found = gift->stage == LEASE_GIFT_NEW))
            *copy = *gift;
    co_lock_drop(&lease->lock);
    return found;
}

static void set_stage(struct lease *lease, int ledger, enum lease_gift_stage stage)
{
    co_lock_take(&lease->lock);
    for (struct lease_gift *gift = lease->gifts; gift; gift = gift->next)
        if (gift->stage == stage - 1 && (gift->ledger == ledger || ledger == 0))
            gift->stage = stage;
    co_lock_drop(&lease->lock);
}

enum pg_status lease_make_gifts(struct co_context *context, struct lease *lease)
{
    static const struct pg_statement give = {
        4, "SELECT writer_give($1::int, $2::bigint, $3::uuid, $4::bigint)"};
    struct lease_gift gift;
    enum pg_status status = PG_OK;
    while (status == PG_OK && next_gift(lease, &gift)) {
        char ledger[16], me[24], server[24];
        const char *values[] = {ledger, me, lease->life, server};
        snprintf(ledger, sizeof ledger, "%d", gift.ledger);
        snprintf(me, sizeof me, "%lu", lease_server(lease));
        snprintf(server, sizeof server, "%lu", gift.server);
        status = pg_run(context, lease->pg, &give, values, NULL);
        /* Not ours any more, or refused, and ours as before: the look tells. */
        if (status != PG_LOST)
            set_stage(lease, gift.ledger, LEASE_GIFT_MADE);
        if (status == PG_ERROR) {
            notice(NOTICE_TROUBLE, "a ledger could not be given to another server: %s",
                pg_message(lease->pg));
            status = PG_OK;
        }
    }
    return status;
}

void lease_note_gifts(struct lease *lease)
{
    set_stage(lease, 0, LEASE_GIFT_SEEN);
}
