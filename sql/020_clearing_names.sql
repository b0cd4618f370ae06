-- SPDX-License-Identifier: MIT
-- An account that stands for another ledger is called by what it holds. Others whose names look
-- like that, as clearing:LEDGER:USD.39 does (no asset has more than 38 digits), are anybody's.
-- compatible: 8

CREATE OR REPLACE VIEW clearing AS
WITH side AS (
    SELECT l.no AS ledger, l.name, o.no AS other, o.name AS other_name, a.no AS account,
           substr(a.id, 11 + length(o.name)) AS asset, a.opened
      FROM ledger l
     CROSS JOIN LATERAL (SELECT x.no, x.id, x.asset, x.opened FROM account x
                          WHERE x.ledger = l.no AND x.id >= 'clearing:' AND x.id < 'clearing;'
                         OFFSET 0) a
      JOIN ledger o ON o.name = split_part(a.id, ':', 2) AND o.no <> l.no
     WHERE a.id = 'clearing:' || o.name || ':' || replace(a.asset, '/', '.')
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
