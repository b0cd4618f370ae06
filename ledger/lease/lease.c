/* SPDX-License-Identifier: MIT */
/* What others see of a lease; how it begins and ends is in lease_start.c, how it is kept up in
 * lease_beat.c and lease_watch.c. */
#include "ledger/lease/lease.h"

#include <stdio.h>
#include <string.h>

#include "coro/clock.h"
#include "ledger/lease/lease_private.h"
#include "ledger/notice.h"

enum {
    RECORD_S = 2,       /* and a stop that is to be recorded */
    LOOK_AGAIN_MS = 10, /* while that is waited for */
};

/* ---- telling ------------------------------------------------------------------------------- */

/* By a clock that goes on while the machine is suspended: whoever wakes up must not think that its
 * lease lasts. */
int64_t lease_left_ns(struct lease *lease)
{
    return atomic_load_explicit(&lease->good_until_ns, memory_order_acquire) - co_clock_boot_ns();
}

bool lease_is_good(struct lease *lease)
{
    return lease_left_ns(lease) > 0;
}

uint64_t lease_server(struct lease *lease)
{
    return atomic_load(&lease->server);
}

struct dbtime *lease_dbtime(struct lease *lease)
{
    return &lease->dbtime;
}

void lease_tell_news(struct lease *lease, bool changes)
{
    co_lock_take(&lease->lock);
    /* Counted under the lock, so that the counts never go back. */
    uint64_t count = ++lease->news_count;
    uint64_t changes_count = lease->changes_count += changes;
    co_lock_drop(&lease->lock);
    co_eventcount_advance(&lease->news, count);
    co_eventcount_advance(&lease->changes, changes_count);
}

void lease_look_soon(struct lease *lease)
{
    co_lock_take(&lease->lock);
    uint64_t wanted = ++lease->looks_wanted;
    co_lock_drop(&lease->lock);
    co_eventcount_advance(&lease->wanted, wanted);
}

void lease_note_problem(struct lease *lease, const char *why)
{
    char before[LEASE_WHY];
    co_lock_take(&lease->lock);
    memcpy(before, lease->problem, sizeof before);
    snprintf(lease->problem, sizeof lease->problem, "%s", why);
    co_lock_drop(&lease->lock);
    /* A database that is away is tried five times a second, and logged once. */
    if (strcmp(before, why) == 0)
        return;
    if (*why)
        notice(NOTICE_TROUBLE, "%s", why);
    else
        notice(NOTICE_INFO, "the database answers again");
}

void lease_note_away(struct lease *lease, const char *why)
{
    char away[LEASE_WHY + 40];
    snprintf(away, sizeof away, "the database is away: %s", why);
    lease_note_problem(lease, away);
}

void lease_tell_problem(struct lease *lease, char why[LEASE_WHY])
{
    co_lock_take(&lease->lock);
    memcpy(why, lease->problem, LEASE_WHY);
    co_lock_drop(&lease->lock);
    /* What was noted before the lease was renewed explains nothing now. */
    if (lease_is_good(lease))
        *why = '\0';
    else if (!*why)
        snprintf(why, LEASE_WHY, "the database is away");
}

void lease_set_load(struct lease *lease, uint64_t load)
{
    atomic_store(&lease->load, load);
}

void lease_say_leaving(struct lease *lease)
{
    atomic_store(&lease->leaving, true);
    lease_look_soon(lease);
}

/* ---- claims -------------------------------------------------------------------------------- */

void lease_say_lost(
    const struct lease_place *had, uint64_t batch, uint64_t epoch, char why[LEASE_WHY])
{
    snprintf(why, LEASE_WHY,
        "the database is older than what was acknowledged: batches %lu..%lu of epoch %lu are "
        "missing, or others, up to seq %lu; it is at batch %lu of epoch %lu",
        batch < had->batch ? batch + 1 : had->batch, had->batch, had->epoch, had->seq, batch,
        epoch);
}

bool lease_degrade_one(struct lease_claim *claim, enum lease_standing standing, const char *why)
{
    static const char *const names[] = {
        [LEASE_STOPPED] = "stopped, reads go on", [LEASE_FENCED] = "fenced", [LEASE_LOST] = "lost"};
    /* It only gets worse: a ledger that is fenced cannot become one that has merely stopped. */
    if (atomic_load(&claim->standing) >= standing)
        return false;
    snprintf(claim->why, sizeof claim->why, "%s%s", standing == LEASE_LOST ? "lost: " : "", why);
    atomic_store(&claim->standing, standing);
    if (claim->heed)
        claim->heed(claim->heed_arg, standing);
    notice(NOTICE_TROUBLE, "ledger %s %s: %s", claim->name, names[standing], why);
    return true;
}

