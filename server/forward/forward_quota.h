/* SPDX-License-Identifier: MIT */
/* How many requests and streams may be on their way to other servers; and no more than half of that
 * to one of them, so that one that hangs does not take the places of all. Never parks. */
#ifndef SERVER_FORWARD_FORWARD_QUOTA_H
#define SERVER_FORWARD_FORWARD_QUOTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coro/ensure.h"
#include "coro/lock.h"

enum { FORWARD_QUOTA_SERVERS = 64 }; /* with more at the same time, those beyond have no half */

struct forward_quota {   /* all zero but for `most` */
    size_t most;         /* 0: any number */
    struct co_lock lock; /* guards what follows; nothing is taken under it */
    size_t open;
    struct forward_quota_server {
        uint64_t server; /* of those with open = 0 it means nothing */
        size_t open;
    } servers[FORWARD_QUOTA_SERVERS];
};

/* False: there is no place. */
CO_MUST_CHECK bool forward_quota_enter(struct forward_quota *quota, uint64_t server);
void forward_quota_leave(struct forward_quota *quota, uint64_t server);
size_t forward_quota_open(struct forward_quota *quota);

#endif
