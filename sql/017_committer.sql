-- SPDX-License-Identifier: MIT
-- One transaction brings in a batch of each of several ledgers: what writer_advance() does for one,
-- for all of them in three statements. And none of them waits for a ledger whose writer's row
-- somebody has locked: the others would wait with it.
-- compatible: 14

-- As writer_advance(), for a transaction with a batch of one ledger; and
--   TL012  somebody has locked the writer's row: nothing was done, it may be tried again
CREATE FUNCTION batch_advance(l int, e bigint, n bigint, first bigint, last bigint, chained bytea)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = teller, pg_temp AS $$
DECLARE
    now_at writer%ROWTYPE;
    there  batch%ROWTYPE;
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
    VALUES (l, n, e, first, last, chained) ON CONFLICT DO NOTHING;
    IF FOUND THEN
        IF n > 1 AND NOT EXISTS (SELECT FROM batch WHERE ledger = l AND no = n - 1) THEN
            RAISE EXCEPTION 'batch % is missing', n - 1 USING ERRCODE = 'TL004';
        END IF;
        RETURN;
    END IF;
    SELECT * INTO there FROM batch WHERE ledger = l AND no = n;
    IF there.epoch = e AND there.hash = chained THEN
        RAISE EXCEPTION 'batch % is committed already', n USING ERRCODE = 'TL001';
    END IF;
    RAISE EXCEPTION 'batch % is another one', n USING ERRCODE = 'TL004';
END $$;

-- The same for a transaction with a batch of each of several ledgers, which ascend, so that two of
-- them never wait for each other. `hashes` are of 32 bytes each, one after the other.
--   TL011  some of them cannot get in, and so none has: batches_judge() tells which, and why
--   23505  the same, when that shows by the key of `batch`: plain inserts cost less
CREATE FUNCTION batches_advance(ledgers int[], epochs bigint[], numbers bigint[], firsts bigint[],
                                lasts bigint[], hashes bytea)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = teller, pg_temp AS $$
DECLARE
    held  bigint[];
    ready boolean;
BEGIN
    SELECT array_agg(w.epoch), bool_and(w.stopped IS NULL) INTO held, ready
      FROM (SELECT epoch, stopped FROM writer WHERE ledger = ANY (ledgers)
             ORDER BY ledger FOR SHARE SKIP LOCKED) w;
    IF (held = epochs AND ready) IS NOT TRUE THEN
        RAISE EXCEPTION 'some of these batches cannot get in' USING ERRCODE = 'TL011';
    END IF;
    -- A former session's transaction for the same batches is waited for.
    INSERT INTO batch (ledger, no, epoch, first_seq, last_seq, hash)
    SELECT b.ledger, b.no, b.epoch, b.first, b.last, substr(hashes, 32 * b.place::int - 31, 32)
      FROM unnest(ledgers, epochs, numbers, firsts, lasts)
           WITH ORDINALITY b (ledger, epoch, no, first, last, place);
    -- Each follows one that is there. Asked so that it is looked up: EXISTS may read all of them.
    SELECT bool_and(b.no = 1 OR (SELECT x.no FROM batch x WHERE x.ledger = b.ledger
                                                            AND x.no = b.no - 1) IS NOT NULL)
      INTO ready FROM unnest(ledgers, numbers) b (ledger, no);
    IF ready IS NOT TRUE THEN
        RAISE EXCEPTION 'some of these batches cannot get in' USING ERRCODE = 'TL011';
    END IF;
END $$;

-- What batch_advance() would say of each of them now: 'TL000' nothing is in its way. It changes
-- nothing.
CREATE FUNCTION batches_judge(ledgers int[], epochs bigint[], numbers bigint[], firsts bigint[],
                              lasts bigint[], hashes bytea)
RETURNS TABLE (state text, why text) LANGUAGE plpgsql SECURITY DEFINER
SET search_path = teller, pg_temp AS $$
BEGIN
    FOR i IN 1 .. cardinality(ledgers) LOOP
        BEGIN
            PERFORM batch_advance(ledgers[i], epochs[i], numbers[i], firsts[i], lasts[i],
                                  substr(hashes, 32 * i - 31, 32));
            RAISE EXCEPTION '' USING ERRCODE = 'TL000';
        EXCEPTION WHEN OTHERS THEN -- also takes back what it has added
            state := SQLSTATE;
            why := SQLERRM;
        END;
        RETURN NEXT;
    END LOOP;
END $$;

COMMENT ON FUNCTION batch_advance(int, bigint, bigint, bigint, bigint, bytea) IS
    'The first statement of a transaction with a batch of one ledger.';
COMMENT ON FUNCTION batches_advance(int[], bigint[], bigint[], bigint[], bigint[], bytea) IS
    'The first statement of a transaction with a batch of each of several ledgers.';
COMMENT ON FUNCTION batches_judge(int[], bigint[], bigint[], bigint[], bigint[], bytea) IS
    'Which of these batches cannot get in, and why.';
