/* SPDX-License-Identifier: MIT */
/*
 * The shape of the rows that this program writes and reads by their columns: which there are, in
 * which order, and of what type. Each is stated here once, as TABLES_X(FIRST, NEXT, P): FIRST is
 * given the first column, NEXT each one behind it, as (P, NAME, column, type). From that come
 *
 *     TABLES_COLUMNS(ENTRY)         "ledger,seq,at,…", for SELECT and for COPY
 *     TABLES_COLUMNS_OF(ENTRY, e)   "e.ledger,e.seq,e.at,…"
 *     TABLES_TYPES(ENTRY)           "-BT…", for row_is_plain()
 *     TABLE_ENTRY_AT                the place of a column in such a row
 *     TABLE_ENTRY_COLUMNS           how many there are
 *
 * Columns that stand side by side in several tables are parts (TABLES_TERMS), without a FIRST.
 * What the rows mean is decoded in journal/record.h and encoded in journal/batch.c.
 */
#ifndef LEDGER_DB_TABLES_H
#define LEDGER_DB_TABLES_H

/* ---- parts --------------------------------------------------------------------------------- */

/* The payer, the payee, how much. */
#define TABLES_TERMS(X, P)                                                                         \
    X(P, FROM_NO, from_no, "B") X(P, TO_NO, to_no, "B") X(P, AMOUNT, amount, "M")

/* The balances after it, and the entries before it that moved each account. */
#define TABLES_AFTER(X, P) X(P, FROM_AFTER, from_after, "M") X(P, TO_AFTER, to_after, "M")
#define TABLES_BEFORE(X, P) X(P, FROM_PREV, from_prev, "B") X(P, TO_PREV, to_prev, "B")

#define TABLES_MOVEMENT(X, P) TABLES_TERMS(X, P) TABLES_AFTER(X, P) TABLES_BEFORE(X, P)

/* What never changes of an account, but for its metadata, which may be long. */
#define TABLES_OPENING(X, P)                                                                       \
    X(P, ID, id, "-") X(P, ASSET, asset, "-") X(P, FLOOR, floor, "m") X(P, OPENED, opened, "B")

/* ---- the journal --------------------------------------------------------------------------- */

#define TABLES_ACCOUNT(FIRST, NEXT, P)                                                             \
    FIRST(P, LEDGER, ledger, "-")                                                                  \
    NEXT(P, NO, no, "B") TABLES_OPENING(NEXT, P) NEXT(P, METADATA, metadata, "-")

/* An entry as the chain has it: without its posting or hold, whose columns stand behind these. */
#define TABLES_ENTRY_HEAD(FIRST, NEXT, P)                                                          \
    TABLES_ENTRY_DECIDED(FIRST, NEXT, P)                                                           \
    NEXT(P, METADATA, metadata, "-") NEXT(P, REF, ref, "b")

#define TABLES_ENTRY_DECIDED(FIRST, NEXT, P)                                                       \
    FIRST(P, LEDGER, ledger, "-")                                                                  \
    NEXT(P, SEQ, seq, "B")                                                                         \
    NEXT(P, AT, at, "T")                                                                           \
    NEXT(P, KIND, kind, "-")                                                                       \
    NEXT(P, KEY, key, "-")                                                                         \
    NEXT(P, FINGERPRINT, fingerprint, "-")                                                         \
    NEXT(P, ACCOUNT, account, "b") NEXT(P, CODE, code, "-") NEXT(P, AVAILABLE, available, "m")

/* And as its table has it, with its first posting, or the terms of the hold that it makes: those
 * of its last columns that it has no use for are null. */
#define TABLES_ENTRY(FIRST, NEXT, P)                                                               \
    TABLES_ENTRY_HEAD(FIRST, NEXT, P)                                                              \
    TABLES_MOVEMENT(NEXT, P) NEXT(P, EXPIRES_AT, expires_at, "t")

/* The view of all postings, and the table of those that are not the first of their entry. */
#define TABLES_POSTING(FIRST, NEXT, P)                                                             \
    FIRST(P, LEDGER, ledger, "-")                                                                  \
    NEXT(P, SEQ, seq, "B") NEXT(P, LEG, leg, "-") TABLES_MOVEMENT(NEXT, P)

/* What a start needs of a posting. */
#define TABLES_FOLDED(FIRST, NEXT, P)                                                              \
    FIRST(P, SEQ, seq, "B") TABLES_TERMS(NEXT, P) TABLES_AFTER(NEXT, P)

/* The view of all holds, and the table of those that are open at the checkpoint. */
#define TABLES_HOLD(FIRST, NEXT, P)                                                                \
    FIRST(P, LEDGER, ledger, "-")                                                                  \
    NEXT(P, SEQ, seq, "B") TABLES_TERMS(NEXT, P) NEXT(P, EXPIRES_AT, expires_at, "t")

