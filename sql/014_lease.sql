-- SPDX-License-Identifier: MIT
-- Who has a ledger. A server is a process that serves from this database: it shows that it lives by
-- a beat, a write each half second. A ledger is its owner's until the owner leaves, or is declared
-- dead by who has watched its beat stand still for long enough. The database alone says who owns
-- what; no clocks are compared.

CREATE TABLE server (
    no         bigint      PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    life       uuid        NOT NULL DEFAULT gen_random_uuid(), -- of this process and of no other
    url        text        NOT NULL,                           -- where it listens
    place      text        NOT NULL, -- where one process at a time can be; '': not known
    beat       bigint      NOT NULL DEFAULT 0,
    entered_at timestamptz NOT NULL DEFAULT now(),
    left_at    timestamptz -- it owns nothing from then on, and never will again
) WITH (fillfactor = 10);

-- The last batch is what `batch` has: a counter here would be a row that each batch changes, slower
-- with each batch for as long as any snapshot is open. So this view does without:
-- batches cover the journal without gap or overlap, epochs never fall.
CREATE OR REPLACE VIEW audit_batches AS
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
 CROSS JOIN LATERAL (SELECT coalesce(max(last_seq), 0) AS seq, coalesce(max(epoch), 0) AS epoch
                       FROM batch WHERE ledger = w.ledger) b
 WHERE e.seq <> b.seq OR b.epoch > w.epoch;

ALTER TABLE writer
    DROP COLUMN batch,
    ADD COLUMN server     bigint,      -- the owner; null: nobody
    ADD COLUMN stopped    text,        -- why nothing more is written; null: writes go on
    ADD COLUMN stopped_at timestamptz;

-- The first statement of every batch. Nobody can take the ledger over until the batch has ended.
--   TL001  this very batch has been committed: there is nothing left to do
--   TL002  another server has taken the ledger over: this one must never write again
--   TL004  what was committed before is not there: the database has gone back in time
--   TL005  writes have been stopped
-- A former session's transaction for the same batch is waited for; then it is known how it ended.
CREATE OR REPLACE FUNCTION writer_advance(l int, e bigint, n bigint, first bigint, last bigint,
                                          chained bytea)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = teller, pg_temp AS $$
DECLARE
    now_at writer%ROWTYPE;
    there  batch%ROWTYPE;
BEGIN
    SELECT * INTO now_at FROM writer WHERE ledger = l FOR SHARE;
    IF now_at.epoch > e THEN
        RAISE EXCEPTION 'epoch % has ended, the writer is at epoch %', e, now_at.epoch
            USING ERRCODE = 'TL002';
    ELSIF (now_at.epoch = e) IS NOT TRUE THEN
        RAISE EXCEPTION 'the writer is at epoch %, before %', now_at.epoch, e
            USING ERRCODE = 'TL004';
    ELSIF now_at.stopped IS NOT NULL THEN
        RAISE EXCEPTION '%', now_at.stopped USING ERRCODE = 'TL005';
    END IF;
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

-- A new server. Whoever was in the same place before is dead, or this one could not be there. Rows
-- of those that left are kept for a day, for people.
CREATE FUNCTION server_enter(its_url text, its_place text, OUT no bigint, OUT life uuid)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = teller, pg_temp AS $$
BEGIN
    UPDATE server s SET left_at = now()
     WHERE s.place = its_place AND its_place <> '' AND s.left_at IS NULL;
    DELETE FROM server s
     WHERE s.left_at < now() - interval '1 day'
       AND NOT EXISTS (SELECT FROM writer w WHERE w.server = s.no);
    INSERT INTO server AS s (url, place) VALUES (its_url, its_place)
    RETURNING s.no, s.life INTO no, life;
END $$;

