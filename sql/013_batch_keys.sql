-- SPDX-License-Identifier: MIT
-- A batch's key stands for the batch as a whole: it is that of an entry of its own, kind 11, which
-- comes right after those of the items. Its metadata says what became of each of them:
--     {"atomic":false,"results":[{"entries":3},{"code":"account_not_found","to":0},...]}
-- "entries": so many items have the entries before it, in order; "replayed": the entry whose key an
-- item named; "same": the item whose key it named; "code": why it was refused.

-- As in 007, and kind 11. Each COPY parses it anew, so it is short.
ALTER TABLE entry
    DROP CONSTRAINT entry_kind,
    ADD CONSTRAINT entry_kind CHECK (
        CASE kind WHEN 3 THEN key IS NOT NULL AND code IS NOT NULL
                  ELSE kind BETWEEN 1 AND 11 AND code IS NULL
                       AND (ref IS NOT NULL) = (kind BETWEEN 5 AND 8)
                       AND (account IS NOT NULL OR kind <> 1)
                       AND (account IS NULL OR kind IN (1, 9, 10))
                       AND (key IS NULL OR kind NOT IN (1, 7, 9, 10))
                       AND (kind <> 11 OR num_nulls(key, metadata) = 0) END) NOT VALID;

-- Items of a batch used to have keys of their own, made of the batch's: "KEY/INDEX". The last
-- position that may have some is that at which the first service that makes no more of them took
-- the ledger over; null: it has not yet.
ALTER TABLE ledger ADD COLUMN item_keys_upto bigint;

CREATE FUNCTION item_keys_end(l int, upto bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = teller, pg_temp AS $$
BEGIN
    UPDATE ledger SET item_keys_upto = upto WHERE no = l AND item_keys_upto IS NULL;
    RETURN (SELECT item_keys_upto FROM ledger WHERE no = l);
END $$;

COMMENT ON COLUMN ledger.item_keys_upto IS
    'up to there items of a batch may have keys made of the batch''s, KEY/INDEX; null: not known';
COMMENT ON FUNCTION item_keys_end(int, bigint) IS
    'fix, at the first call, up to where items may have such keys; tells it';

CREATE OR REPLACE FUNCTION kind_name(kind smallint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (ARRAY['account', 'transfer', 'rejected', 'hold', 'capture', 'release', 'expiry',
                  'reversal', 'freeze', 'unfreeze', 'batch'])[$1]
$$;

COMMENT ON COLUMN entry.kind IS
    '1 account, 2 transfer, 3 rejected, 4 hold, 5 capture, 6 release, 7 expiry, 8 reversal, '
    '9 freeze, 10 unfreeze, 11 batch: kind_name(kind).';
