-- SPDX-License-Identifier: MIT
-- What an entry reserves is in its own row, as its first posting is. And what a start needs to know
-- of holds and freezing is kept with the balances, as of the checkpoint: so a start reads that and
-- the journal's tail, however many holds have ended.

ALTER TABLE hold RENAME TO earlier_hold;
ALTER INDEX hold_pkey RENAME TO earlier_hold_pkey;

-- Of entries from before neither constraint is asked: their holds are all in earlier_hold.
ALTER TABLE entry
    ADD COLUMN expires_at timestamptz,
    DROP CONSTRAINT entry_posting,
    ADD CONSTRAINT entry_posting CHECK (
        CASE WHEN kind IN (2, 5, 8)
             THEN (to_no <> from_no AND amount > 0 AND from_prev BETWEEN 1 AND seq - 1
                   AND to_prev BETWEEN 1 AND seq - 1) IS TRUE
                  AND from_after IS NOT NULL AND to_after IS NOT NULL AND expires_at IS NULL
             WHEN kind = 4
             THEN (to_no <> from_no AND amount > 0) IS TRUE
                  AND num_nonnulls(from_after, to_after, from_prev, to_prev) = 0
             ELSE num_nonnulls(from_no, to_no, amount, from_after, to_after, from_prev, to_prev,
                               expires_at) = 0
        END) NOT VALID;

CREATE VIEW hold AS
SELECT ledger, seq, from_no, to_no, amount, expires_at
  FROM entry WHERE kind = 4 AND from_no IS NOT NULL
UNION ALL
SELECT ledger, seq, from_no, to_no, amount, expires_at FROM earlier_hold;

-- A hold's terms are no movement: it has no balances after it.
CREATE OR REPLACE VIEW posting AS
SELECT ledger, seq, 0::smallint AS leg, from_no, to_no, amount, from_after, to_after, from_prev,
       to_prev
  FROM entry WHERE from_no IS NOT NULL AND from_after IS NOT NULL
UNION ALL
SELECT ledger, seq, leg, from_no, to_no, amount, from_after, to_after, from_prev, to_prev
  FROM further_posting;

-- The views were made of the table that had this name: they read the view of this name from now on.
DO $$
DECLARE
    made record;
BEGIN
    FOR made IN SELECT viewname AS name, definition FROM pg_views
                 WHERE schemaname = 'teller' AND viewname <> 'hold'
                   AND definition LIKE '%earlier_hold%' LOOP
        EXECUTE format('CREATE OR REPLACE VIEW %I AS %s', made.name,
                       replace(made.definition, 'earlier_hold', 'hold'));
    END LOOP;
END $$;

-- The holds that were open at the checkpoint. Like `balance` it follows from the journal.
CREATE TABLE open_hold (
    ledger     int    NOT NULL,
    seq        bigint NOT NULL,
    from_no    bigint NOT NULL,
    to_no      bigint NOT NULL,
    amount     numeric(38, 0) NOT NULL,
    expires_at timestamptz,
    PRIMARY KEY (ledger, seq)
);

-- How an account stood at the checkpoint, if it ever had a hold or was frozen; account 0 is the
-- whole ledger.
CREATE TABLE standing (
    ledger  int     NOT NULL,
    account bigint  NOT NULL,
    held    numeric(38, 0) NOT NULL CHECK (held >= 0),
    frozen  boolean NOT NULL,
    seq     bigint  NOT NULL, -- the last entry about a hold or a freeze of it
    PRIMARY KEY (ledger, account)
) WITH (fillfactor = 70);

INSERT INTO open_hold
SELECT h.* FROM checkpoint c JOIN hold h ON h.ledger = c.ledger AND h.seq <= c.seq
 WHERE NOT EXISTS (SELECT FROM entry e
                    WHERE e.ledger = h.ledger AND e.ref = h.seq AND e.kind IN (5, 6, 7)
                      AND e.seq <= c.seq);

INSERT INTO standing
SELECT ledger, account, coalesce(h.held, 0), coalesce(f.frozen, false), greatest(h.seq, f.seq)
  FROM (SELECT DISTINCT ON (d.ledger, d.account) d.ledger, d.account, d.seq, d.held
          FROM checkpoint c JOIN held d ON d.ledger = c.ledger AND d.seq <= c.seq
         ORDER BY d.ledger, d.account, d.seq DESC) h
  FULL JOIN (SELECT DISTINCT ON (e.ledger, coalesce(e.account, 0))
                    e.ledger, coalesce(e.account, 0) AS account, e.seq, e.kind = 9 AS frozen
               FROM checkpoint c JOIN entry e ON e.ledger = c.ledger AND e.seq <= c.seq
              WHERE e.kind IN (9, 10)
              ORDER BY e.ledger, coalesce(e.account, 0), e.seq DESC) f USING (ledger, account);

