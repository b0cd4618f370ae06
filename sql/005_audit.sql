-- SPDX-License-Identifier: MIT
-- The audit of what 004 brought: a view for each invariant, as in 002; each must be empty.

CREATE OR REPLACE VIEW audit_postings AS -- postings and entries belong together; assets match
SELECT p.ledger, p.seq, format('posting %s has no entry that moves money', p.leg) AS finding
  FROM posting p
  LEFT JOIN entry e ON e.ledger = p.ledger AND e.seq = p.seq AND e.kind IN (2, 5, 8)
 WHERE e.seq IS NULL
UNION ALL
SELECT e.ledger, e.seq, 'a transfer without postings'
  FROM entry e LEFT JOIN posting p ON p.ledger = e.ledger AND p.seq = e.seq AND p.leg = 0
 WHERE e.kind IN (2, 5, 8) AND p.seq IS NULL
UNION ALL
SELECT p.ledger, p.seq, format('posting %s: accounts missing, of two assets, or not open', p.leg)
  FROM posting p
  LEFT JOIN account f ON f.ledger = p.ledger AND f.no = p.from_no
  LEFT JOIN account t ON t.ledger = p.ledger AND t.no = p.to_no
 WHERE (f.asset = t.asset AND f.opened < p.seq AND t.opened < p.seq) IS NOT TRUE;

CREATE VIEW audit_holds AS -- a hold ends once, in time, and for no more than it reserved
SELECT e.ledger, e.seq, 'a hold without its row' AS finding
  FROM entry e LEFT JOIN hold h USING (ledger, seq) WHERE e.kind = 4 AND h.seq IS NULL
UNION ALL
SELECT h.ledger, h.seq, 'reserved by no entry'
  FROM hold h LEFT JOIN entry e ON e.ledger = h.ledger AND e.seq = h.seq AND e.kind = 4
 WHERE e.seq IS NULL
UNION ALL
SELECT e.ledger, e.seq, format('settles %s, which is no hold, or not its, or not in time', e.ref)
  FROM entry e
  LEFT JOIN hold h ON h.ledger = e.ledger AND h.seq = e.ref
  LEFT JOIN posting p ON p.ledger = e.ledger AND p.seq = e.seq
 WHERE e.kind IN (5, 6, 7)
   AND (CASE e.kind
            WHEN 5 THEN p.from_no = h.from_no AND p.to_no = h.to_no AND p.amount <= h.amount
                        AND (h.expires_at IS NULL OR e.at < h.expires_at)
            WHEN 6 THEN h.seq IS NOT NULL
            ELSE e.at >= h.expires_at END) IS NOT TRUE;

CREATE VIEW audit_held AS -- what an account has held follows from its holds, and fits its balance
SELECT ledger, seq,
       format('account %s has %s held, its holds say %s', account, held, due) AS finding
  FROM (SELECT d.ledger, d.account, d.seq, x.held,
               sum(d.delta) OVER (PARTITION BY d.ledger, d.account ORDER BY d.seq) AS due
          FROM (SELECT ledger, from_no AS account, seq, amount AS delta FROM hold
                UNION ALL
                SELECT e.ledger, h.from_no, e.seq, -h.amount
                  FROM entry e JOIN hold h ON h.ledger = e.ledger AND h.seq = e.ref
                 WHERE e.kind IN (5, 6, 7)) d
          FULL JOIN held x USING (ledger, account, seq)) y
 WHERE held IS DISTINCT FROM due
UNION ALL
SELECT b.ledger, b.seq, format('account %s has more held than it can give', b.account)
  FROM (SELECT l.no AS ledger, b.account, b.seq, b.balance, b.floor, h.held
          FROM balances b
          JOIN ledger l ON l.name = b.ledger
          JOIN account a ON a.ledger = l.no AND a.id = b.account
          JOIN (SELECT DISTINCT ON (ledger, account) ledger, account AS no, held
                  FROM held ORDER BY ledger, account, seq DESC) h
            ON h.ledger = a.ledger AND h.no = a.no) b
 WHERE b.balance < b.floor + b.held;

CREATE VIEW audit_reversals AS -- a reversal is the mirror of what it reverses
SELECT e.ledger, e.seq, format('is not the mirror of %s', e.ref) AS finding
  FROM entry e
 WHERE e.kind = 8
   AND EXISTS (
       SELECT FROM (SELECT leg, from_no, to_no, amount FROM posting
                     WHERE ledger = e.ledger AND seq = e.seq) n
         FULL JOIN (SELECT (SELECT max(leg) FROM posting
                             WHERE ledger = e.ledger AND seq = e.ref) - leg AS leg,
                           from_no, to_no, amount
                      FROM posting WHERE ledger = e.ledger AND seq = e.ref) o USING (leg)
        WHERE (n.from_no = o.to_no AND n.to_no = o.from_no AND n.amount = o.amount) IS NOT TRUE);

CREATE VIEW audit_frozen AS -- nothing moves, and nothing new is held, while it is frozen
SELECT m.ledger, m.seq, format('account %s was frozen by %s', m.account, f.seq) AS finding
  FROM (SELECT ledger, account, seq, kind,
               lead(seq, 1, 9223372036854775807) OVER (PARTITION BY ledger, account ORDER BY seq)
                   AS until
          FROM entry WHERE kind IN (9, 10)) f
  JOIN LATERAL (SELECT p.ledger, p.seq, x.account
                  FROM posting p CROSS JOIN LATERAL (VALUES (p.from_no), (p.to_no)) x (account)
                 WHERE p.ledger = f.ledger AND p.seq > f.seq AND p.seq < f.until
                UNION ALL
                SELECT h.ledger, h.seq, h.from_no
                  FROM hold h WHERE h.ledger = f.ledger AND h.seq > f.seq AND h.seq < f.until) m
    ON f.account IS NULL OR m.account = f.account
 WHERE f.kind = 9;

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
UNION ALL SELECT 'frozen', ledger, seq, finding FROM audit_frozen;

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'teller_app') THEN
        GRANT SELECT ON audit_holds, audit_held, audit_reversals, audit_frozen TO teller_app;
    END IF;
END $$;
