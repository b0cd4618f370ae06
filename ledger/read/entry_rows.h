/* SPDX-License-Identifier: MIT */
/*
 * Entries as the database is asked for them, with all that belongs to them: one row for each
 * posting (or one, for an entry without any), those of an entry side by side, in any order. A row
 * has the columns of the table `entry` (tables.h), where those of the posting are that row's own,
 * or the terms of the hold that the entry makes, releases or sees expire; then the posting's leg.
 *
 * Somebody may have altered what is stored, or the account may be one that another server has
 * opened since it took over: PG_DAMAGED, or false. Nothing here parks.
 */
#ifndef LEDGER_READ_ENTRY_ROWS_H
#define LEDGER_READ_ENTRY_ROWS_H

#include "ledger/db/pg.h"
#include "ledger/db/row.h"
#include "ledger/db/sql_kind.h"
#include "ledger/db/tables.h"
#include "ledger/domain/entry.h"

/* ---- what to ask for ----------------------------------------------------------------------- */

/* The columns, of an entry e, its posting p and the hold h. `metadata` is what stands for that: an
 * account's is beside the account, and that of other entries is needed once only. */
#define ENTRY_ROWS_SELECT(metadata)                                                                \
    TABLES_ENTRY_DECIDED(TABLES_NAME_OF, TABLES_NEXT_NAME_OF, e)                                   \
    "," metadata ",e.ref" TABLES_TERMS(ENTRY_ROWS_TERM, ) TABLES_AFTER(TABLES_NEXT_NAME_OF, p)     \
        TABLES_BEFORE(TABLES_NEXT_NAME_OF, p) ",h.expires_at,coalesce(p.leg,0::smallint)"
#define ENTRY_ROWS_TERM(P, NAME, column, type) ",coalesce(p." #column ",h." #column ")"

/* Their places: TABLE_ENTRY_SEQ and so on, and what a statement adds begins at COLUMNS. */
enum { ENTRY_ROWS_LEG = TABLE_ENTRY_COLUMNS, ENTRY_ROWS_COLUMNS };

/* `ledger` is how the statement says which ledger it is about; each table says it for itself, as it
 * must where tables are distributed by it (sql/README.md).
 * OFFSET 0 keeps the planner from joining whole tables, or ranges of them in a way that suits only
 * a few rows, which is what it assumes of tables that were never analyzed: what it wraps is looked
 * up by its key, entry by entry. */
#define ENTRY_ROWS_JOIN(ledger)                                                                    \
    " JOIN LATERAL (SELECT * FROM posting x WHERE x.ledger = " ledger                              \
    " AND x.seq = e.seq OFFSET 0) p ON true LEFT JOIN LATERAL (SELECT * FROM hold x"               \
    " WHERE x.ledger = " ledger " AND x.seq = " SQL_HOLD_WITHOUT_MOVE_OF_E " OFFSET 0) h ON true"

/* ---- rows to entries ----------------------------------------------------------------------- */

/* Who knows the accounts. NULL: there is none like that, or memory is short. */
enum entry_rows_side { ENTRY_ROWS_ACCOUNT, ENTRY_ROWS_FROM, ENTRY_ROWS_TO };
struct entry_rows_accounts {
    struct account *(*find)(
        void *arg, const struct row *row, enum entry_rows_side side, uint64_t number);
    void *arg;
};

/* Begin an entry of `postings` postings with what each of its rows says of it; the metadata stands
 * in the row `with_metadata`. The postings are filled in by entry_rows_add(). row->wrong is not
 * NULL. PG_ERROR: memory is short; PG_DAMAGED. */
CO_MUST_CHECK enum pg_status entry_rows_begin(struct entry **entry, const struct row *row,
    const struct row *with_metadata, size_t postings, const struct entry_rows_accounts *accounts);

/* Fill in the posting of a row. False: it is damaged, or the entry has it already. */
CO_MUST_CHECK bool entry_rows_add(
    struct entry *entry, const struct row *row, const struct entry_rows_accounts *accounts);

#endif
