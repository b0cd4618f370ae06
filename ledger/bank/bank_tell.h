/* SPDX-License-Identifier: MIT */
/* What a bank (bank.h) tells of its ledgers, and of the servers. Nothing here parks. */
#ifndef LEDGER_BANK_BANK_TELL_H
#define LEDGER_BANK_BANK_TELL_H

#include "ledger/ledger.h"
#include "ledger/lease/lease.h"

struct bank;

/* How many ledgers there are, and the figures of one of them, in the order of their making. Of one
 * that is not open here: name, strategy, state and reason. Never parks. */
size_t bank_count(struct bank *bank);
void bank_figures(struct bank *bank, size_t index, struct ledger_figures *figures);

/* The indexes of those that are not at rest here, ascending, `room` of them at most; and of those
 * that are open anywhere, as far as is known. Returns how many came. Never park. */
size_t bank_list_kept(struct bank *bank, size_t *indexes, size_t room);
size_t bank_list_open(struct bank *bank, size_t *indexes, size_t room);

/* Why that ledger is not open here; "": it is, or there is none. Never parks. */
void bank_tell_why(struct bank *bank, const char *name, char why[LEDGER_REASON]);

/* Which server has a ledger, as of the last look at the database. */
struct bank_owner {
    uint64_t server; /* 0: none that lives; one at rest that nobody has: whose place it is, unless
                        that is this one */
    uint64_t wanted; /* the server that shall have it next, if that lives; 0: none */
    bool here;       /* it is this one */
    bool stopped;    /* the ledger takes no writes, as the database says */
    size_t database; /* of banks_owner(): the index of the one in which the ledger lives */
    uint64_t epoch;
    char url[LEASE_URL];
};

/* False: there is no such ledger, or it is not known yet. Never parks. */
bool bank_owner(struct bank *bank, const char *name, struct bank_owner *owner);

/* This server's number; 0: it has not entered yet. Never parks. */
uint64_t bank_server(struct bank *bank);

/* A server that lives, by index (lease.h); false: there are no more. Never parks. */
bool bank_peer(struct bank *bank, size_t index, struct lease_peer *peer);

/* How a server is, as of the last look; in the order of how little is to be expected of it. */
enum bank_life {
    BANK_LIVES,  /* or it has just come, and is not known yet */
    BANK_PARTED, /* the session of its beats has ended: it may have, too */
    BANK_SILENT, /* its beat has stood still for two seconds: it can tell nothing of its ledgers */
    BANK_ENDED,  /* it has left, or was declared dead */
};
enum bank_life bank_life(struct bank *bank, uint64_t server); /* never parks */

/* Does the database answer this server: was its own beat seen within two seconds? What comes about
 * there, as a ledger that moves, is worth waiting for then. Never parks. */
bool bank_is_heard(struct bank *bank);

/* When the last look that succeeded began, by co_clock_boot_ns(); 0: none has. Never parks. */
int64_t bank_looked_ns(struct bank *bank);

#endif
