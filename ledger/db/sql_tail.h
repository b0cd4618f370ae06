/* SPDX-License-Identifier: MIT */
/* What moved behind the checkpoint, in texts of SQL. */
#ifndef LEDGER_DB_SQL_TAIL_H
#define LEDGER_DB_SQL_TAIL_H

/* A subquery: by how much each account of a ledger has changed since the checkpoint, and where
 * last. With the table `balance` it is what the view `balances` says, asked of one ledger. `ledger`
 * is how the statement says which: a parameter, or a number. */
#define SQL_TAIL(ledger)                                                                           \
    "(SELECT m.account, sum(m.delta) AS delta, max(p.seq) AS seq FROM posting p"                   \
    " CROSS JOIN LATERAL (VALUES (p.from_no, -p.amount), (p.to_no, p.amount)) m (account, delta)"  \
    " WHERE p.ledger = " ledger                                                                    \
    " AND p.seq > coalesce((SELECT c.seq FROM checkpoint c WHERE c.ledger = " ledger "), 0)"       \
    " GROUP BY m.account)"

#endif
