/* SPDX-License-Identifier: MIT */
/* What the stand-in for the ledger checks commands with, and makes answers of. */
#ifndef TESTS_FUZZ_STANDIN_PRIVATE_H
#define TESTS_FUZZ_STANDIN_PRIVATE_H

#include "ledger/ledger.h"
#include "tests/fuzz/standin.h"

/* A key or NULL; an object of JSON in compact form or NULL; an account's id; an amount. */
void standin_check_key(const char *key);
void standin_check_metadata(const char *metadata);
void standin_check_account(const char *id);
void standin_check_amount(money amount);

/* Some status of the ledger, mostly OK; the same for the same text. */
enum ledger_status standin_status(const char *text);

/* An entry of that kind with these legs, each of which leaves its amount on `to`; for the caller to
 * drop. */
struct entry *standin_entry(enum entry_kind kind, uint64_t seq, const char *key,
    const char *metadata, const struct ledger_leg *legs, size_t count);

/* An account of that id, as a reader finds it. */
void standin_account(const char *id, struct ledger_account *account);

#endif
