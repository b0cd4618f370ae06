-- SPDX-License-Identifier: MIT
-- Up to when moments may have been told to be over ("the balance then was 100"): whoever takes a
-- ledger after that server writes nothing at an earlier time. No clocks are compared: it is noted
-- before anything is told, and read when the ledger is taken.
-- compatible: 14

ALTER TABLE server ADD COLUMN moments_until timestamptz;
ALTER TABLE writer ADD COLUMN moments_until timestamptz;

-- Still there, and until when it may tell moments, in microseconds since 1970; never less than
-- before, and no further than a clock may be ahead of this one. Null: it is not there, and must
-- tell nothing.
CREATE FUNCTION server_beat(me bigint, my_life uuid, until_us bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = teller, pg_temp AS $$
DECLARE
    noted timestamptz;
BEGIN
    UPDATE server
       SET beat = beat + 1,
           moments_until = greatest(moments_until,
               least(timestamptz 'epoch' + until_us * interval '1 microsecond',
                     clock_timestamp() + interval '65 seconds'))
     WHERE no = me AND life = my_life AND left_at IS NULL
    RETURNING moments_until INTO noted;
    RETURN extract(epoch FROM noted) * 1000000;
END $$;

-- As before; and what the former owner may have told goes into the writer's row. That owner has
-- left or was declared dead, so what it noted stays as it is.
CREATE OR REPLACE FUNCTION writer_take(l int, me bigint, my_strategy text, accepts_lost boolean)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = teller, pg_temp AS $$
DECLARE
    taken bigint;
BEGIN
    UPDATE writer w SET epoch = epoch + 1, server = me, moments_until = greatest(w.moments_until,
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

COMMENT ON COLUMN server.moments_until IS
    'Up to then it may have told moments to be over: who follows writes at later times only.';
COMMENT ON COLUMN writer.moments_until IS 'The same of all former owners.';
COMMENT ON FUNCTION server_beat(bigint, uuid, bigint) IS
    'A server lives: until when it may tell moments; null: it was declared dead.';
