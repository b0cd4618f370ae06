-- SPDX-License-Identifier: MIT
-- compatible: 8
-- The idempotency keys with the checkpoint: of each 40 bits, hashed, sorted and packed, in segments
-- of 131,072 keys and more (ledger/segment.h). A start fills its filter of keys from them and reads
-- only the keys of what came after. That a key is used once does not rest on it: the unique index
-- entry_key is the last judge.

-- The hash is keyed, so that nobody can choose keys that collide.
ALTER TABLE ledger
    ADD COLUMN key_secret bytea NOT NULL DEFAULT uuid_send(gen_random_uuid())
        CHECK (length(key_secret) = 16);

CREATE TABLE key_segment (
    ledger    int    NOT NULL,
    first_seq bigint NOT NULL CHECK (first_seq > 0),
    last_seq  bigint NOT NULL CHECK (last_seq >= first_seq),
    keys      bigint NOT NULL CHECK (keys BETWEEN 0 AND last_seq - first_seq + 1),
    hashes    bytea  NOT NULL,
    digest    bytea  NOT NULL CHECK (length(digest) = 32),
    PRIMARY KEY (ledger, first_seq)
);
ALTER TABLE key_segment ALTER hashes SET STORAGE EXTERNAL; -- there is nothing to compress

-- Add a segment behind the newest, or put a longer one in its place. It goes no further than the
-- checkpoint. Whoever wrote the same meanwhile was right too: false, and nothing is done.
CREATE FUNCTION key_segment_put(l int, first bigint, last bigint, count bigint, packed bytea,
                                hash bytea) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = teller, pg_temp AS $$
DECLARE
    newest key_segment%ROWTYPE;
BEGIN
    PERFORM FROM checkpoint WHERE ledger = l AND seq >= last FOR UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    SELECT * INTO newest FROM key_segment WHERE ledger = l ORDER BY first_seq DESC LIMIT 1;
    IF newest.first_seq = first AND newest.last_seq < last THEN
        DELETE FROM key_segment WHERE ledger = l AND first_seq = first;
    ELSIF first <> coalesce(newest.last_seq, 0) + 1 THEN
        RETURN false;
    END IF;
    INSERT INTO key_segment (ledger, first_seq, last_seq, keys, hashes, digest)
    VALUES (l, first, last, count, packed, hash);
    RETURN true;
END $$;

CREATE OR REPLACE FUNCTION checkpoint_forget(l int) RETURNS void
LANGUAGE sql SET search_path = teller, pg_temp AS $$
    SELECT FROM checkpoint WHERE ledger = l FOR UPDATE;
    DELETE FROM balance WHERE ledger = l;
    DELETE FROM open_hold WHERE ledger = l;
    DELETE FROM standing WHERE ledger = l;
    DELETE FROM key_segment WHERE ledger = l;
    UPDATE checkpoint SET seq = 0 WHERE ledger = l;
$$;

CREATE VIEW audit_keys AS -- segments follow each other to the checkpoint, and miss no key
SELECT s.ledger, s.last_seq AS seq,
       format('keys of %s to %s: %s are kept, the journal has %s', s.first_seq, s.last_seq, s.keys,
              j.keys) AS finding
  FROM (SELECT k.*, lag(last_seq, 1, 0::bigint) OVER (PARTITION BY ledger ORDER BY first_seq)
                    AS seq_before FROM key_segment k) s
  JOIN checkpoint c ON c.ledger = s.ledger
 CROSS JOIN LATERAL (SELECT count(*) AS keys FROM entry e
                      WHERE e.ledger = s.ledger AND e.seq BETWEEN s.first_seq AND s.last_seq
                        AND e.key IS NOT NULL) j
 WHERE s.first_seq <> s.seq_before + 1 OR s.last_seq > c.seq OR s.keys <> j.keys;

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
UNION ALL SELECT 'open holds', ledger, seq, finding FROM audit_open_holds
UNION ALL SELECT 'keys', ledger, seq, finding FROM audit_keys;
