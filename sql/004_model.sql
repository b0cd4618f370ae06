-- SPDX-License-Identifier: MIT
-- Holds, reversals, frozen accounts, waypoints and the chain of hashes.

-- Kinds: 1 account opened, 2 transfer, 3 rejected, 4 hold, 5 capture, 6 release, 7 expiry,
-- 8 reversal, 9 freeze, 10 unfreeze.
ALTER TABLE entry
    ADD COLUMN ref bigint CHECK (ref BETWEEN 1 AND seq - 1), -- the hold settled, the entry reversed
    DROP CONSTRAINT entry_check1,
    ADD CONSTRAINT entry_kind CHECK (
        CASE kind WHEN 1 THEN account IS NOT NULL AND key IS NULL AND code IS NULL AND ref IS NULL
                  WHEN 2 THEN account IS NULL AND code IS NULL AND ref IS NULL
                  WHEN 3 THEN key IS NOT NULL AND code IS NOT NULL
                  WHEN 4 THEN account IS NULL AND code IS NULL AND ref IS NULL
                  WHEN 5 THEN account IS NULL AND code IS NULL AND ref IS NOT NULL
                  WHEN 6 THEN account IS NULL AND code IS NULL AND ref IS NOT NULL
                  WHEN 7 THEN key IS NULL AND account IS NULL AND code IS NULL AND ref IS NOT NULL
                  WHEN 8 THEN account IS NULL AND code IS NULL AND ref IS NOT NULL
                  WHEN 9 THEN key IS NULL AND code IS NULL AND ref IS NULL
                  WHEN 10 THEN key IS NULL AND code IS NULL AND ref IS NULL
                  ELSE false END);

-- A hold is settled once, an entry is reversed once: the database is the second judge.
CREATE UNIQUE INDEX entry_settles ON entry (ledger, ref) WHERE kind IN (5, 6, 7);
CREATE UNIQUE INDEX entry_reverses ON entry (ledger, ref) WHERE kind = 8;
CREATE INDEX entry_freezes ON entry (ledger, account, seq) WHERE kind IN (9, 10);

-- What an entry of kind 4 reserves.
CREATE TABLE hold (
    ledger     int    NOT NULL,
    seq        bigint NOT NULL,
    from_no    bigint NOT NULL,
    to_no      bigint NOT NULL CHECK (to_no <> from_no),
    amount     numeric(38, 0) NOT NULL CHECK (amount > 0),
    expires_at timestamptz, -- null: never by itself
    PRIMARY KEY (ledger, seq)
);

-- What an account has held after each entry that changed that; like a balance it follows from the
-- journal, and is here so that a past moment need not be folded.
CREATE TABLE held (
    ledger  int    NOT NULL,
    account bigint NOT NULL,
    seq     bigint NOT NULL,
    held    numeric(38, 0) NOT NULL CHECK (held >= 0),
    PRIMARY KEY (ledger, account, seq)
);

-- Each 64th or so movement of an account: from the first one at or after a position, the walk along
-- from_prev and to_prev to that position is short, however old it is.
CREATE TABLE waypoint (
    ledger  int    NOT NULL,
    account bigint NOT NULL,
    seq     bigint NOT NULL,
    PRIMARY KEY (ledger, account, seq)
);

-- The chain: the hash of a batch covers its rows and the hash of the one before. Batches that were
-- written before there was a chain have none.
ALTER TABLE batch ADD COLUMN hash bytea CHECK (length(hash) = 32);

DROP FUNCTION writer_advance(int, bigint, bigint, bigint, bigint);
CREATE FUNCTION writer_advance(l int, e bigint, n bigint, first bigint, last bigint, chained bytea)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    now_at writer%ROWTYPE;
BEGIN
    UPDATE writer SET batch = n WHERE ledger = l AND epoch = e AND batch = n - 1;
    IF FOUND THEN
        INSERT INTO batch (ledger, no, epoch, first_seq, last_seq, hash)
        VALUES (l, n, e, first, last, chained);
        RETURN;
    END IF;
    SELECT * INTO now_at FROM writer WHERE ledger = l;
    IF now_at.epoch = e AND now_at.batch = n THEN
        RAISE EXCEPTION 'batch % is committed already', n USING ERRCODE = 'TL001';
    END IF;
    RAISE EXCEPTION 'epoch % has ended, the writer is at epoch % batch %', e, now_at.epoch,
        now_at.batch USING ERRCODE = 'TL002';
END $$;

-- The last position whose time is at or before a moment; 0: none. Time rises with seq, so halving
-- finds it without an index on time.
CREATE FUNCTION seq_at(l int, moment timestamptz) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE
    low bigint := 0;
    high bigint;
    middle bigint;
BEGIN
    SELECT coalesce(max(seq), 0) INTO high FROM entry WHERE ledger = l;
    WHILE low < high LOOP
        middle := (low + high + 1) / 2;
        IF (SELECT at <= moment FROM entry WHERE ledger = l AND seq = middle) THEN
            low := middle;
        ELSE
            high := middle - 1;
        END IF;
    END LOOP;
    RETURN low;
END $$;

DO $$
BEGIN
    REVOKE EXECUTE ON FUNCTION writer_advance, seq_at FROM PUBLIC;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'teller_app') THEN
        GRANT SELECT, INSERT ON hold, held, waypoint TO teller_app;
        GRANT EXECUTE ON FUNCTION writer_advance, seq_at TO teller_app;
    END IF;
END $$;
