-- SPDX-License-Identifier: MIT
-- Most entries move money once: that posting is in the row of the entry, which spares such a
-- transfer a row of its own and its place in an index. What `posting` says stays as it was, now as
-- a view; only who adds to the journal, or alters it, needs to know. Postings from before this are
-- all in further_posting, and stay there.

ALTER TABLE posting RENAME TO further_posting;
ALTER INDEX posting_pkey RENAME TO further_posting_pkey;

ALTER TABLE entry
    ADD COLUMN from_no    bigint,
    ADD COLUMN to_no      bigint,
    ADD COLUMN amount     numeric(38, 0),
    ADD COLUMN from_after numeric(38, 0),
    ADD COLUMN to_after   numeric(38, 0),
    ADD COLUMN from_prev  bigint,
    ADD COLUMN to_prev    bigint;

-- entry_kind as in 004, in fewer words, as each COPY parses it anew. Of entries from before neither
-- is asked.
ALTER TABLE entry
    ADD CONSTRAINT entry_posting CHECK (
        CASE WHEN kind IN (2, 5, 8)
             THEN (to_no <> from_no AND amount > 0 AND from_prev BETWEEN 1 AND seq - 1
                   AND to_prev BETWEEN 1 AND seq - 1) IS TRUE
                  AND from_after IS NOT NULL AND to_after IS NOT NULL
             ELSE num_nonnulls(from_no, to_no, amount, from_after, to_after, from_prev, to_prev) = 0
        END) NOT VALID,
    DROP CONSTRAINT entry_kind,
    ADD CONSTRAINT entry_kind CHECK (
        CASE kind WHEN 3 THEN key IS NOT NULL AND code IS NOT NULL
                  ELSE kind BETWEEN 1 AND 10 AND code IS NULL
                       AND (ref IS NOT NULL) = (kind BETWEEN 5 AND 8)
                       AND (account IS NOT NULL OR kind <> 1)
                       AND (account IS NULL OR kind IN (1, 9, 10))
                       AND (key IS NULL OR kind NOT IN (1, 7, 9, 10)) END) NOT VALID;

CREATE VIEW posting AS
SELECT ledger, seq, 0::smallint AS leg, from_no, to_no, amount, from_after, to_after, from_prev,
       to_prev
  FROM entry WHERE from_no IS NOT NULL
UNION ALL
SELECT ledger, seq, leg, from_no, to_no, amount, from_after, to_after, from_prev, to_prev
  FROM further_posting;

-- The views were made of the table that had this name: they read the view of this name from now on.
DO $$
DECLARE
    made record;
BEGIN
    FOR made IN SELECT viewname AS name, definition FROM pg_views
                 WHERE schemaname = 'teller' AND viewname <> 'posting'
                   AND definition LIKE '%further_posting%' LOOP
        EXECUTE format('CREATE OR REPLACE VIEW %I AS %s', made.name,
                       replace(made.definition, 'further_posting', 'posting'));
    END LOOP;
END $$;

-- Anew, as the tail of a view is only found quickly when it is asked for from inside.
CREATE OR REPLACE VIEW balances AS
SELECT l.name AS ledger, a.id AS account, a.asset,
       coalesce(b.balance, 0) + coalesce(t.delta, 0) AS balance, a.floor,
       greatest(a.opened, b.seq, t.seq) AS seq
  FROM account a
  JOIN ledger l ON l.no = a.ledger
  LEFT JOIN balance b ON b.ledger = a.ledger AND b.account = a.no
  LEFT JOIN (SELECT c.ledger, m.account, sum(m.delta) AS delta, max(p.seq) AS seq
               FROM checkpoint c
              CROSS JOIN LATERAL (SELECT * FROM posting x
                                   WHERE x.ledger = c.ledger AND x.seq > c.seq OFFSET 0) p
              CROSS JOIN LATERAL (VALUES (p.from_no, -p.amount),
                                         (p.to_no, p.amount)) m (account, delta)
              GROUP BY c.ledger, m.account) t ON t.ledger = a.ledger AND t.account = a.no;

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'teller_app') THEN
        GRANT SELECT ON posting TO teller_app;
    END IF;
END $$;
