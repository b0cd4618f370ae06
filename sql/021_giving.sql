-- SPDX-License-Identifier: MIT
-- Several ledgers are given free in one statement, and nothing that gives or takes a ledger waits
-- for a row that somebody has locked: the server's beat, or other ledgers, would wait with it.
-- compatible: 14

-- As writer_give(), for several ledgers, each for a server of its own. What is told are those whose
-- row somebody has locked: nothing has become of them, and they may be tried again.
CREATE FUNCTION writers_give(ledgers int[], me bigint, my_life uuid, nexts bigint[])
RETURNS SETOF int LANGUAGE plpgsql SECURITY DEFINER SET search_path = teller, pg_temp AS $$
DECLARE
    ready int[];
BEGIN
    SELECT coalesce(array_agg(w.ledger), '{}') INTO ready
      FROM (SELECT ledger FROM writer WHERE ledger = ANY (ledgers)
             ORDER BY ledger FOR UPDATE SKIP LOCKED) w;
    UPDATE writer w
       SET server = NULL, wanted = g.its_next,
           moments_until = greatest(w.moments_until, s.moments_until)
      FROM unnest(ledgers, nexts) g (ledger, its_next), server s
     WHERE w.ledger = g.ledger AND w.ledger = ANY (ready)
       AND w.server = me AND s.no = me AND s.life = my_life;
    RETURN QUERY SELECT w.ledger FROM writer w
                  WHERE w.ledger = ANY (ledgers) AND w.ledger <> ALL (ready);
END $$;

-- As before; and null as well while the row is locked for longer than a moment.
CREATE OR REPLACE FUNCTION writer_take(l int, me bigint, my_strategy text, accepts_lost boolean)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = teller, pg_temp
SET lock_timeout = '100ms' AS $$
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
EXCEPTION WHEN lock_not_available THEN
    RETURN NULL;
END $$;

COMMENT ON FUNCTION writers_give(int[], bigint, uuid, bigint[]) IS
    'Give ledgers free for other servers; those whose row is locked are told, and stay.';
COMMENT ON FUNCTION writer_take(int, bigint, text, boolean) IS
    'Take a ledger that nobody has who lives: the new epoch; null: it is not free, or locked.';
