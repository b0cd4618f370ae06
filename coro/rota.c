/* SPDX-License-Identifier: MIT */
/*
 * Invariants, under the lock
 * - places[1 .. count] is a heap: none is due before the one at half its index; each knows its own.
 * - A member is in the heap, or it is `current`, or its work is never due again. There is room for
 *   all members, so that putting one back cannot fail.
 */
#include "coro/rota.h"

#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/ensure.h"
#include "coro/select.h"

/* ---- the heap ------------------------------------------------------------------------------ */

static void put_at(struct co_rota *rota, size_t at, struct co_rota_place *place)
{
    rota->places[at] = place;
    place->at = at;
}

/* Put it where it belongs, from a free index up or down. */
static void settle(struct co_rota *rota, size_t at, struct co_rota_place *place)
{
    while (at > 1 && rota->places[at / 2]->due_ns > place->due_ns) {
        put_at(rota, at, rota->places[at / 2]);
        at /= 2;
    }
    for (size_t below; (below = 2 * at) <= rota->count; at = below) {
        if (below < rota->count && rota->places[below + 1]->due_ns < rota->places[below]->due_ns)
            below++;
        if (rota->places[below]->due_ns >= place->due_ns)
            break;
        put_at(rota, at, rota->places[below]);
    }
    put_at(rota, at, place);
}

static void add(struct co_rota *rota, struct co_rota_place *place)
{
    rota->count++;
    settle(rota, rota->count, place);
}

static void take_out(struct co_rota *rota, struct co_rota_place *place)
{
    size_t at = place->at;
    struct co_rota_place *last = rota->places[rota->count--];
    place->at = 0;
    if (last != place)
        settle(rota, at, last);
}

/* ---- its coroutine ------------------------------------------------------------------------- */

/* Whose turn it is; NULL: nobody's yet, and *wait_ns says for how long, or NEVER. */
static struct co_rota_place *next_turn(struct co_rota *rota, int64_t *wait_ns)
{
    int64_t now_ns = co_clock_now_ns();
    struct co_rota_place *place = NULL;
    *wait_ns = CO_ROTA_NEVER;
    co_lock_take(&rota->lock);
    if (rota->count > 0) {
        int64_t due_ns = rota->places[1]->due_ns;
        due_ns = due_ns > rota->rests_until_ns ? due_ns : rota->rests_until_ns;
        *wait_ns = due_ns - now_ns;
        if (*wait_ns <= 0) {
            place = rota->places[1];
            take_out(rota, place);
            rota->current = place;
        }
    }
    co_lock_drop(&rota->lock);
    return place;
}

static void end_turn(struct co_rota *rota, struct co_rota_place *place, int64_t next_ns)
{
    int64_t now_ns = co_clock_now_ns();
    co_lock_take(&rota->lock);
    rota->current = NULL;
    place->due_ns = next_ns < CO_ROTA_NEVER - now_ns ? now_ns + next_ns : CO_ROTA_NEVER;
    if (!place->leaves && next_ns != CO_ROTA_NEVER)
        add(rota, place);
    uint64_t pieces = ++rota->pieces;
    co_lock_drop(&rota->lock);
    co_eventcount_advance(&rota->done, pieces);
}

static void work(void *arg)
{
    struct co_rota *rota = arg;
    while (co_context_err(rota->duty.running) == CO_CONTEXT_OK) {
        int64_t wait_ns;
        struct co_rota_place *place = next_turn(rota, &wait_ns);
        if (place) {
            end_turn(rota, place, place->work(place->arg));
            co_yield(); /* a piece may have been too short to park */
            continue;
        }
        struct co_select_case cases[] = {
            {.op = CO_SELECT_RECV, .chan = rota->news},
            {.op = CO_SELECT_RECV, .chan = co_context_done(rota->duty.running)},
        };
        if (wait_ns == CO_ROTA_NEVER)
            co_select_wait(cases, 2);
        else
            co_select_timeout(cases, 2, wait_ns);
    }
}

/* ---- starting and stopping ----------------------------------------------------------------- */

bool co_rota_start_at(const struct co_site *site, struct co_rota *rota)
{
    rota->news = co_chan_make(0, 1);
    if (rota->news && co_duty_start_at(site, &rota->duty, work, rota))
        return true;
    if (rota->news)
        co_chan_free(&rota->news);
    return false;
}

void co_rota_stop(struct co_rota *rota)
{
    if (!rota->news)
        return;
    co_ensure(rota->members == 0);
    co_duty_stop(&rota->duty);
    co_chan_free(&rota->news);
    free(rota->places);
    rota->places = NULL;
    rota->room = 0;
}

/* ---- places -------------------------------------------------------------------------------- */

/* Make it a member, if there is room; else *room says how much there is. */
static bool admit(struct co_rota *rota, struct co_rota_place *place, size_t *room)
{
    co_lock_take(&rota->lock);
    bool fits = rota->members + 1 < rota->room;
    *room = rota->room;
    if (fits) {
        place->rota = rota;
        rota->members++;
        add(rota, place);
    }
    co_lock_drop(&rota->lock);
    return fits;
}

/* Have more than `room`; false: memory is short. */
static bool widen(struct co_rota *rota, size_t room)
{
    size_t wide = room > 0 ? 2 * room : 8;
    struct co_rota_place **places = calloc(wide, sizeof(struct co_rota_place *));
    if (!places)
        return false;
    co_lock_take(&rota->lock);
    if (rota->room == room) { /* else somebody else was faster */
        struct co_rota_place **before = rota->places;
        if (before)
            memcpy(places, before, (rota->count + 1) * sizeof(struct co_rota_place *));
        rota->places = places;
        rota->room = wide;
        places = before;
    }
    co_lock_drop(&rota->lock);
    free(places);
    return true;
}

bool co_rota_enter(struct co_rota *rota, struct co_rota_place *place, int64_t first_ns,
    int64_t (*piece)(void *arg), void *arg)
{
    struct co_context *running = co_context_with_cancel(co_context_background());
    if (!running)
        return false;
    *place = (struct co_rota_place){.running = running, .work = piece, .arg = arg};
    place->due_ns = co_clock_now_ns() + first_ns;
    for (size_t room; !admit(rota, place, &room);)
        if (!widen(rota, room)) {
            co_context_release(&place->running);
            return false;
        }
    (void)!co_chan_try_send(rota->news, NULL); /* if there is news already, that is enough */
    return true;
}

void co_rota_leave(struct co_rota_place *place)
{
    struct co_rota *rota = place->rota;
    if (!rota)
        return;
    co_context_cancel(place->running);
    for (bool left = false; !left;) {
        /* Read before looking: the end of a piece in between is not missed. */
        uint64_t seen = co_eventcount_read(&rota->done);
        co_lock_take(&rota->lock);
        place->leaves = true;
        left = rota->current != place;
        if (left) {
            if (place->at > 0)
                take_out(rota, place);
            rota->members--;
        }
        co_lock_drop(&rota->lock);
        if (!left)
            (void)!co_eventcount_await(co_context_background(), &rota->done, seen + 1);
    }
    co_context_release(&place->running);
    place->rota = NULL;
}

void co_rota_rest(struct co_rota *rota, int64_t ns)
{
    int64_t until_ns = co_clock_now_ns() + ns;
    co_lock_take(&rota->lock);
    rota->rests_until_ns = until_ns;
    co_lock_drop(&rota->lock);
}
