/* SPDX-License-Identifier: MIT */
/* What a lease is made of: for the files of the lease only. */
#ifndef LEDGER_LEASE_LEASE_PRIVATE_H
#define LEDGER_LEASE_LEASE_PRIVATE_H

#include "coro/lock.h"
#include "coro/duty.h"
#include "ledger/lease/lease.h"
#include "ledger/lease/lease_interest.h"
#include "ledger/db/pg.h"
#include "ledger/lease/witness.h"

/*
 * Invariants
 * - good_until_ns is raised only when a beat was confirmed, and what the database said of the
 *   claims after that beat has been compared with them: to a moment that is LEASE_MS -
 *   LEASE_MARGIN_MS after it was sent.
 * - A claim is compared with a look only if it was there when that look was sent (asked.epoch).
 * - Of another server it is known how long its beat has stood still, and whether its session was
 *   there, only while the looks follow each other on one connection, LOOKS_APART_MS apart at most;
 *   else the count starts over.
 *
 * Lock order: lock -> the lock of the witness, or those of whoever heeds a claim (a journal's
 * gathering and eventcount) -> nothing.
 */

/* The session of a server's beats holds this advisory lock, shared, its object being the server's
 * number: the database drops it when the session ends. */
#define LEASE_SESSION(no) "731029589, (" no " & 2147483647)::int"

/* A ledger that is to be given free; it lies in the giver's memory. */
struct lease_gift {
    struct lease_gift *next;
    int ledger;
    uint64_t server; /* who shall have it */
    enum lease_gift_stage {
        LEASE_GIFT_NEW,
        LEASE_GIFT_MADE, /* the database has it */
        LEASE_GIFT_SEEN, /* and a look came after that */
        LEASE_GIFT_REFUSED,
    } stage;
};

struct lease_known { /* what is kept of a row (lease_look.h); texts are its own */
    int ledger;
    char strategy[12];
    char *name, *stopped; /* stopped NULL: it takes writes */
    uint64_t epoch, owner, wanted, batch, seq;
    int64_t opens_us, asked_ns; /* asked: it came with the look of that time */
    uint8_t hash[HASH_CHAIN];
};

struct lease {
    char *conninfo, *url, *place;
    bool accepts_lost;
    struct witness *witness; /* NULL: none is kept */
    struct co_duty beating, saving;
    _Atomic int64_t good_until_ns;
    _Atomic bool leaving, failing; /* failing: the last try failed, or the server's row was gone */
    _Atomic uint64_t server, load;
    struct dbtime dbtime;
    struct co_eventcount news, changes, wanted;

    struct co_lock lock; /* guards what follows */
    uint64_t news_count, changes_count, looks_wanted;
    struct lease_claim *claims;
    struct lease_gift *gifts;
    struct lease_interest *interests;
    struct lease_question *questions;
    int64_t questioned_ns;    /* when such were asked last; 0: never */
    struct lease_known *rows; /* ascending by ledger */
    struct lease_peer *peers;
    size_t row_count, row_room, peer_count;
    int64_t rows_asked_ns; /* when the last look was made */
    uint64_t newest_peer;  /* the highest number that was seen of any, also of those that left */
    char problem[LEASE_WHY];

    /* the beating coroutine's own */
    struct pg *pg;
    uint64_t looks_made; /* how many of those that were wanted */
    bool tells_claims,
        changed;              /* the last look: of all claims; other servers or rows than before */
    bool looks_on;            /* all rows are known, up to: */
    char xmin[24], began[48]; /* of the last look: its snapshot's, and PostgreSQL's start */
    char life[40];            /* of this server's row */
    bool shown, told_leaving; /* the lock of the session is held; a beat has said `leaving` */
    bool gives_apart;         /* one gift a statement: one of several was refused */
    bool apart;               /* the log says that the clocks differ */
    int64_t sent_ns, looked_ns; /* the last beat, the last look that succeeded; 0: none */
    int64_t watched_ns;         /* since when looks have followed each other; 0: none has come */
};

/* For how long memory may be told if no further beat is confirmed; 0 or less: not now. */
int64_t lease_left_ns(struct lease *lease);

/* The work of `beating`. */
void lease_beat(void *lease);

/* Enter as a new server on the lease's connection. Parks. */
CO_MUST_CHECK enum pg_status lease_enter(struct co_context *context, struct lease *lease);

/* Make the gifts that are asked for, as many as go in one statement; are there any that have yet
 * to be made, as their row was locked, or there were more? And note that a look has come after. */
CO_MUST_CHECK enum pg_status lease_make_gifts(struct co_context *context, struct lease *lease);
bool lease_has_gifts(struct lease *lease);
void lease_note_gifts(struct lease *lease);

/* Questions (lease_ask.h): are there any that are to be asked now; when should the next turn come
 * for such, by co_clock_boot_ns(), 0: it need not; and ask them, after a beat: that parks. */
bool lease_ask_is_due(struct lease *lease);
int64_t lease_ask_due_ns(struct lease *lease);
CO_MUST_CHECK enum pg_status lease_answer(struct co_context *context, struct lease *lease);

/* Read what the database says now of the servers, and what has changed of the ledgers; or, unless
 * looks_on, of all of them. With a beat also how far each claim has come. Parks. */
CO_MUST_CHECK enum pg_status lease_look(
    struct co_context *context, struct lease *lease, bool beats);

/* The other servers as this look has them: declare dead any whose beat has stood still too long. */
void lease_watch(struct co_context *context, struct lease *lease);
void lease_watch_reset(struct lease *lease);     /* forget what was seen */
int64_t lease_watch_due_ns(struct lease *lease); /* when the next could be too long; 0: never */

/* Let others see that the session of our beats is there, if the database can show that. Parks. */
CO_MUST_CHECK enum pg_status lease_show(struct co_context *context, struct lease *lease);

/* Note why there is no lease; "": there is one again. News goes to the log. */
void lease_note_problem(struct lease *lease, const char *why);
void lease_note_away(struct lease *lease, const char *why);

void lease_tell_news(struct lease *lease, bool changes); /* as for lease_await_changes() */

void lease_tell_interests(struct lease *lease); /* of the last look */

/* Under the lock: a ledger's row; NULL: there is none. Its owner; NULL: none, as for lease_row. */
struct lease_known *lease_search(const struct lease *lease, int ledger);
const struct lease_peer *lease_owner(const struct lease *lease, const struct lease_known *known);
void lease_copy_row(const struct lease *lease, const struct lease_known *known, struct lease_row *);

/* The same: writes have stopped, as the row says. False: memory is short. */
bool lease_set_stopped(struct lease_known *row, const char *why);

void lease_free_rows(struct lease *lease); /* the same, or at the end */

/* Under the lock: as lease_degrade(), but without waking those that wait. And of all claims, with
 * waking. */
bool lease_degrade_one(struct lease_claim *claim, enum lease_standing standing, const char *why);
void lease_degrade_all(struct lease *lease, enum lease_standing standing, const char *why);

#endif
