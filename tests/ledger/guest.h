/* SPDX-License-Identifier: MIT */
/* A second server for tests, in the same process: its lease, its committer, and the ledger "main"
 * of the first one, which it follows and may take. */
#ifndef TESTS_LEDGER_GUEST_H
#define TESTS_LEDGER_GUEST_H

#include "coro/duty.h"
#include "ledger/ledger_following.h"
#include "tests/ledger/fixture.h"

struct guest {
    struct replica *replica; /* set before, to read it there */
    struct lease *lease;
    struct committer *committer;
    struct ledger_options options;
    _Atomic size_t catching_up;
    struct ledger *ledger; /* NULL: not any more */
    struct co_duty duty;
    _Atomic bool wrong;          /* it has ended by itself, */
    enum ledger_follow_end end;  /* so */
    enum ledger_trouble trouble; /* of guest_take() */
    char why[LEDGER_REASON];
};

/* Read the ledger, without following it on. `guest` must not move; all zero before. */
void guest_begin(struct guest *guest, const char *conninfo, const char *strategy);
void guest_follow(struct guest *guest);

/* What was begun without the replica is read there from now on, where it can be. */
void guest_lend_replica(struct guest *guest);
void guest_pause(struct guest *guest);

/* Park until it has the position. */
void guest_await(struct guest *guest, uint64_t seq);

/* Take the ledger, once the owner has gone: it is open then, and no longer the guest's. NULL: that
 * failed; see why. */
struct ledger *guest_take(struct guest *guest);

/* What the ledger has as the guest's must have been closed before. */
void guest_end(struct guest *guest);

#endif
