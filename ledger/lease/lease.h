/* SPDX-License-Identifier: MIT */
/*
 * A server's lease on its ledgers: the proof, renewed each half second, that they are its own.
 *
 * The proof is a beat: a write of this server's row (sql: server) that must commit cleanly, on a
 * connection of its own. Memory may be told only while the last confirmed beat was sent less than
 * LEASE_MS - LEASE_MARGIN_MS ago, by a clock that goes on while the machine is suspended. Whoever
 * takes a ledger over has watched the beat stand still for LEASE_MS at least, by its own clock and
 * on a connection that did not break meanwhile, and then declares the server dead in the database,
 * which it does only if the beat is still the same: from then on no beat of that server is
 * confirmed. What was confirmed is over by then, whatever became of that server. It may just be
 * slow, so the others are patient, and wait for LEASE_TAKE_MS; but not with one that has ended, as
 * far as the database can tell: the session of its beats was seen, and has been gone for
 * LEASE_PARTED_MS (lease_watch.c). That shortens the wait, and proves nothing.
 *
 * With each beat it reads what the database says of all ledgers. For those that are this server's
 * it holds that against what was acknowledged here (struct lease_claim): whether they were taken,
 * stopped, or have lost something. And each beat tells what time it is for the database (dbtime.h).
 */
#ifndef LEDGER_LEASE_LEASE_H
#define LEDGER_LEASE_LEASE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coro/context.h"
#include "coro/eventcount.h"
#include "ledger/db/pg.h"
#include "ledger/lease/dbtime.h"
#include "ledger/lease/lease_look.h"
#include "ledger/domain/hash.h"

enum {
    LEASE_MS = 1500,
    LEASE_MARGIN_MS = 100,
    LEASE_BEAT_MS = 500,
    LEASE_TAKE_MS = 3000,
    LEASE_PARTED_MS = 1000,
    LEASE_LOOK_MS = 100, /* how often it looks while some ledger is another's, or nobody's */
};

struct lease;

struct lease_options {
    const char *conninfo;
    const char *url;     /* where this server listens, for people; NULL: "" */
    const char *place;   /* where one process at a time can be: a former one is dead; NULL: "" */
    const char *witness; /* the path of the witness (witness.h); NULL: none is kept */
    bool accepts_lost;   /* go on where the database has lost what was acknowledged */
};

/* Enter as a new server and begin to beat. The schema must be there before. PG_LOST: the database
 * is away, and it may be called again, or the context ended; PG_ERROR: it refuses, or memory or the
 * witness does. The reason is in `error` then, and *lease is NULL. Parks. */
CO_MUST_CHECK enum pg_status lease_start(struct co_context *context,
    const struct lease_options *options, struct lease **lease, char *error, size_t size);

/* Leave: the ledgers that are still this server's are free immediately. Its claims have been
 * dropped. Parks, some seconds at most. */
void lease_stop(struct lease **lease);

/* May memory be told now? Never parks. */
bool lease_is_good(struct lease *lease);

/* Why not, for people: "" if it may. Never parks. */
void lease_tell_problem(struct lease *lease, char why[LEASE_WHY]);

uint64_t lease_server(struct lease *lease);       /* the number of this server */
struct dbtime *lease_dbtime(struct lease *lease); /* known once the lease has been good */

void lease_look_soon(struct lease *lease); /* now, not at the next beat; never parks */

/* What each beat says of this server from now on: entries a second. Never parks. */
void lease_set_load(struct lease *lease, uint64_t load);

/* And that this server is leaving: it opens no ledger any more, so others take it for no ledger's
 * place, and may open what it has at rest. The first such beat comes now. Never parks. */
void lease_say_leaving(struct lease *lease);

/* ---- a ledger that is ours ----------------------------------------------------------------- */

enum lease_standing {
    LEASE_OURS,
    LEASE_STOPPED, /* ours to read; nothing more is written */
    LEASE_FENCED,  /* another's, or nobody's: nothing is told */
    LEASE_LOST,    /* the database has lost what was acknowledged: nothing is told */
};

struct lease_place { /* how far a ledger has come */
    uint64_t epoch, batch, seq;
    uint8_t hash[HASH_CHAIN];
};

struct lease_claim {     /* lies in the claimant's memory; all zero before */
    struct lease *lease; /* NULL: not made */
    struct lease_claim *next;
    int ledger, line; /* its number; in which line the witness has it */
    char name[LEASE_NAME];
    _Atomic enum lease_standing standing;   /* only ever goes up */
    _Atomic bool stop_recorded;             /* STOPPED: the database has it */
    struct lease_place acknowledged, asked; /* asked: as of the beat under way. All of these are */
    void (*heed)(void *arg, enum lease_standing standing); /* under the lease's lock */
    void *heed_arg;                                        /* lease_wait_bind() */
    char why[LEASE_WHY];                                   /* of a standing that is not OURS */
};

/* What this process, or one before it, acknowledged last; false: not known. Never parks. */
bool lease_witnessed(struct lease *lease, const char *ledger, struct lease_place *place);

/* In words: what was acknowledged, and where the database is. */
void lease_say_lost(
    const struct lease_place *had, uint64_t batch, uint64_t epoch, char why[LEASE_WHY]);

bool lease_accepts_lost(const struct lease *lease); /* as it was started */
/* The ledger has been taken by this server in an epoch, and is at that place. Never parks. */
void lease_claim(struct lease *lease, struct lease_claim *claim, int ledger, const char *name,
    const struct lease_place *place);

/* Give a ledger free for that server, if it still is this one's; its claim has been dropped. Parks
 * until a look has seen what became of it; false: the database refused it, and the ledger is this
 * server's as before, or the context ended first. */
CO_MUST_CHECK bool lease_give(
    struct co_context *context, struct lease *lease, int ledger, uint64_t server);

/* Drop it; parks until a stop has been recorded, if it can be. One that was not made is fine. */
void lease_drop_claim(struct lease_claim *claim);

/* A batch has been committed, and may be acknowledged from now on. Never parks. */
void lease_acknowledge(struct lease_claim *claim, const struct lease_place *place);

/* Its standing is that from now on, unless it is worse already; why, for people and, of STOPPED,
 * for the database. True: that is news. Never parks. */
bool lease_degrade(struct lease_claim *claim, enum lease_standing standing, const char *why);

/* Why the standing is not OURS, or else why the lease is not good; "": all is well. Never parks. */
void lease_tell_why(struct lease_claim *claim, char why[LEASE_WHY]);

/* Park until memory may be told of the ledger. CANCELLED: the context ended, or the database did
 * not confirm it within LEASE_MS; CLOSED: FENCED or LOST. */
CO_MUST_CHECK enum co_eventcount_status lease_await(
    struct co_context *context, struct lease_claim *claim);

#endif