-- As in 006 for the balances; and the same for holds and freezing. What is held is computed from
-- the holds alone, and compared with what the service wrote beside each entry about one. OFFSET 0:
-- one look-up a row, whatever the statistics say.
CREATE OR REPLACE FUNCTION checkpoint_advance(l int, upto bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = teller, pg_temp AS $$
DECLARE
    done bigint;
    differing bigint;
BEGIN
    SELECT seq INTO done FROM checkpoint WHERE ledger = l FOR UPDATE;
    IF upto <= done THEN
        RETURN done;
    END IF;
    -- place: a posting's position and leg in one number, as there are at most 1,000 legs
    WITH tail AS MATERIALIZED (
        SELECT account, sum(delta) AS delta, max(place) AS place FROM (
            SELECT from_no AS account, -sum(amount) AS delta, max(seq << 10 | leg) AS place
              FROM posting WHERE ledger = l AND seq > done AND seq <= upto GROUP BY from_no
            UNION ALL
            SELECT to_no, sum(amount), max(seq << 10 | leg)
              FROM posting WHERE ledger = l AND seq > done AND seq <= upto GROUP BY to_no
        ) side GROUP BY account
    ), known AS (
        UPDATE balance b SET balance = b.balance + t.delta, seq = t.place >> 10
          FROM tail t WHERE b.ledger = l AND b.account = t.account
        RETURNING b.account, b.balance, t.place
    ), new AS (
        INSERT INTO balance (ledger, account, balance, floor, seq)
        SELECT l, t.account, t.delta, a.floor, t.place >> 10
          FROM tail t JOIN account a ON a.ledger = l AND a.no = t.account
         WHERE NOT EXISTS (SELECT FROM balance b WHERE b.ledger = l AND b.account = t.account)
        RETURNING account, balance
    ), folded AS (
        SELECT account, balance, place FROM known
        UNION ALL
        SELECT account, balance, place FROM new JOIN tail USING (account)
    )
    SELECT f.account INTO differing
      FROM folded f
      LEFT JOIN LATERAL (
           SELECT CASE f.account WHEN p.from_no THEN p.from_after ELSE p.to_after END AS after
             FROM posting p
            WHERE p.ledger = l AND p.seq = f.place >> 10 AND p.leg = (f.place & 1023)::smallint
           OFFSET 0) last ON true
     WHERE f.balance IS DISTINCT FROM last.after LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'account % of ledger % does not add up at seq %', differing, l, upto
            USING ERRCODE = 'TL003';
    END IF;

    WITH about AS MATERIALIZED (
        SELECT e.seq, e.kind, h.seq AS hold, h.from_no, h.to_no, h.amount, h.expires_at,
               CASE WHEN e.kind < 8 THEN h.from_no ELSE coalesce(e.account, 0) END AS account
          FROM entry e
          LEFT JOIN LATERAL (
               SELECT * FROM hold x
                WHERE x.ledger = l AND x.seq = CASE e.kind WHEN 4 THEN e.seq ELSE e.ref END
               OFFSET 0) h ON true
         WHERE e.ledger = l AND e.seq > done AND e.seq <= upto AND e.kind IN (4, 5, 6, 7, 9, 10)
    ), met AS ( -- the holds of the tail: first and last are the kinds of entries about each
        SELECT hold, from_no, to_no, amount, expires_at, min(kind) AS first, max(kind) AS last
          FROM about WHERE hold IS NOT NULL GROUP BY hold, from_no, to_no, amount, expires_at
    ), ended AS (
        DELETE FROM open_hold WHERE ctid = ANY (ARRAY(
            SELECT o.place FROM met m
             CROSS JOIN LATERAL (SELECT ctid AS place FROM open_hold
                                  WHERE ledger = l AND seq = m.hold OFFSET 0) o
             WHERE m.last > 4))
    ), begun AS (
        INSERT INTO open_hold (ledger, seq, from_no, to_no, amount, expires_at)
        SELECT l, hold, from_no, to_no, amount, expires_at FROM met WHERE first = 4 AND last = 4
    ), touched AS ( -- held_at: the last entry about a hold; frozen: what the last freeze left
        SELECT account, max(seq) AS seq, max(seq) FILTER (WHERE kind < 8) AS held_at,
               sum(CASE WHEN kind = 4 THEN amount WHEN kind < 8 THEN -amount ELSE 0 END) AS delta,
               (max(seq << 4 | kind) FILTER (WHERE kind > 8) & 15) = 9 AS frozen
          FROM about GROUP BY account
    ), due AS MATERIALIZED (
        SELECT t.account, t.seq, t.held_at, coalesce(s.held, 0) + t.delta AS held,
               coalesce(t.frozen, s.frozen, false) AS frozen
          FROM touched t
          LEFT JOIN LATERAL (SELECT held, frozen FROM standing
                              WHERE ledger = l AND account = t.account OFFSET 0) s ON true
    ), kept AS (
        INSERT INTO standing (ledger, account, held, frozen, seq)
        SELECT l, account, held, frozen, seq FROM due
            ON CONFLICT (ledger, account)
            DO UPDATE SET held = excluded.held, frozen = excluded.frozen, seq = excluded.seq
    )
    SELECT d.account INTO differing
      FROM due d
      LEFT JOIN LATERAL (SELECT held FROM held
                          WHERE ledger = l AND account = d.account AND seq = d.held_at
                         OFFSET 0) last ON true
     WHERE d.held_at IS NOT NULL AND d.held IS DISTINCT FROM last.held LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'what account % of ledger % has held does not add up at seq %', differing,
            l, upto USING ERRCODE = 'TL003';
    END IF;
    UPDATE checkpoint SET seq = upto WHERE ledger = l;
    RETURN upto;
END $$;

-- Throw away what was kept for a start, and follows from the journal: the next one reads all of it.
CREATE FUNCTION checkpoint_forget(l int) RETURNS void LANGUAGE sql SET search_path = teller, pg_temp
AS $$
    SELECT FROM checkpoint WHERE ledger = l FOR UPDATE;
    DELETE FROM balance WHERE ledger = l;
    DELETE FROM open_hold WHERE ledger = l;
    DELETE FROM standing WHERE ledger = l;
    UPDATE checkpoint SET seq = 0 WHERE ledger = l;
$$;
REVOKE EXECUTE ON FUNCTION checkpoint_forget FROM PUBLIC;

-- The audit of it: what the checkpoint says is what the journal says at its position.
CREATE VIEW audit_standing AS
SELECT ledger, c.seq, format('account %s: the checkpoint says %s, the journal %s', account,
                             coalesce(s.said, 'nothing'), coalesce(j.said, 'nothing')) AS finding
  FROM (SELECT s.ledger, s.account, concat_ws(' ', s.held, s.frozen, s.seq) AS said
          FROM standing s) s
  FULL JOIN (SELECT ledger, account,
                    concat_ws(' ', coalesce(h.held, 0), coalesce(f.frozen, false),
                              greatest(h.seq, f.seq)) AS said
               FROM (SELECT DISTINCT ON (d.ledger, d.account) d.ledger, d.account, d.seq, d.held
                       FROM checkpoint c JOIN held d ON d.ledger = c.ledger AND d.seq <= c.seq
                      ORDER BY d.ledger, d.account, d.seq DESC) h
               FULL JOIN (SELECT DISTINCT ON (e.ledger, coalesce(e.account, 0)) e.ledger,
                                 coalesce(e.account, 0) AS account, e.seq, e.kind = 9 AS frozen
                            FROM checkpoint c
                            JOIN entry e ON e.ledger = c.ledger AND e.seq <= c.seq
                           WHERE e.kind IN (9, 10)
                           ORDER BY e.ledger, coalesce(e.account, 0), e.seq DESC) f
                 USING (ledger, account)) j USING (ledger, account)
  JOIN checkpoint c USING (ledger)
 WHERE s.said IS DISTINCT FROM j.said;

CREATE VIEW audit_open_holds AS
SELECT ledger, seq, CASE WHEN j.hold IS NULL THEN 'is no hold that was open at the checkpoint'
                         WHEN o.hold IS NULL THEN 'was open at the checkpoint, which misses it'
                         ELSE 'is another hold than the checkpoint says' END AS finding
  FROM (SELECT o.ledger, o.seq, o AS hold FROM open_hold o) o
  FULL JOIN (SELECT h.ledger, h.seq, h AS hold
               FROM checkpoint c JOIN hold h ON h.ledger = c.ledger AND h.seq <= c.seq
              WHERE NOT EXISTS (SELECT FROM entry e
                                 WHERE e.ledger = h.ledger AND e.ref = h.seq
                                   AND e.kind IN (5, 6, 7) AND e.seq <= c.seq)) j
    USING (ledger, seq)
 WHERE o.hold::text IS DISTINCT FROM j.hold::text;

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
UNION ALL SELECT 'open holds', ledger, seq, finding FROM audit_open_holds;

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'teller_app') THEN
        REVOKE INSERT ON earlier_hold FROM teller_app;
        GRANT SELECT ON hold, open_hold, standing, audit_standing, audit_open_holds TO teller_app;
    END IF;
END $$;
