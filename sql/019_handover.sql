-- SPDX-License-Identifier: MIT
-- A ledger goes from one server that lives to another: who shall have it next is said in the
-- writer's row; its owner gives it free for that one. And each beat says how busy a server is.
-- compatible: 14

ALTER TABLE writer ADD COLUMN wanted bigint;
ALTER TABLE server ADD COLUMN load bigint NOT NULL DEFAULT 0;

-- As before; and how many entries a second the server has made durable of late.
CREATE FUNCTION server_beat(me bigint, my_life uuid, until_us bigint, my_load bigint)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = teller, pg_temp AS $$
DECLARE
    noted timestamptz;
BEGIN
    UPDATE server
       SET beat = beat + 1, load = my_load,
           moments_until = greatest(moments_until,
               least(timestamptz 'epoch' + until_us * interval '1 microsecond',
                     clock_timestamp() + interval '65 seconds'))
     WHERE no = me AND life = my_life AND left_at IS NULL
    RETURNING moments_until INTO noted;
    RETURN extract(epoch FROM noted) * 1000000;
END $$;

-- As before; and whoever takes a ledger has it: nobody else is wanted any more.
CREATE OR REPLACE FUNCTION writer_take(l int, me bigint, my_strategy text, accepts_lost boolean)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = teller, pg_temp AS $$
DECLARE
    taken bigint;
BEGIN
    UPDATE writer w
       SET epoch = epoch + 1, server = me, wanted = NULL,
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
END $$;

-- Say which server shall have a ledger next. What came of it:
--   wanted   its owner, or nobody, has yet to see that
--   there    it has the ledger already; nobody is wanted any more
--   gone     that server has left, or was declared dead
--   unknown  there is no such server
-- Raises lock_not_available if a batch is on its way for so long that it must be tried again.
CREATE FUNCTION writer_want(l int, its_server bigint) RETURNS text
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
    UPDATE writer SET wanted = CASE WHEN server = its_server THEN NULL ELSE its_server END
     WHERE ledger = l RETURNING wanted IS NULL INTO there;
    RETURN CASE WHEN there THEN 'there' ELSE 'wanted' END;
END $$;

-- Ask for a ledger of a server that has more to do; false: it is not that server's any more, or
-- another ledger is on its way from one server that lives to another.
CREATE FUNCTION writer_pull(l int, me bigint, its_owner bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = teller, pg_temp SET lock_timeout = '1s' AS $$
BEGIN
    UPDATE writer SET wanted = me
     WHERE ledger = l AND server = its_owner
       AND EXISTS (SELECT FROM server WHERE no = me AND left_at IS NULL)
       AND NOT EXISTS (SELECT FROM writer w JOIN server s ON s.no = w.wanted
                        WHERE s.left_at IS NULL);
    RETURN FOUND;
END $$;

-- Give a ledger free, for another server to take: nothing of it is written or told any more. What
-- may have been told to be over stays so, though its former owner lives. False: it was not `me`'s.
CREATE FUNCTION writer_give(l int, me bigint, my_life uuid, its_next bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = teller, pg_temp AS $$
BEGIN
    UPDATE writer w
       SET server = NULL, wanted = its_next,
           moments_until = greatest(w.moments_until, s.moments_until)
      FROM server s
     WHERE w.ledger = l AND w.server = me AND s.no = me AND s.life = my_life;
    RETURN FOUND;
END $$;

COMMENT ON COLUMN writer.wanted IS
    'server.no of who shall have it next; null, or one that does not live: nobody in particular.';
COMMENT ON COLUMN server.load IS 'Entries a second that it has made durable of late.';
COMMENT ON FUNCTION server_beat(bigint, uuid, bigint, bigint) IS
    'A server lives, and is that busy: until when it may tell moments; null: it was declared dead.';
COMMENT ON FUNCTION writer_want(int, bigint) IS
    'Say which server shall have a ledger next: wanted, there, gone or unknown.';
COMMENT ON FUNCTION writer_pull(int, bigint, bigint) IS
    'Ask for a ledger of a server that has more to do; false: not now.';
COMMENT ON FUNCTION writer_give(int, bigint, uuid, bigint) IS
    'Give a ledger free for another server; false: it was not this one''s.';
