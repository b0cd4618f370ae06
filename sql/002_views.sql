-- SPDX-License-Identifier: MIT
-- What a person asks in psql, and what an auditor asks. The views are exact at any moment: they add
-- the journal's tail to the last checkpoint.

CREATE VIEW balances AS
SELECT l.name AS ledger, a.id AS account, a.asset,
       coalesce(b.balance, 0) + coalesce(t.delta, 0) AS balance, a.floor,
       greatest(a.opened, b.seq, t.seq) AS seq
  FROM account a
  JOIN ledger l ON l.no = a.ledger
  LEFT JOIN balance b ON b.ledger = a.ledger AND b.account = a.no
  LEFT JOIN (SELECT p.ledger, m.account, sum(m.delta) AS delta, max(p.seq) AS seq
               FROM checkpoint c
               JOIN posting p ON p.ledger = c.ledger AND p.seq > c.seq
              CROSS JOIN LATERAL (VALUES (p.from_no, -p.amount),
                                         (p.to_no, p.amount)) m (account, delta)
              GROUP BY p.ledger, m.account) t ON t.ledger = a.ledger AND t.account = a.no;

-- Every movement of every account, with the balance after it.
--     SELECT * FROM statement WHERE ledger = 'main' AND account = 'alice' ORDER BY seq, leg;
CREATE VIEW statement AS
SELECT l.name AS ledger, a.id AS account, p.seq, p.leg, e.at, e.key, o.id AS other_account,
       m.delta AS amount, a.asset, m.after AS balance, e.metadata
  FROM posting p
  JOIN entry e ON e.ledger = p.ledger AND e.seq = p.seq
  JOIN ledger l ON l.no = p.ledger
 CROSS JOIN LATERAL (VALUES (p.from_no, p.to_no, -p.amount, p.from_after),
                            (p.to_no, p.from_no, p.amount, p.to_after)) m (no, other, delta, after)
  JOIN account a ON a.ledger = p.ledger AND a.no = m.no
  JOIN account o ON o.ledger = p.ledger AND o.no = m.other;

-- The audit: each view lists what breaks one invariant, and must be empty.

CREATE VIEW audit_gaps AS -- seq runs from 1 without a gap, and time rises with it
SELECT ledger, seq, format('follows seq %s at %s', before, before_at) AS finding
  FROM (SELECT ledger, seq, at, lag(seq, 1, 0::bigint) OVER w AS before, lag(at) OVER w AS before_at
          FROM entry WINDOW w AS (PARTITION BY ledger ORDER BY seq)) e
 WHERE seq <> before + 1 OR at <= before_at;

CREATE VIEW audit_batches AS -- batches cover the journal without gap or overlap, epochs never fall
SELECT ledger, first_seq AS seq, format('batch %s of epoch %s', no, epoch) AS finding
  FROM (SELECT b.*, lag(no, 1, 0::bigint) OVER w AS no_before,
               lag(last_seq, 1, 0::bigint) OVER w AS seq_before,
               lag(epoch, 1, 0::bigint) OVER w AS epoch_before
          FROM batch b WINDOW w AS (PARTITION BY ledger ORDER BY no)) b
 WHERE no <> no_before + 1 OR first_seq <> seq_before + 1 OR epoch < epoch_before
UNION ALL
SELECT w.ledger, e.seq, format('journal ends at %s, batches at %s', e.seq, b.seq)
  FROM writer w
 CROSS JOIN LATERAL (SELECT coalesce(max(seq), 0) AS seq FROM entry WHERE ledger = w.ledger) e
 CROSS JOIN LATERAL (SELECT coalesce(max(last_seq), 0) AS seq, coalesce(max(no), 0) AS no
                       FROM batch WHERE ledger = w.ledger) b
 WHERE e.seq <> b.seq OR w.batch <> b.no;

