/* SPDX-License-Identifier: MIT */
/*
 * Two tellers on one database under the load of clients, while something fails; and the judgement
 * after it. Beside the workload a pulse at each teller pays in, one payment after the other, each
 * with its key until it is acknowledged: the longest gap between the acknowledgements of the two is
 * how long nobody could write.
 */
#ifndef TESTS_CLUSTER_DRILL_H
#define TESTS_CLUSTER_DRILL_H

#include <stdatomic.h>

#include "coro/waitgroup.h"
#include "loadtest/dice.h"
#include "tests/cluster/cluster.h"
#include "tests/cluster/steady.h"
#include "tests/service/standby.h"
#include "tests/service/workload.h"

enum {
    DRILL_TELLERS = 2,
    DRILL_BUSY_S = 20, /* what a busy machine may take beside what is promised */
};

struct drill {
    const char *strategy;
    const char *urls[DRILL_TELLERS]; /* of the database */
    struct standby tellers[DRILL_TELLERS];
    struct target targets[DRILL_TELLERS]; /* as they were made: they stay while tellers restart */
    struct workload workload;
    struct dice dice;
    struct history pulses[DRILL_TELLERS];
    _Atomic int pulse_count;
    struct steady *steady; /* which is judged, too; NULL: none */
    struct co_waitgroup beating;
    _Atomic bool stop, failed;
    _Atomic int64_t beat_ns;    /* when the last payment that was acknowledged was begun, */
    _Atomic int64_t acked_ns;   /* and acknowledged */
    _Atomic int64_t longest_ns; /* between two acknowledgements since drill_mark() */
    int64_t marked_ns;
};

/* Of so many faults that are left: how many the next drill makes, which are taken off. What clients
 * were told is judged after each ten, so that an hour does not have to fit into memory. 0: none. */
int drill_round(int *left);

/* Start both tellers, each with a URL of its own, and the clients; the test is over if they do not
 * come up. `require_sync`: they write only what a standby is to have, too. */
void drill_begin(struct drill *drill, const char *const urls[DRILL_TELLERS], bool require_sync);

/* The same in a new database of the cluster. */
void drill_begin_in_cluster(struct drill *drill);

/* The teller that says it is ready; NULL and a failure: none in 60 s. */
struct standby *drill_owner(struct drill *drill);
struct standby *drill_other(struct drill *drill, const struct standby *teller);

/* Wait until it follows the ledger, or is the one that has it: one that has just begun to listen
 * does not know yet who lives, and counts how long others are silent from its first look on. */
void drill_await_prepared(struct drill *drill, const struct standby *teller);

/* From here on gaps are measured. */
void drill_mark(struct drill *drill);

/* Wait until a payment that is begun from now on is acknowledged. The longest gap since the mark,
 * in milliseconds, which is noted as `what` (tally.h); a failure if it is more than `bound_ms` and
 * what a busy machine may take. */
int64_t drill_resumed(struct drill *drill, const char *what, int64_t bound_ms);

/* Wait until no teller is ready any more, or writes go on; milliseconds since the mark. */
int64_t drill_unready(struct drill *drill);

/* Stop the clients; what they and the pulse were told, and the journal, must agree: nothing lost,
 * nothing done twice, no read that was old; and the ledger had one owner at each position. */
void drill_verify(struct drill *drill);

void drill_end(struct drill *drill);

#endif
