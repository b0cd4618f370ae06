/* SPDX-License-Identifier: MIT */
/*
 * The segments of keys that are kept for a start (segment.h), compared with the journal while an
 * audit walks it: each must be exactly what the keys of its entries make. A segment counts as
 * it was when the audit began; one that was made longer since is right too. Bounded memory: at
 * most 6 MB, and 72 bytes a segment. For one coroutine.
 */
#ifndef LEDGER_AUDIT_AUDIT_KEYS_H
#define LEDGER_AUDIT_AUDIT_KEYS_H

#include "ledger/audit/audit_report.h"
#include "ledger/db/pg.h"
#include "ledger/db/row.h"
#include "ledger/memory/segment.h"

struct audit_keys;

/* Before the first entry. NULL: the database could not be read, or memory is short. Parks. */
CO_MUST_CHECK struct audit_keys *audit_keys_begin(
    struct co_context *context, struct pg *pg, int ledger);
void audit_keys_free(struct audit_keys **keys);

/* The next entry, and its key (NULL: none). Findings are noted. Never parks. */
void audit_keys_add(struct audit_keys *keys, struct audit_report *report, uint64_t seq,
    const char *key, size_t length);

/* Between entries, now and then: look whether the database has the bytes of the segments that were
 * passed. Parks. */
CO_MUST_CHECK enum pg_status audit_keys_look(struct co_context *context, struct pg *pg,
    struct audit_keys *keys, struct audit_report *report);

/* The entry `seq` was passed: is nothing left to be compared? Never parks. */
bool audit_keys_are_passed(const struct audit_keys *keys, uint64_t seq);

#endif
