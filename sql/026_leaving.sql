-- SPDX-License-Identifier: MIT
-- A server that is told to stop says so with its beats. While it gives what it has open to others
-- they leave it out where they look for the place of a ledger; and what it has at rest they may
-- open, as it will not: a transfer that it has passed on may be to pay one of those.
-- compatible: 14

ALTER TABLE server ADD COLUMN leaving boolean NOT NULL DEFAULT false;

-- As before; and whether the server is leaving.
CREATE FUNCTION server_beat(
    me bigint, my_life uuid, until_us bigint, my_load bigint, leaves boolean)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = teller, pg_temp AS $$
DECLARE
    noted timestamptz;
BEGIN
    UPDATE server
       SET beat = beat + 1, load = my_load, leaving = leaves,
           moments_until = greatest(moments_until,
               least(timestamptz 'epoch' + until_us * interval '1 microsecond',
                     clock_timestamp() + interval '65 seconds'))
     WHERE no = me AND life = my_life AND left_at IS NULL
    RETURNING moments_until INTO noted;
    RETURN extract(epoch FROM noted) * 1000000;
END $$;

-- As before; or one that its owner has at rest, and does not open any more, as that is leaving.
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
            OR NOT EXISTS (SELECT FROM server s
                            WHERE s.no = w.server AND s.left_at IS NULL
                              AND NOT (s.leaving
                                       AND w.opens_at IS DISTINCT FROM '-infinity')))
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

-- As before; and one that is leaving takes nothing any more.
CREATE OR REPLACE FUNCTION writer_want(l int, its_server bigint) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = teller, pg_temp SET lock_timeout = '1s' AS $$
DECLARE
    gone  boolean;
    there boolean;
BEGIN
    SELECT left_at IS NOT NULL OR leaving INTO gone FROM server WHERE no = its_server;
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

COMMENT ON COLUMN server.leaving IS
    'It was told to stop: it opens no ledger any more, and gives those that it has open to others.';
COMMENT ON FUNCTION server_beat(bigint, uuid, bigint, bigint, boolean) IS
    'A server lives, is that busy, and is leaving or not: until when it may tell moments; null: it '
    'was declared dead.';
COMMENT ON FUNCTION writer_take(int, bigint, text, boolean) IS
    'Take a ledger that nobody has who lives, or that is at rest at one that is leaving: the new '
    'epoch; null: it is not free, or locked.';