bool lease_degrade(struct lease_claim *claim, enum lease_standing standing, const char *why)
{
    struct lease *lease = claim->lease;
    co_lock_take(&lease->lock);
    bool news = lease_degrade_one(claim, standing, why);
    co_lock_drop(&lease->lock);
    if (news) {
        /* Readers learn it now, the database with the look that this brings about. */
        lease_tell_news(lease, true);
        lease_look_soon(lease);
    }
    return news;
}

void lease_degrade_all(struct lease *lease, enum lease_standing standing, const char *why)
{
    co_lock_take(&lease->lock);
    for (struct lease_claim *claim = lease->claims; claim; claim = claim->next)
        lease_degrade_one(claim, standing, why);
    co_lock_drop(&lease->lock);
    lease_tell_news(lease, true);
}

bool lease_witnessed(struct lease *lease, const char *ledger, struct lease_place *place)
{
    return lease->witness && witness_find(lease->witness, ledger, place);
}

bool lease_accepts_lost(const struct lease *lease)
{
    return lease->accepts_lost;
}

void lease_claim(struct lease *lease, struct lease_claim *claim, int ledger, const char *name,
    const struct lease_place *place)
{
    *claim = (struct lease_claim){.ledger = ledger, .acknowledged = *place};
    claim->lease = lease;
    snprintf(claim->name, sizeof claim->name, "%s", name);
    co_lock_take(&lease->lock);
    claim->next = lease->claims;
    lease->claims = claim;
    co_lock_drop(&lease->lock);
    /* What the database has of it now, it must have from here on. */
    if (lease->witness && place->batch > 0)
        witness_note(lease->witness, name, place, &claim->line);
}

void lease_acknowledge(struct lease_claim *claim, const struct lease_place *place)
{
    struct lease *lease = claim->lease;
    co_lock_take(&lease->lock);
    claim->acknowledged = *place;
    co_lock_drop(&lease->lock);
    if (lease->witness)
        witness_note(lease->witness, claim->name, place, &claim->line);
}

static void unlink_claim(struct lease *lease, const struct lease_claim *claim)
{
    co_lock_take(&lease->lock);
    struct lease_claim **at = &lease->claims;
    while (*at && *at != claim)
        at = &(*at)->next;
    if (*at)
        *at = claim->next;
    co_lock_drop(&lease->lock);
}

void lease_drop_claim(struct lease_claim *claim)
{
    struct lease *lease = claim->lease;
    if (!lease)
        return;
    /* A stop must outlive this process: give the beat the time to write it down. */
    int64_t until_ns = co_clock_now_ns() + RECORD_S * CO_CLOCK_S;
    while (atomic_load(&claim->standing) == LEASE_STOPPED && !atomic_load(&claim->stop_recorded) &&
           co_clock_now_ns() < until_ns)
        co_sleep(LOOK_AGAIN_MS * CO_CLOCK_MS);
    unlink_claim(lease, claim);
    claim->lease = NULL;
}

void lease_tell_why(struct lease_claim *claim, char why[LEASE_WHY])
{
    struct lease *lease = claim->lease;
    co_lock_take(&lease->lock);
    memcpy(why, claim->why, LEASE_WHY);
    co_lock_drop(&lease->lock);
    /* Nothing is wrong with the claim: then it is the lease that keeps it from running. */
    if (!*why)
        lease_tell_problem(lease, why);
}

enum co_eventcount_status lease_await(struct co_context *context, struct lease_claim *claim)
{
    struct lease *lease = claim->lease;
    struct co_context *turn = NULL;
    enum co_eventcount_status status = CO_EVENTCOUNT_REACHED;
    /* Wait for one lease's time at most, and not at all once the database is known to be away. */
    for (;;) {
        uint64_t seen = co_eventcount_read(&lease->news);
        if (atomic_load(&claim->standing) >= LEASE_FENCED)
            status = CO_EVENTCOUNT_CLOSED;
        else if (lease_is_good(lease))
            status = CO_EVENTCOUNT_REACHED;
        else if (atomic_load(&lease->failing) || status != CO_EVENTCOUNT_REACHED ||
                 (!turn && !(turn = co_context_with_timeout(context, LEASE_MS * CO_CLOCK_MS))))
            status = CO_EVENTCOUNT_CANCELLED;
        else {
            status = co_eventcount_await(turn, &lease->news, seen + 1);
            continue;
        }
        break;
    }
    if (turn)
        co_context_release(&turn);
    return status;
}
