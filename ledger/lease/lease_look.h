/* SPDX-License-Identifier: MIT */
/*
 * What the database says of all ledgers and servers: as of the last look that succeeded. A look
 * comes with each beat of the lease (lease.h), and more often while others have some of the
 * ledgers. Thread-safe; what does not say that it parks never does.
 */
#ifndef LEDGER_LEASE_LEASE_LOOK_H
#define LEDGER_LEASE_LEASE_LOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coro/context.h"
#include "ledger/domain/hash.h"

enum {
    LEASE_NAME = 65, /* bytes of a ledger's name with its end */
    LEASE_URL = 120, /* of where a server listens */
    LEASE_WHY = 300, /* of a reason */
};

struct lease;

struct lease_row {
    int ledger;
    char name[LEASE_NAME], strategy[12];
    bool ours, free; /* free: no living server has it, or another that is leaving, at rest */
    uint64_t epoch, owner;
    uint64_t wanted;           /* the server that shall have it next, if that lives; 0: none */
    char owner_url[LEASE_URL]; /* "": nobody's, or not known */
    char stopped[LEASE_WHY];   /* "": it takes writes */
    int64_t opens_us; /* when it is to be opened though nobody asks for it, since 1970; 0: it
                                  is open, or was when its server ended; -1: at no time */
    /* Of those that are of interest (lease_interest.h), or claimed (lease.h; as of a beat): */
    uint64_t batch, seq;      /* the last, and its last position; 0: none */
    uint8_t hash[HASH_CHAIN]; /* and its hash */
};

/* The row of a ledger, or by index in the order of their numbers; false: there is none. And how
 * many there are. */
bool lease_find(struct lease *lease, int ledger, struct lease_row *row);
bool lease_row(struct lease *lease, size_t index, struct lease_row *row);
size_t lease_row_count(struct lease *lease);

/* The next row, from index *at on, which moves behind it, of a ledger that this server has, or
 * nobody, and that is to be opened by then, or shall go to, or from, this server; false: there is
 * none. */
bool lease_next_due(struct lease *lease, size_t *at, int64_t now_us, struct lease_row *row);

/* ---- the servers --------------------------------------------------------------------------- */

struct lease_peer {
    uint64_t no;
    char url[LEASE_URL];
    int64_t entered_us; /* since 1970, by the database's clock */
    uint64_t beat;
    int64_t since_ns;  /* by co_clock_boot_ns(): when that beat was seen first */
    uint64_t load;     /* entries a second, as it said with that beat, */
    bool leaving;      /* and whether it was told to stop: it opens nothing any more */
    bool met;          /* the session of its beats was seen (lease_watch.c) */
    int64_t parted_ns; /* and is not there any more, since then; 0: it is, or never was */
};

/* A server that has entered and not left, nor was declared dead, by index in the order of their
 * numbers, this one among them; false: there are no more. */
bool lease_peer(struct lease *lease, size_t index, struct lease_peer *peer);
bool lease_find_peer(struct lease *lease, uint64_t server, struct lease_peer *peer); /* by number */

/* When the last look that succeeded began, by co_clock_boot_ns(); 0: none has. Never parks. */
int64_t lease_looked_ns(struct lease *lease);

/* Did that server live, and does not any more? One that is newer than all that are known may have
 * come since. Never parks. */
bool lease_is_gone(struct lease *lease, uint64_t server);

/* Park until a look has succeeded after the n-th that is in *seen, or something else is new; false:
 * the context ended first. */
CO_MUST_CHECK bool lease_await_news(
    struct co_context *context, struct lease *lease, uint64_t *seen);

/* The same, but not until a look that came by itself, without a beat, and found servers and rows as
 * they were, but for how far ledgers have come. So it takes a beat at most to notice what only a
 * look brings to mind. */
CO_MUST_CHECK bool lease_await_changes(
    struct co_context *context, struct lease *lease, uint64_t *seen);

#endif