CREATE VIEW audit_postings AS -- postings and entries belong together; assets match
SELECT p.ledger, p.seq, format('posting %s has no transfer entry', p.leg) AS finding
  FROM posting p LEFT JOIN entry e ON e.ledger = p.ledger AND e.seq = p.seq AND e.kind = 2
 WHERE e.seq IS NULL
UNION ALL
SELECT e.ledger, e.seq, 'a transfer without postings'
  FROM entry e LEFT JOIN posting p ON p.ledger = e.ledger AND p.seq = e.seq AND p.leg = 0
 WHERE e.kind = 2 AND p.seq IS NULL
UNION ALL
SELECT p.ledger, p.seq, format('posting %s: accounts missing, of two assets, or not open', p.leg)
  FROM posting p
  LEFT JOIN account f ON f.ledger = p.ledger AND f.no = p.from_no
  LEFT JOIN account t ON t.ledger = p.ledger AND t.no = p.to_no
 WHERE (f.asset = t.asset AND f.opened < p.seq AND t.opened < p.seq) IS NOT TRUE;

CREATE VIEW audit_prefixes AS -- at every prefix of the journal: balances add up and keep the floor
SELECT ledger, seq, format('account %s: %s + %s is not %s, or is below the floor, or follows %s '
                           'instead of %s', no, before, delta, after, prev, before_seq) AS finding
  FROM (SELECT p.ledger, p.seq, m.no, m.delta, m.after, m.prev, a.floor,
               lag(m.after, 1, 0::numeric) OVER w AS before,
               lag(p.seq, 1, a.opened) OVER w AS before_seq, lag(m.prev) OVER w AS before_prev,
               lead(p.seq, 1, 0::bigint) OVER w AS next_seq
          FROM posting p
         CROSS JOIN LATERAL (VALUES (p.from_no, -p.amount, p.from_after, p.from_prev, 0),
                                    (p.to_no, p.amount, p.to_after, p.to_prev, 1))
                            m (no, delta, after, prev, side)
          JOIN account a ON a.ledger = p.ledger AND a.no = m.no
        WINDOW w AS (PARTITION BY p.ledger, m.no ORDER BY p.seq, p.leg)) x
 WHERE before + delta <> after
    OR prev <> CASE WHEN before_seq = seq THEN before_prev ELSE before_seq END
    OR (next_seq <> seq AND after < floor); -- the floor holds after each entry as a whole

CREATE VIEW audit_sums AS -- money is never made or lost: each asset sums to zero
SELECT l.no AS ledger, 0::bigint AS seq, format('%s sums to %s', b.asset, sum(b.balance)) AS finding
  FROM balances b JOIN ledger l ON l.name = b.ledger
 GROUP BY l.no, b.asset HAVING sum(b.balance) <> 0;

CREATE VIEW audit_checkpoints AS -- the checkpoint is the fold of the journal up to its position
SELECT c.ledger, c.seq, format('account %s is %s, the journal says %s', account, b.balance,
                               f.balance) AS finding
  FROM checkpoint c
  JOIN (SELECT p.ledger, m.account, sum(m.delta) AS balance
          FROM checkpoint c
          JOIN posting p ON p.ledger = c.ledger AND p.seq <= c.seq
         CROSS JOIN LATERAL (VALUES (p.from_no, -p.amount), (p.to_no, p.amount)) m (account, delta)
         GROUP BY p.ledger, m.account) f USING (ledger)
  FULL JOIN balance b USING (ledger, account)
 WHERE b.balance IS DISTINCT FROM f.balance;

CREATE VIEW audit AS
SELECT 'gaps' AS invariant, ledger, seq, finding FROM audit_gaps
UNION ALL SELECT 'batches', ledger, seq, finding FROM audit_batches
UNION ALL SELECT 'postings', ledger, seq, finding FROM audit_postings
UNION ALL SELECT 'prefixes', ledger, seq, finding FROM audit_prefixes
UNION ALL SELECT 'sums', ledger, seq, finding FROM audit_sums
UNION ALL SELECT 'checkpoints', ledger, seq, finding FROM audit_checkpoints;