-- Still there. False: it is not, and must tell nothing.
CREATE FUNCTION server_beat(me bigint, my_life uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = teller, pg_temp AS $$
BEGIN
    UPDATE server SET beat = beat + 1 WHERE no = me AND life = my_life AND left_at IS NULL;
    RETURN FOUND;
END $$;

CREATE FUNCTION server_leave(me bigint, my_life uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = teller, pg_temp AS $$
BEGIN
    UPDATE server SET left_at = now() WHERE no = me AND life = my_life AND left_at IS NULL;
END $$;

-- End the sessions in which a server has written a ledger (null: any): a transaction that is open
-- there keeps others waiting for as long as nobody ends it. Where that is not allowed, they wait.
CREATE FUNCTION server_hang_up(its_life uuid, l int) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = teller, pg_temp AS $$
BEGIN
    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid()
        AND application_name LIKE 'teller ' || its_life || coalesce(' ' || l, ' %');
EXCEPTION WHEN insufficient_privilege THEN
    NULL;
END $$;

-- Declare a server dead whose beat still is the one that was seen long ago. False: it lives, or has
-- left.
CREATE FUNCTION server_end(its_no bigint, seen bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = teller, pg_temp SET lock_timeout = '100ms' AS $$
DECLARE
    its_life uuid;
BEGIN
    UPDATE server SET left_at = now() WHERE no = its_no AND beat = seen AND left_at IS NULL
    RETURNING life INTO its_life;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM server_hang_up(its_life, NULL);
    RETURN true;
EXCEPTION WHEN lock_not_available THEN -- its beat is on its way
    RETURN false;
END $$;

-- From here on this session is the one in which a server writes a ledger; its former one is ended.
CREATE FUNCTION writer_session(l int, my_life uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = teller, pg_temp AS $$
BEGIN
    PERFORM server_hang_up(my_life, l);
    PERFORM set_config('application_name', format('teller %s %s', my_life, l), false);
END $$;

-- Take a ledger that nobody has who lives: from then on nobody else can commit.
-- Null: it is not free. `accepts_lost`: go on where the database has lost what was acknowledged.
CREATE FUNCTION writer_take(l int, me bigint, my_strategy text, accepts_lost boolean)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = teller, pg_temp AS $$
DECLARE
    taken bigint;
BEGIN
    UPDATE writer w SET epoch = epoch + 1, server = me
     WHERE ledger = l AND EXISTS (SELECT FROM server WHERE no = me AND left_at IS NULL)
       AND (w.server = me OR w.server IS NULL
            OR NOT EXISTS (SELECT FROM server s WHERE s.no = w.server AND s.left_at IS NULL))
    RETURNING epoch INTO taken;
    IF FOUND THEN
        UPDATE ledger SET strategy = my_strategy WHERE no = l AND strategy <> my_strategy;
        UPDATE writer SET stopped = NULL, stopped_at = NULL
         WHERE ledger = l AND accepts_lost AND stopped LIKE 'lost: %';
    END IF;
    RETURN taken;
END $$;

-- Write nothing more, whoever takes the ledger over, until ledger_resume(). The first reason stays.
-- False: not now, as a batch is on its way.
CREATE FUNCTION writer_stop(l int, e bigint, why text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = teller, pg_temp SET lock_timeout = '100ms' AS $$
BEGIN
    UPDATE writer SET stopped = why, stopped_at = now()
     WHERE ledger = l AND epoch <= e AND stopped IS NULL;
    RETURN true;
EXCEPTION WHEN lock_not_available THEN
    RETURN false;
END $$;

-- For people, after `teller audit` has found the ledger sound (it does this with --resume): let
-- writes go on. False: they were not stopped.
--     SELECT teller.ledger_resume('main');
CREATE FUNCTION ledger_resume(its_name text) RETURNS boolean
LANGUAGE plpgsql SET search_path = teller, pg_temp AS $$
BEGIN
    UPDATE writer SET stopped = NULL, stopped_at = NULL
     WHERE ledger = (SELECT no FROM ledger WHERE name = its_name) AND stopped IS NOT NULL;
    RETURN FOUND;
END $$;

COMMENT ON TABLE server IS
    'The processes that serve from this database, and those that did within the last day.';
COMMENT ON COLUMN server.no IS 'What a server is called here; never used again.';
COMMENT ON COLUMN server.life IS 'Of this process and of no other, also where numbers repeat.';
COMMENT ON COLUMN server.url IS 'Where it listens.';
COMMENT ON COLUMN server.place IS 'Where one process at a time can be; empty: not known.';
COMMENT ON COLUMN server.beat IS 'Rises each half second while it lives.';
COMMENT ON COLUMN server.entered_at IS 'When it began.';
COMMENT ON COLUMN server.left_at IS
    'When it left, or was declared dead: it owns nothing since. Null: it lives, or is thought to.';
COMMENT ON COLUMN writer.server IS 'server.no of the owner; null: nobody.';
COMMENT ON COLUMN writer.stopped IS
    'Why nothing more is written, whoever has the ledger; null: writes go on. See ledger_resume().';
COMMENT ON COLUMN writer.stopped_at IS 'Since when.';
COMMENT ON FUNCTION server_enter(text, text) IS 'A new server: its number and its life.';
COMMENT ON FUNCTION server_beat(bigint, uuid) IS 'A server lives; false: it was declared dead.';
COMMENT ON FUNCTION server_leave(bigint, uuid) IS 'A server ends; its ledgers are free.';
COMMENT ON FUNCTION server_hang_up(uuid, int) IS 'End the sessions in which a server writes.';
COMMENT ON FUNCTION server_end(bigint, bigint) IS
    'Declare a server dead whose beat still is the one given.';
COMMENT ON FUNCTION writer_session(int, uuid) IS
    'Make this the session in which a server writes a ledger.';
COMMENT ON FUNCTION writer_take(int, bigint, text, boolean) IS
    'Take a ledger that nobody has who lives: the new epoch; null: it is not free.';
COMMENT ON FUNCTION writer_stop(int, bigint, text) IS 'Stop the writes to a ledger, and why.';
COMMENT ON FUNCTION ledger_resume(text) IS
    'Let the writes to a ledger go on; false: they were not stopped.';
