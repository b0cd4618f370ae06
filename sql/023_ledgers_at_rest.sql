-- SPDX-License-Identifier: MIT
-- Many ledgers, of which few are in use. A server asks what has changed since it looked last, and
-- not for all of them. And one that nobody uses is closed, which its owner says here: it is opened
-- again when somebody asks for it, or when a hold of it ends.
-- compatible: 14

-- The transaction that changed the row last: of those that a snapshot does not see each is at its
-- xmin or later, so whoever asks for what is at the xmin of the look before misses nothing.
ALTER TABLE writer ADD COLUMN changed bigint NOT NULL
    DEFAULT pg_current_xact_id()::text::bigint;
ALTER TABLE writer ADD COLUMN opens_at timestamptz DEFAULT '-infinity';
CREATE INDEX writer_changed ON writer (changed);

-- As before; and it is open from then on.
CREATE OR REPLACE FUNCTION writer_take(l int, me bigint, my_strategy text, accepts_lost boolean)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = teller, pg_temp
SET lock_timeout = '100ms' AS $$
DECLARE
    taken bigint;
BEGIN
    UPDATE writer w
       SET epoch = epoch + 1, server = me, wanted = NULL, opens_at = '-infinity',
           changed = DEFAULT,
           moments_until = greatest(w.moments_until,
               (SELECT s.moments_until FROM server s WHERE s.no = w.server))
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
EXCEPTION WHEN lock_not_available THEN
    RETURN NULL;
END $$;

-- It is closed, and stays its owner's: nobody opens it before that time, in microseconds since
-- 1970, unless somebody asks for it; null: at no time. False: it is not that server's in that epoch
-- any more, or the row is locked, or writes have stopped.
CREATE FUNCTION writer_rest(l int, me bigint, e bigint, opens_us bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = teller, pg_temp SET lock_timeout = '100ms' AS $$
BEGIN
    UPDATE writer
       SET opens_at = timestamptz 'epoch' + opens_us * interval '1 microsecond', changed = DEFAULT
     WHERE ledger = l AND server = me AND epoch = e AND stopped IS NULL;
    RETURN FOUND;
EXCEPTION WHEN lock_not_available THEN
    RETURN false;
END $$;

-- The rest as before; and that the row has changed.
CREATE OR REPLACE FUNCTION writer_stop(l int, e bigint, why text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = teller, pg_temp SET lock_timeout = '100ms' AS $$
BEGIN
    UPDATE writer SET stopped = why, stopped_at = now(), changed = DEFAULT
     WHERE ledger = l AND epoch <= e AND stopped IS NULL;
    RETURN true;
EXCEPTION WHEN lock_not_available THEN
    RETURN false;
END $$;

CREATE OR REPLACE FUNCTION ledger_resume(its_name text) RETURNS boolean
LANGUAGE plpgsql SET search_path = teller, pg_temp AS $$
BEGIN
    UPDATE writer SET stopped = NULL, stopped_at = NULL, changed = DEFAULT
     WHERE ledger = (SELECT no FROM ledger WHERE name = its_name) AND stopped IS NOT NULL;
    RETURN FOUND;
END $$;

CREATE OR REPLACE FUNCTION writer_want(l int, its_server bigint) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = teller, pg_temp SET lock_timeout = '1s' AS $$
DECLARE
    gone  boolean;
    there boolean;
BEGIN
    SELECT left_at IS NOT NULL INTO gone FROM server WHERE no = its_server;
    IF NOT FOUND THEN
        RETURN 'unknown';
    ELSIF gone THEN
        RETURN 'gone';
    END IF;
    UPDATE writer SET wanted = CASE WHEN server = its_server THEN NULL ELSE its_server END,
                      changed = DEFAULT
     WHERE ledger = l RETURNING wanted IS NULL INTO there;
    RETURN CASE WHEN there THEN 'there' ELSE 'wanted' END;
END $$;

CREATE OR REPLACE FUNCTION writer_pull(l int, me bigint, its_owner bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = teller, pg_temp SET lock_timeout = '1s' AS $$
BEGIN
    UPDATE writer SET wanted = me, changed = DEFAULT
     WHERE ledger = l AND server = its_owner
       AND EXISTS (SELECT FROM server WHERE no = me AND left_at IS NULL)
       AND NOT EXISTS (SELECT FROM writer w JOIN server s ON s.no = w.wanted
                        WHERE s.left_at IS NULL);
    RETURN FOUND;
END $$;

CREATE OR REPLACE FUNCTION writer_give(l int, me bigint, my_life uuid, its_next bigint)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = teller, pg_temp AS $$
BEGIN
    UPDATE writer w
       SET server = NULL, wanted = its_next, changed = DEFAULT,
           moments_until = greatest(w.moments_until, s.moments_until)
      FROM server s
     WHERE w.ledger = l AND w.server = me AND s.no = me AND s.life = my_life;
    RETURN FOUND;
END $$;

CREATE OR REPLACE FUNCTION writers_give(
    ledgers int[], me bigint, my_life uuid, nexts bigint[])
RETURNS SETOF int LANGUAGE plpgsql SECURITY DEFINER SET search_path = teller, pg_temp AS $$
DECLARE
    ready int[];
BEGIN
    SELECT coalesce(array_agg(w.ledger), '{}') INTO ready
      FROM (SELECT ledger FROM writer WHERE ledger = ANY (ledgers)
             ORDER BY ledger FOR UPDATE SKIP LOCKED) w;
    UPDATE writer w
       SET server = NULL, wanted = g.its_next, changed = DEFAULT,
           moments_until = greatest(w.moments_until, s.moments_until)
      FROM unnest(ledgers, nexts) g (ledger, its_next), server s
     WHERE w.ledger = g.ledger AND w.ledger = ANY (ready)
       AND w.server = me AND s.no = me AND s.life = my_life;
    RETURN QUERY SELECT w.ledger FROM writer w
                  WHERE w.ledger = ANY (ledgers) AND w.ledger <> ALL (ready);
END $$;

COMMENT ON COLUMN writer.changed IS
    'The transaction that changed the row last: a server asks for what is new to it.';
COMMENT ON COLUMN writer.opens_at IS
    'When it is to be opened though nobody asks for it; -infinity: it is open, or was when its '
    'server ended; null: at no time.';
COMMENT ON FUNCTION writer_rest(int, bigint, bigint, bigint) IS
    'A ledger that nobody uses is closed; false: it is not that server''s any more.';
