/* SPDX-License-Identifier: MIT */
/*
 * A walk along a journal from its first entry, stretch by stretch, in bounded memory: what the
 * replay (audit_replay.h) checks of the whole, as far as one stretch and AUDIT_WALK_ACCOUNTS
 * accounts show it.
 *
 * Of every batch and entry that is what audit_trail.h judges. Of each of the accounts, from its
 * opening on: that every movement follows the one before and adds up, none goes below floor + held
 * or moves what is frozen, and what is held adds up. And claims about them, by the checkpoint and
 * by memory: each is of a position, and is compared when the walk passes that.
 *
 * For one coroutine.
 */
#ifndef LEDGER_AUDIT_AUDIT_WALK_H
#define LEDGER_AUDIT_AUDIT_WALK_H

#include "ledger/audit/audit_report.h"
#include "ledger/db/pg.h"
#include "ledger/domain/hash.h"
#include "ledger/domain/money.h"

enum { AUDIT_WALK_ACCOUNTS = 131072 };

/* A batch whose hash is known to be right. */
struct audit_anchor {
    uint64_t batch; /* 0: none */
    uint8_t hash[HASH_CHAIN];
};

/* An account as memory has it after the entry `seq`, the last one that touched it. */
struct audit_claim {
    uint64_t number, seq, moved;
    money balance, held;
    bool frozen;
};

struct audit_walk;

/* Follow the accounts with the numbers first .. first + AUDIT_WALK_ACCOUNTS - 1, and expect the
 * anchor where the walk passes it. NULL: memory is short. */
CO_MUST_CHECK struct audit_walk *audit_walk_make(
    int ledger, uint64_t first, const struct audit_anchor *anchor);
void audit_walk_free(struct audit_walk **walk);

/* Take what the checkpoint says of the accounts, and of the ledger's freezing, as claims: balances,
 * what is held and frozen, and that the open holds make it so. Once, before the first stretch. */
CO_MUST_CHECK enum pg_status audit_walk_checkpoint(
    struct co_context *context, struct pg *pg, struct audit_walk *walk);

/*
 * Read the next stretch, and check it. All entries up to `durable` must be there, and none after
 * that is looked at, so nothing that is on its way can be mistaken for a fault. What is found is
 * noted in the report; after that the walk may only be freed. If it could not be
 * read, the walk is where it was. Parks.
 */
CO_MUST_CHECK enum pg_status audit_walk_step(struct co_context *context, struct pg *pg,
    struct audit_walk *walk, uint64_t durable, struct audit_report *report);

/* A claim about one of the accounts, taken after the last step; it replaces the one before. */
void audit_walk_claim(struct audit_walk *walk, const struct audit_claim *claim);

/* Compare every claim whose position the walk has reached. */
void audit_walk_settle(struct audit_walk *walk, struct audit_report *report);

/* The last position that was checked, and its batch. */
uint64_t audit_walk_seq(const struct audit_walk *walk);
void audit_walk_anchor(const struct audit_walk *walk, struct audit_anchor *anchor);

#endif
