-- SPDX-License-Identifier: MIT
-- compatible: 8
-- What the service never writes, and whoever got hold of its role should not either: numbers that
-- are none, and rows of the journal that no batch has. The owner of the tables may repair them.

ALTER TABLE entry ADD CONSTRAINT entry_numbers
    CHECK ('NaN' NOT IN (amount, from_after, to_after, available)) NOT VALID;
ALTER TABLE further_posting ADD CONSTRAINT further_posting_numbers
    CHECK ('NaN' NOT IN (amount, from_after, to_after)) NOT VALID;
ALTER TABLE held ADD CONSTRAINT held_number CHECK (held <> 'NaN') NOT VALID;
ALTER TABLE account ADD CONSTRAINT account_number CHECK (floor <> 'NaN') NOT VALID;

-- Once for each COPY, over the rows that it brought. The batch that has them was made before by the
-- same transaction, and is its ledger's last.
CREATE FUNCTION guard_rows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM (SELECT ledger, min(seq) AS low, max(seq) AS high
                              FROM added GROUP BY ledger) a
                 LEFT JOIN LATERAL (SELECT first_seq, last_seq, xmin FROM teller.batch
                                     WHERE ledger = a.ledger ORDER BY no DESC LIMIT 1) b ON true
                WHERE (a.low >= b.first_seq AND a.high <= b.last_seq
                       AND b.xmin = pg_current_xact_id()::xid) IS NOT TRUE)
       AND NOT pg_has_role((SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE') THEN
        RAISE EXCEPTION 'rows of % that this transaction has no batch for', TG_TABLE_NAME
            USING ERRCODE = 'TL006';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION guard_accounts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM (SELECT ledger, min(opened) AS low, max(opened) AS high
                              FROM added GROUP BY ledger) a
                 LEFT JOIN LATERAL (SELECT first_seq, last_seq, xmin FROM teller.batch
                                     WHERE ledger = a.ledger ORDER BY no DESC LIMIT 1) b ON true
                WHERE (a.low >= b.first_seq AND a.high <= b.last_seq
                       AND b.xmin = pg_current_xact_id()::xid) IS NOT TRUE)
       AND NOT pg_has_role((SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE') THEN
        RAISE EXCEPTION 'accounts that this transaction has no batch for' USING ERRCODE = 'TL006';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER guard AFTER INSERT ON entry REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION guard_rows();
CREATE TRIGGER guard AFTER INSERT ON further_posting REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION guard_rows();
CREATE TRIGGER guard AFTER INSERT ON account REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION guard_accounts();
