/* SPDX-License-Identifier: MIT */
#include "server/forward/forward_quota.h"

/* The place of that server, or else one that is free; NULL: neither. */
static struct forward_quota_server *find(struct forward_quota *quota, uint64_t server)
{
    struct forward_quota_server *place = NULL;
    for (size_t i = 0; i < FORWARD_QUOTA_SERVERS; i++) {
        struct forward_quota_server *at = &quota->servers[i];
        if (at->open > 0 && at->server == server)
            return at;
        if (at->open == 0 && !place)
            place = at;
    }
    return place;
}

bool forward_quota_enter(struct forward_quota *quota, uint64_t server)
{
    co_lock_take(&quota->lock);
    struct forward_quota_server *place = find(quota, server);
    size_t half = (quota->most + 1) / 2;
    bool enters = !quota->most || (quota->open < quota->most && (!place || place->open < half));
    if (enters) {
        quota->open++;
        if (place) {
            place->server = server;
            place->open++;
        }
    }
    co_lock_drop(&quota->lock);
    return enters;
}

void forward_quota_leave(struct forward_quota *quota, uint64_t server)
{
    co_lock_take(&quota->lock);
    struct forward_quota_server *place = find(quota, server);
    quota->open--;
    /* One that came when all places were taken was not counted there. */
    if (place && place->open > 0)
        place->open--;
    co_lock_drop(&quota->lock);
}

size_t forward_quota_open(struct forward_quota *quota)
{
    co_lock_take(&quota->lock);
    size_t open = quota->open;
    co_lock_drop(&quota->lock);
    return open;
}
