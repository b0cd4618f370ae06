-- SPDX-License-Identifier: MIT
-- The race lab's corner of a database: the role teller_lab, which can reach nothing else, and four
-- places, schemas of one table each, of which a run takes one for as long as it lasts. Run by the
-- first SQL run of the lab, as a user who may create a role and a schema; again is harmless. No
-- ledger is touched, and none is needed.

DO $$
DECLARE
    place text;
    setting text;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'teller_lab') THEN
        BEGIN
            CREATE ROLE teller_lab NOLOGIN;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL; -- made just now, for another database of this cluster
        END;
    END IF;
    IF NOT pg_has_role(current_user, 'teller_lab', 'MEMBER') THEN
        EXECUTE format('GRANT teller_lab TO %I', current_user);
    END IF;

    FOR place IN SELECT 'teller_lab_' || n FROM generate_series(1, 4) n LOOP
        EXECUTE format(
            $sql$
            CREATE SCHEMA IF NOT EXISTS %1$I;
            CREATE TABLE IF NOT EXISTS %1$I.account (
                name    text PRIMARY KEY,
                balance bigint NOT NULL,
                start   bigint NOT NULL,
                no      int NOT NULL
            ) WITH (fillfactor = 50);
            COMMENT ON SCHEMA %1$I IS 'A place of the race lab: no money of anybody.';
            COMMENT ON TABLE %1$I.account IS 'The accounts of the run that has this place.';
            COMMENT ON COLUMN %1$I.account.start IS 'The balance that a schedule begins with.';
            COMMENT ON COLUMN %1$I.account.no IS 'Its number in the scenario, from 0.';
            REVOKE ALL ON SCHEMA %1$I FROM PUBLIC, teller_lab;
            GRANT USAGE ON SCHEMA %1$I TO teller_lab;
            REVOKE ALL ON %1$I.account FROM PUBLIC, teller_lab;
            GRANT SELECT, INSERT, UPDATE, DELETE ON %1$I.account TO teller_lab;
            $sql$, place);
    END LOOP;

    -- So that a run sees a deadlock within a moment, and leaves the server's log to others. From
    -- PostgreSQL 15 on, and a superuser's to give: without it a deadlock takes as long as the
    -- server says, a second by default.
    FOREACH setting IN ARRAY ARRAY['deadlock_timeout', 'log_min_messages'] LOOP
        BEGIN
            EXECUTE format('GRANT SET ON PARAMETER %I TO teller_lab', setting);
        EXCEPTION WHEN insufficient_privilege OR syntax_error THEN
            NULL;
        END;
    END LOOP;
END $$;
