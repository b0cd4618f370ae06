/* SPDX-License-Identifier: MIT */
#include "ledger/audit/audit_clearing.h"

#include <stdio.h>
#include <string.h>

#include "ledger/db/row.h"
#include "ledger/db/sql_kind.h"

struct clearing {
    struct audit_report *report;
    uint64_t seq;
};

/*
 * A pair is two accounts, of which each names the ledger of the other; where one of them was never
 * opened it is as good as empty. An open hold for either has a key that ends in 1, and was paid if
 * the other ledger did something with the same key but for the 2 at its end: a transfer, or a batch
 * of one that was not refused. Whatever one snapshot shows, this adds up: a hold is durable before
 * it is paid, and the payment before the hold ends.
 */
static const char sql[] =
    "COPY ("
    "WITH named AS (SELECT l.no AS ledger, l.name, o.no AS other,"
    "               'clearing:' || o.name || ':' AS prefix, 'clearing:' || l.name || ':' AS back"
    "          FROM ledger l, ledger o WHERE l.no <> o.no AND (l.no = %d OR o.no = %d)),"
    " side AS (SELECT n.ledger, n.other, a.no, a.id, substr(a.id, length(n.prefix) + 1) AS asset,"
    "                 b.balance"
    "          FROM named n"
    "          JOIN account a ON a.ledger = n.ledger AND starts_with(a.id, n.prefix)"
    "          JOIN balances b ON b.ledger = n.name AND b.account = a.id),"
    " paid AS (SELECT s.ledger, s.no, sum(h.amount) AS amount"
    "          FROM side s"
    "          JOIN hold h ON h.ledger = s.ledger AND h.to_no = s.no"
    "          JOIN entry e ON e.ledger = h.ledger AND e.seq = h.seq"
    "          JOIN entry p ON p.ledger = s.other"
    "           AND p.key = left(e.key, length(e.key) - 1) || '2'"
    "           AND (p.kind = " SQL_KIND(TRANSFER) " OR (p.kind = " SQL_KIND(
        BATCH) "                AND p.metadata->'results'->0->>'entries' IS NOT NULL))"
               "         WHERE NOT EXISTS (SELECT FROM entry x WHERE x.ledger = h.ledger AND x.ref "
               "= h.seq"
               "                            AND x.kind IN (" SQL_KINDS_SETTLING "))"
               "         GROUP BY s.ledger, s.no),"
               " whole AS (SELECT s.*, coalesce(p.amount, 0) AS paid"
               "          FROM side s LEFT JOIN paid p USING (ledger, no))"
               " SELECT 0::bigint, format('the clearing accounts of the ledgers %%s and %%s for "
               "%%s do not add up:"
               " %%s here, %%s there, and %%s paid by holds that are still open', a_name, b_name,"
               " coalesce(a.asset, b.asset), coalesce(a.balance, 0), coalesce(b.balance, 0),"
               " coalesce(a.paid, 0) + coalesce(b.paid, 0))"
               "  FROM (SELECT * FROM whole WHERE ledger = %d) a"
               "  FULL JOIN (SELECT * FROM whole WHERE other = %d) b"
               "    ON b.ledger = a.other AND b.other = a.ledger AND b.asset = a.asset"
               " CROSS JOIN LATERAL (SELECT (SELECT name FROM ledger WHERE no = %d) AS a_name,"
               "    (SELECT name FROM ledger WHERE no = coalesce(a.other, b.ledger)) AS b_name) n"
               " WHERE coalesce(a.balance, 0) + coalesce(b.balance, 0)"
               "     + coalesce(a.paid, 0) + coalesce(b.paid, 0) <> 0"
               ") TO STDOUT (FORMAT binary)";

static bool take_finding(const struct row *row, void *arg)
{
    const struct clearing *clearing = arg;
    char what[400];
    if (!row_text(row, 1, what, sizeof what))
        strcpy(what, "a clearing account and its counterpart do not add up");
    audit_note(clearing->report, clearing->seq, "%s", what);
    return true;
}

enum pg_status audit_clearing(struct co_context *context, struct pg *pg, int ledger, uint64_t seq,
    struct audit_report *report)
{
    struct clearing clearing = {.report = report, .seq = seq};
    char text[sizeof sql + 60];
    snprintf(text, sizeof text, sql, ledger, ledger, ledger, ledger, ledger);
    return pg_unload(context, pg, text, take_finding, &clearing);
}
