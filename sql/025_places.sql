-- SPDX-License-Identifier: MIT
-- Where tables are distributed over nodes, a row's place in its table says which row it is on one
-- node only. So whose hold has ended is said by its ledger too.
-- compatible: 14

-- As before in all else.
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
        DELETE FROM open_hold WHERE ledger = l AND ctid = ANY (ARRAY(
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
