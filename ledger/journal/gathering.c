/* SPDX-License-Identifier: MIT */
#include "ledger/journal/gathering.h"

void gathering_enter(struct gathering *gathering, struct gathering_place *place)
{
    place->listed = place->in_hand = place->left = false;
    place->next = NULL;
    co_lock_take(&gathering->lock);
    atomic_store(&gathering->members_now, ++gathering->members);
    co_lock_drop(&gathering->lock);
}

void gathering_announce(struct gathering *gathering, struct gathering_place *place)
{
    uint64_t announced = 0;
    co_lock_take(&gathering->lock);
    if (!place->listed && !place->left) {
        place->listed = true;
        place->next = NULL;
        *(gathering->last ? &gathering->last->next : &gathering->first) = place;
        gathering->last = place;
        gathering->listed++;
        announced = ++gathering->announced;
    }
    co_lock_drop(&gathering->lock);
    if (announced)
        co_eventcount_advance(&gathering->work, announced);
}

void gathering_nudge(struct gathering *gathering)
{
    co_lock_take(&gathering->lock);
    uint64_t announced = ++gathering->announced;
    co_lock_drop(&gathering->lock);
    co_eventcount_advance(&gathering->work, announced);
}

void gathering_break_off(struct gathering *gathering, struct gathering_place *place)
{
    co_lock_take(&gathering->lock);
    if (place->in_hand && gathering->trying)
        co_context_cancel(gathering->trying);
    co_lock_drop(&gathering->lock);
}

size_t gathering_count(struct gathering *gathering)
{
    co_lock_take(&gathering->lock);
    size_t count = gathering->listed;
    co_lock_drop(&gathering->lock);
    return count;
}

struct gathering_place *gathering_next(struct gathering *gathering)
{
    co_lock_take(&gathering->lock);
    struct gathering_place *place = gathering->first;
    if (place) {
        gathering->first = place->next;
        if (!gathering->first)
            gathering->last = NULL;
        gathering->listed--;
        place->listed = false;
    }
    co_lock_drop(&gathering->lock);
    return place;
}

void gathering_set_in_hand(struct gathering *gathering, struct gathering_place *place, bool in_hand)
{
    co_lock_take(&gathering->lock);
    place->in_hand = in_hand;
    co_lock_drop(&gathering->lock);
}

void gathering_set_trying(struct gathering *gathering, struct co_context *trying)
{
    co_lock_take(&gathering->lock);
    gathering->trying = trying;
    co_lock_drop(&gathering->lock);
}

void gathering_leave(struct gathering *gathering, struct gathering_place *place)
{
    co_lock_take(&gathering->lock);
    /* Announced once more since it was taken off? Then it comes off again. */
    struct gathering_place **at = &gathering->first, *before = NULL;
    while (place->listed && *at != place) {
        before = *at;
        at = &before->next;
    }
    if (place->listed) {
        *at = place->next;
        if (gathering->last == place)
            gathering->last = before;
        gathering->listed--;
        place->listed = false;
    }
    place->left = true;
    atomic_store(&gathering->members_now, --gathering->members);
    co_lock_drop(&gathering->lock);
}
