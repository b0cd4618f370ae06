-- SPDX-License-Identifier: MIT
-- compatible: 14
-- A transaction with a batch of each of many ledgers costs less for each of them: the trigger that
-- guards the journal's rows is told where their batches are, and plans are made once a session.

-- Where the batches of a transaction lie is in the setting teller.batches until it ends. Whoever
-- works as teller_app can set that as well, to no avail: what lies there counts only if this
-- transaction has written it.
CREATE OR REPLACE FUNCTION batch_advance(l int, e bigint, n bigint, first bigint, last bigint,
                                         chained bytea)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = teller, pg_temp AS $$
DECLARE
    now_at writer%ROWTYPE;
    there  batch%ROWTYPE;
    lies   tid;
BEGIN
    SELECT * INTO now_at FROM writer WHERE ledger = l FOR SHARE SKIP LOCKED;
    IF NOT FOUND AND EXISTS (SELECT FROM writer WHERE ledger = l) THEN
        RAISE EXCEPTION 'the writer''s row is locked' USING ERRCODE = 'TL012';
    ELSIF now_at.epoch > e THEN
        RAISE EXCEPTION 'epoch % has ended, the writer is at epoch %', e, now_at.epoch
            USING ERRCODE = 'TL002';
    ELSIF (now_at.epoch = e) IS NOT TRUE THEN
        RAISE EXCEPTION 'the writer is at epoch %, before %', now_at.epoch, e
            USING ERRCODE = 'TL004';
    ELSIF now_at.stopped IS NOT NULL THEN
        RAISE EXCEPTION '%', now_at.stopped USING ERRCODE = 'TL005';
    END IF;
    -- A former session's transaction for the same batch is waited for.
    INSERT INTO batch (ledger, no, epoch, first_seq, last_seq, hash)
    VALUES (l, n, e, first, last, chained) ON CONFLICT DO NOTHING RETURNING ctid INTO lies;
    IF FOUND THEN
        IF n > 1 AND NOT EXISTS (SELECT FROM batch WHERE ledger = l AND no = n - 1) THEN
            RAISE EXCEPTION 'batch % is missing', n - 1 USING ERRCODE = 'TL004';
        END IF;
        PERFORM set_config('teller.batches', ARRAY[lies]::text, true);
        RETURN;
    END IF;
    SELECT * INTO there FROM batch WHERE ledger = l AND no = n;
    IF there.epoch = e AND there.hash = chained THEN
        RAISE EXCEPTION 'batch % is committed already', n USING ERRCODE = 'TL001';
    END IF;
    RAISE EXCEPTION 'batch % is another one', n USING ERRCODE = 'TL004';
END $$;

-- With plans of its own, each call would spend a fifth of its time on making them.
CREATE OR REPLACE FUNCTION batches_advance(ledgers int[], epochs bigint[], numbers bigint[],
                                           firsts bigint[], lasts bigint[], hashes bytea)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = teller, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    held  bigint[];
    ready boolean;
    lie   tid[];
BEGIN
    SELECT array_agg(w.epoch), bool_and(w.stopped IS NULL) INTO held, ready
      FROM (SELECT w.epoch, w.stopped FROM unnest(ledgers) b (ledger)
              JOIN writer w ON w.ledger = b.ledger
             ORDER BY w.ledger FOR SHARE OF w SKIP LOCKED) w;
    IF (held = epochs AND ready) IS NOT TRUE THEN
        RAISE EXCEPTION 'some of these batches cannot get in' USING ERRCODE = 'TL011';
    END IF;
    -- A former session's transaction for the same batches is waited for.
    WITH made AS (
        INSERT INTO batch (ledger, no, epoch, first_seq, last_seq, hash)
        SELECT unnest(ledgers), unnest(numbers), unnest(epochs), unnest(firsts), unnest(lasts),
               substr(hashes, 32 * generate_series(1, cardinality(ledgers)) - 31, 32)
        RETURNING ctid)
    SELECT array_agg(ctid) INTO lie FROM made;
    PERFORM set_config('teller.batches', lie::text, true);
    -- Each follows one that is there. Asked so that it is looked up: EXISTS may read all of them.
    SELECT bool_and(b.no = 1 OR (SELECT x.no FROM batch x WHERE x.ledger = b.ledger
                                                            AND x.no = b.no - 1) IS NOT NULL)
      INTO ready FROM unnest(ledgers, numbers) b (ledger, no);
    IF ready IS NOT TRUE THEN
        RAISE EXCEPTION 'some of these batches cannot get in' USING ERRCODE = 'TL011';
    END IF;
END $$;

-- First where the transaction says that its batches lie, in one pass over both; a join could become
-- a loop over each pair. Only what that does not explain is looked for by the key of `batch`.
CREATE OR REPLACE FUNCTION guard_rows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM (SELECT ledger, seq, NULL::bigint AS first, NULL::bigint AS last
                                  FROM added
                                UNION ALL
                                SELECT ledger, NULL, first_seq, last_seq FROM teller.batch
                                 WHERE ctid = ANY (nullif(current_setting('teller.batches', true),
                                                          '')::tid[])
                                   AND xmin = pg_current_xact_id()::xid) a
                    GROUP BY ledger
                   HAVING count(seq) > 0
                      AND (min(seq) >= max(first) AND max(seq) <= max(last)) IS NOT TRUE) THEN
        RETURN NULL;
    END IF;
    IF EXISTS (SELECT FROM (SELECT ledger, min(seq) AS low, max(seq) AS high
                              FROM added GROUP BY ledger) a
                 LEFT JOIN LATERAL (SELECT first_seq, last_seq, xmin FROM teller.batch
                                     WHERE ledger = a.ledger ORDER BY no DESC LIMIT 1) b ON true
                WHERE (a.low >= b.first_seq AND a.high <= b.last_seq
                       AND b.xmin = pg_current_xact_id()::xid) IS NOT TRUE)
       AND NOT pg_has_role((SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE') THEN
        RAISE EXCEPTION 'rows of % that this transaction has no batch for', TG_TABLE_NAME
            USING ERRCODE = 'TL006';
    END IF;
    RETURN NULL;
END $$;
