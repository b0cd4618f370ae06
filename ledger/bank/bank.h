/* SPDX-License-Identifier: MIT */
/*
 * All ledgers of one database. Each is an island with its own accounts, journal and
 * strategy; what they share is the server's lease (lease.h), its committer (committer.h) and the
 * pool of reading connections.
 * The ledger "main" always exists.
 *
 * A ledger has a keeper: a coroutine that waits until no living server has the ledger, opens it,
 * closes it when another server has taken it, and waits again. So one ledger that cannot be opened,
 * or was taken, does not get in the way of the others. Of several servers that live one takes it
 * (placement.h); the others leave it to that one for a second.
 *
 * Where there are more ledgers than may be open, one that nobody uses is at rest: it is closed, and
 * has no keeper, until somebody asks for it (README.md).
 */
#ifndef LEDGER_BANK_BANK_H
#define LEDGER_BANK_BANK_H

#include "ledger/bank/bank_name.h"
#include "ledger/bank/bank_tell.h"
#include "ledger/lease/lease.h"
#include "ledger/ledger.h"

enum {
    BANK_LEDGERS_MAX = 128 * 1024, /* of a database */
    BANK_OPEN_DEFAULT = 1024,
    BANK_IDLE_MS = 60000,
    BANK_LEAVE_MS = 30000,
};

struct bank;

/* Is a ledger here the service's? */
enum bank_admission {
    BANK_ADMITTED,
    BANK_KEPT_OUT,
    BANK_NOBODY_SAYS, /* who knows it could not be asked: with the next look again */
};

/*
 * `strategies` says how ledgers are kept (strategy_list.h); one that is not named keeps its own.
 * The rest is as in lease.h.
 */
struct bank_options {
    const char *conninfo, *strategies;
    const char *read_conninfo; /* of the standby that is read (bank_replica.h); NULL: none is */
    const char *url, *place, *witness; /* each may be NULL */
    bool accepts_lost;
    int64_t rebalance_ms; /* how often it looks whether others have much more to do; 0: never */
    int64_t patience_ms;  /* for how long a ledger that nobody has is left to the server whose place
                            it is; 0: a second */
    size_t max_open;      /* how many may be open, "main" among them; 0: BANK_OPEN_DEFAULT */
    int64_t idle_ms;      /* where there are more, one that was not used for so long is closed; 0:
                             BANK_IDLE_MS */
    int64_t leave_ms;     /* how long bank_leave() may take; 0: BANK_LEAVE_MS */
    size_t max_ledgers;   /* 0: BANK_LEDGERS_MAX, and no more than that */
    const char *follow;   /* which ledgers of others are followed (follow_list.h); NULL: none */
    /* Of a service with several databases: the one that has "main"; NULL: this one. And which of
     * the ledgers here are the service's; NULL: all. It may park. */
    const char *main_is_in;
    enum bank_admission (*admits)(void *arg, const char *name);
    void *admits_arg;
};

/* Never parks. NULL on failure, with the reason. */
CO_MUST_CHECK struct bank *bank_make(const struct bank_options *options, char *error, size_t size);

/*
 * Bring the schema up to date, and open every ledger that the database has and no other server:
 * waits for the database. True: each is open, or cannot be, or is another server's, and not all of
 * them cannot be. False, with the reason: none can be, the database is refused, or the context
 * ended. Parks.
 */
CO_MUST_CHECK bool bank_open(
    struct co_context *context, struct bank *bank, char *error, size_t size);

/* Is it open? If not, what it waits for. Never parks; thread-safe, as is all below. */
bool bank_is_open(struct bank *bank, char why[LEDGER_REASON]);

/* The database has lost what was acknowledged here: nothing of it should be served. */
bool bank_is_lost(struct bank *bank);

/* Close every ledger (ledger.h), and leave. Parks. */
void bank_close(struct bank **bank);

/* Enter the ledger of that name, for the caller to leave (ledger.h). LEDGER_NOT_FOUND: there is
 * none; UNAVAILABLE: it is not open here. Never parks. */
enum ledger_status bank_find(struct bank *bank, const char *name, struct ledger **ledger);

/* The same, of a call that may wait: one that is at rest is opened; one that is on its way from one
 * server that lives to another is waited for, while the database answers (bank_is_heard()). Parks,
 * for as long as the context lasts. */
enum ledger_status bank_await(
    struct co_context *context, struct bank *bank, const char *name, struct ledger **ledger);

/* Park until it is found, as the database has it; false: the context ended first, or the database
 * does not answer. */
CO_MUST_CHECK bool bank_await_known(
    struct co_context *context, struct bank *bank, const char *name);

/* As bank_find(); *moves: bank_await() would wait for it. Never parks. */
enum ledger_status bank_find_moving(
    struct bank *bank, const char *name, struct ledger **ledger, bool *moves);

/* Enter it as it is followed here (ledger_following.h), for the caller to leave. LEDGER_NOT_FOUND;
 * UNAVAILABLE: it is not. Never parks. */
enum ledger_status bank_find_followed(struct bank *bank, const char *name, struct ledger **ledger);

/*
 * Make a ledger of a valid name, and enter it. `strategy` "owner", "sharded" or NULL: the default.
 * The same again is LEDGER_OK with *created false; LEDGER_LEDGER_EXISTS: with another strategy;
 * LEDGER_LIMIT: there are as many as there may be; UNAVAILABLE: the database is, or another server
 * has that ledger, or takes it now (bank_owner()). May park.
 */
enum ledger_status bank_create(struct co_context *context, struct bank *bank, const char *name,
    const char *strategy, struct ledger **ledger, bool *created);

enum bank_want {
    BANK_WANTED,    /* its owner will see that, and hand it over */
    BANK_THERE,     /* that server has it */
    BANK_GONE,      /* that server has left, or was declared dead */
    BANK_UNKNOWN,   /* there is no such server */
    BANK_NO_LEDGER, /* nor such a ledger */
    BANK_AWAY,      /* the database could not be asked */
};

/* Have a ledger go to that server, whoever has it now: see bank_owner() for what comes of it.
 * Parks. */
enum bank_want bank_want(
    struct co_context *context, struct bank *bank, const char *name, uint64_t server);

/* Hand every ledger that is open here over to the other servers that are not leaving, eight at a
 * time, and open none any more, which the others are told: what is at rest here they open. Until
 * they have them, or it has taken too long. If there is no such server nothing is done. Before
 * requests are turned away, so that those which come meanwhile find the new owner. Parks. */
void bank_leave(struct bank *bank);

/* The schema that this program brings with it: the number of its newest migration. Never parks. */
int bank_schema(void);

#endif
