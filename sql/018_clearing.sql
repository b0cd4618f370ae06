-- SPDX-License-Identifier: MIT
-- compatible: 8
-- Transfers between two ledgers (server/crossing/): in each of the two an account stands for the
-- other, "clearing:LEDGER:CODE.SCALE", and the two of a pair add up to zero, but for what was paid
-- for holds that are still open.

-- OFFSET 0: looked up ledger by ledger, so that nothing else is read where there are none.
CREATE VIEW clearing AS
WITH side AS (
    SELECT l.no AS ledger, l.name, o.no AS other, o.name AS other_name, a.no AS account,
           substr(a.id, 11 + length(o.name)) AS asset, a.opened
      FROM ledger l
     CROSS JOIN LATERAL (SELECT x.no, x.id, x.opened FROM account x
                          WHERE x.ledger = l.no AND x.id >= 'clearing:' AND x.id < 'clearing;'
                         OFFSET 0) a
      JOIN ledger o ON o.name = split_part(a.id, ':', 2) AND o.no <> l.no
     WHERE a.id ~ '^clearing:[^:]+:.+[.](0|[1-9][0-9]?)$'
), paid AS (
    SELECT s.ledger, s.account, sum(h.amount) AS amount
      FROM side s
      JOIN hold h ON h.ledger = s.ledger AND h.to_no = s.account
      JOIN entry e ON e.ledger = h.ledger AND e.seq = h.seq AND e.key LIKE '%1'
      JOIN entry p ON p.ledger = s.other AND p.key = left(e.key, -1) || '2'
                  AND (p.kind = 2
                       OR p.kind = 11 AND p.metadata -> 'results' -> 0 ->> 'entries' IS NOT NULL)
     WHERE NOT EXISTS (SELECT FROM entry x
                        WHERE x.ledger = h.ledger AND x.ref = h.seq AND x.kind IN (5, 6, 7))
     GROUP BY s.ledger, s.account
)
SELECT s.name AS ledger, s.other_name AS other, s.asset, b.balance, coalesce(p.amount, 0) AS paid,
       s.opened AS seq
  FROM side s
  JOIN account a ON a.ledger = s.ledger AND a.no = s.account
  JOIN balances b ON b.ledger = s.name AND b.account = a.id
  LEFT JOIN paid p ON p.ledger = s.ledger AND p.account = s.account;

CREATE VIEW audit_clearing AS
SELECT l.no AS ledger, c.seq,
       format('with the ledger %s, %s does not add up: %s here, %s there, %s paid by open holds',
              c.other, c.asset, c.balance, coalesce(o.balance, 0),
              c.paid + coalesce(o.paid, 0)) AS finding
  FROM clearing c
  JOIN ledger l ON l.name = c.ledger
  LEFT JOIN clearing o ON o.ledger = c.other AND o.other = c.ledger AND o.asset = c.asset
 WHERE c.balance + coalesce(o.balance, 0) + c.paid + coalesce(o.paid, 0) <> 0;

CREATE OR REPLACE VIEW audit AS
SELECT 'gaps' AS invariant, ledger, seq, finding FROM audit_gaps
UNION ALL SELECT 'batches', ledger, seq, finding FROM audit_batches
UNION ALL SELECT 'postings', ledger, seq, finding FROM audit_postings
UNION ALL SELECT 'prefixes', ledger, seq, finding FROM audit_prefixes
UNION ALL SELECT 'sums', ledger, seq, finding FROM audit_sums
UNION ALL SELECT 'checkpoints', ledger, seq, finding FROM audit_checkpoints
UNION ALL SELECT 'holds', ledger, seq, finding FROM audit_holds
UNION ALL SELECT 'held', ledger, seq, finding FROM audit_held
UNION ALL SELECT 'reversals', ledger, seq, finding FROM audit_reversals
UNION ALL SELECT 'frozen', ledger, seq, finding FROM audit_frozen
UNION ALL SELECT 'standing', ledger, seq, finding FROM audit_standing
UNION ALL SELECT 'open holds', ledger, seq, finding FROM audit_open_holds
UNION ALL SELECT 'keys', ledger, seq, finding FROM audit_keys
UNION ALL SELECT 'clearing', ledger, seq, finding FROM audit_clearing;

COMMENT ON VIEW clearing IS
    'The accounts that stand for other ledgers: their balances, and what was paid there for '
    'holds that are still open here.';
COMMENT ON VIEW audit_clearing IS
    'What went from one ledger to another has arrived there: both accounts add up.';
