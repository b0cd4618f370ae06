/* SPDX-License-Identifier: MIT */
/*
 * An account in memory. `id` and `place` never change, nor do `asset`, `floor`, `metadata` and
 * `number` once it is open; the rest changes only inside a section of the strategy (strategy.h)
 * that names the account.
 *
 * A ledger has millions of them: they are packed, 144 bytes for one with an id of up to 20
 * characters, so only the table makes them, and none is ever copied.
 */
#ifndef LEDGER_DOMAIN_ACCOUNT_H
#define LEDGER_DOMAIN_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "coro/ensure.h"
#include "ledger/domain/asset.h"
#include "ledger/domain/money.h"

enum {
    ACCOUNT_ID_MAX = 255, /* bytes */
    ACCOUNT_STEPS = 64,   /* after that many movements one is a waypoint, where a walk starts */
};

struct account {
    money balance;
    money held;  /* the sum of its open holds: balance - held keeps the floor too */
    money floor; /* the lowest balance allowed, if has_floor */
    money draft; /* scratch of rules_decide(), without meaning outside of it */

    struct account *next; /* chain in the table */
    uint64_t opened;      /* seq of the entry that opened it; 0: it is not open yet */
    uint64_t seq;         /* seq of the last entry that touched it */
    uint64_t moved;       /* seq of the last one that moved its money, or that opened it */
    const char *asset;    /* of asset_intern(); "": it is not open yet */
    _Atomic(const char *) metadata; /* a JSON object in compact form, or account_far; NULL: none */
    uint32_t number; /* from 1, in the order of opening; what the database calls it */
    uint32_t place;  /* from 0, in the order in which the table was given them */
    bool has_floor;
    bool frozen;
    uint8_t steps; /* movements since its last waypoint */
    char id[];     /* terminated */
};

/* In the place of metadata that is in the database only, where it can be of any size: in memory a
 * table keeps 64 MiB of it. A JSON text, and "null". */
extern const char account_far[];

/* As name.h says: 1-255 bytes of UTF-8. */
#define ACCOUNT_ID_RULE                                                                            \
    "must be 1 to 255 bytes of UTF-8 in normal form C, without control characters"
bool account_id_is_valid(const char *id);

/* May an account be opened by that id? "." and ".." are parts of a path that clients take out. */
bool account_id_is_free(const char *id);

/* What can still be taken from it: balance - held - floor, capped at money_max(). */
money account_available(const struct account *account);
/* The same with another balance, and another sum of holds. */
money account_available_with(const struct account *account, money balance, money held);

#endif