#define TABLES_HELD(FIRST, NEXT, P)                                                                \
    FIRST(P, LEDGER, ledger, "-")                                                                  \
    NEXT(P, ACCOUNT, account, "B") NEXT(P, SEQ, seq, "B") NEXT(P, HELD, held, "M")

#define TABLES_WAYPOINT(FIRST, NEXT, P)                                                            \
    FIRST(P, LEDGER, ledger, "-") NEXT(P, ACCOUNT, account, "B") NEXT(P, SEQ, seq, "B")

#define TABLES_BATCH(FIRST, NEXT, P)                                                               \
    FIRST(P, NO, no, "B")                                                                          \
    NEXT(P, EPOCH, epoch, "-")                                                                     \
    NEXT(P, FIRST_SEQ, first_seq, "B") NEXT(P, LAST_SEQ, last_seq, "B") NEXT(P, HASH, hash, "-")

/* ---- the checkpoint ------------------------------------------------------------------------ */

#define TABLES_BALANCE(FIRST, NEXT, P)                                                             \
    FIRST(P, ACCOUNT, account, "B") NEXT(P, BALANCE, balance, "M") NEXT(P, SEQ, seq, "B")

/* The account of the number TABLE_WHOLE_LEDGER stands for all of the ledger. */
#define TABLE_WHOLE_LEDGER 0
#define TABLES_STANDING(FIRST, NEXT, P)                                                            \
    FIRST(P, ACCOUNT, account, "B")                                                                \
    NEXT(P, HELD, held, "M") NEXT(P, FROZEN, frozen, "-") NEXT(P, SEQ, seq, "B")

/* A segment of keys: what it says of itself, and its bytes. */
#define TABLES_SEGMENT_HEAD(FIRST, NEXT, P)                                                        \
    FIRST(P, FIRST_SEQ, first_seq, "B")                                                            \
    NEXT(P, LAST_SEQ, last_seq, "B") NEXT(P, KEYS, keys, "B") NEXT(P, DIGEST, digest, "-")
#define TABLES_SEGMENT(FIRST, NEXT, P)                                                             \
    TABLES_SEGMENT_HEAD(FIRST, NEXT, P) NEXT(P, HASHES, hashes, "-")

/* ---- what comes from them ------------------------------------------------------------------- */

#define TABLES_NAME(P, NAME, column, type) #column
#define TABLES_NEXT_NAME(P, NAME, column, type) "," #column
#define TABLES_NAME_OF(P, NAME, column, type) #P "." #column
#define TABLES_NEXT_NAME_OF(P, NAME, column, type) "," #P "." #column
#define TABLES_TYPE(P, NAME, column, type) type
#define TABLES_PLACE(P, NAME, column, type) P##_##NAME,

#define TABLES_COLUMNS(TABLE) TABLES_##TABLE(TABLES_NAME, TABLES_NEXT_NAME, )
#define TABLES_COLUMNS_OF(TABLE, alias) TABLES_##TABLE(TABLES_NAME_OF, TABLES_NEXT_NAME_OF, alias)
#define TABLES_TYPES(TABLE) TABLES_##TABLE(TABLES_TYPE, TABLES_TYPE, )
#define TABLES_PLACES(TABLE) TABLES_##TABLE(TABLES_PLACE, TABLES_PLACE, TABLE_##TABLE)

enum { TABLES_PLACES(ACCOUNT) TABLE_ACCOUNT_COLUMNS };
enum { TABLES_PLACES(ENTRY_HEAD) TABLE_ENTRY_HEAD_COLUMNS };
enum { TABLES_PLACES(ENTRY) TABLE_ENTRY_COLUMNS };
enum { TABLES_PLACES(POSTING) TABLE_POSTING_COLUMNS };
enum { TABLES_PLACES(FOLDED) TABLE_FOLDED_COLUMNS };
enum { TABLES_PLACES(HOLD) TABLE_HOLD_COLUMNS };
enum { TABLES_PLACES(HELD) TABLE_HELD_COLUMNS };
enum { TABLES_PLACES(WAYPOINT) TABLE_WAYPOINT_COLUMNS };
enum { TABLES_PLACES(BATCH) TABLE_BATCH_COLUMNS };
enum { TABLES_PLACES(BALANCE) TABLE_BALANCE_COLUMNS };
enum { TABLES_PLACES(STANDING) TABLE_STANDING_COLUMNS };
enum { TABLES_PLACES(SEGMENT) TABLE_SEGMENT_COLUMNS };

#endif
