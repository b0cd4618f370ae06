-- SPDX-License-Identifier: MIT
-- What the service may do, all of it: it works as the role teller_app, which adds to the journal
-- and reads it, and cannot change or delete what is there. Run as the schema's owner after each
-- migration, and whenever a right is missing (a restored dump may have none); again is harmless.
-- `app_right` is the list. A right that a program before this one still needs stays for a release.

CREATE OR REPLACE VIEW app_right AS
SELECT * FROM (VALUES
    ('table',    'ledger',          'INSERT', 'name, strategy'),
    ('table',    'writer',          'INSERT', 'ledger, server'),
    ('table',    'checkpoint',      'INSERT', 'ledger'),
    ('table',    'account',         'INSERT', NULL),
    ('table',    'entry',           'INSERT', NULL),
    ('table',    'further_posting', 'INSERT', NULL),
    ('table',    'held',            'INSERT', NULL),
    ('table',    'waypoint',        'INSERT', NULL),
    ('table',    'token',           'INSERT', NULL),         -- of the program before 016
    ('table',    'token',           'UPDATE', 'revoked_at'), -- the same
    ('function', 'ledger_reserve',     'EXECUTE', NULL),
    ('function', 'ledger_cede',        'EXECUTE', NULL),
    ('function', 'token_make',         'EXECUTE', NULL),
    ('function', 'token_rotate',       'EXECUTE', NULL),
    ('function', 'token_revoke',       'EXECUTE', NULL),
    ('function', 'server_enter',       'EXECUTE', NULL),
    ('function', 'server_beat',        'EXECUTE', NULL),
    ('function', 'server_leave',       'EXECUTE', NULL),
    ('function', 'server_end',         'EXECUTE', NULL),
    ('function', 'writer_session',     'EXECUTE', NULL),
    ('function', 'writer_take',        'EXECUTE', NULL),
    ('function', 'writer_stop',        'EXECUTE', NULL),
    ('function', 'writer_rest',        'EXECUTE', NULL),
    ('function', 'writer_want',        'EXECUTE', NULL),
    ('function', 'writer_pull',        'EXECUTE', NULL),
    ('function', 'writer_give',        'EXECUTE', NULL),     -- of the program before 021
    ('function', 'writers_give',       'EXECUTE', NULL),
    ('function', 'writer_advance',     'EXECUTE', NULL),     -- of the program before 017
    ('function', 'batch_advance',      'EXECUTE', NULL),
    ('function', 'batches_advance',    'EXECUTE', NULL),
    ('function', 'batches_judge',      'EXECUTE', NULL),
    ('function', 'checkpoint_advance', 'EXECUTE', NULL),
    ('function', 'key_segment_put',    'EXECUTE', NULL),
    ('function', 'seq_at',             'EXECUTE', NULL),
    ('function', 'item_keys_end',      'EXECUTE', NULL)
) x (kind, name, privilege, columns);
COMMENT ON VIEW app_right IS 'What the service''s role may do beyond reading; all else is revoked.';

DO $$
DECLARE
    r record;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'teller_app') THEN
        IF NOT (SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user) THEN
            RETURN; -- who serves is told what to ask the administrator for
        END IF;
        BEGIN
            CREATE ROLE teller_app NOLOGIN;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL; -- made just now, for another database of this cluster
        END;
    END IF;

    -- Another owner's role of that name serves as well, if the administrator lets us work as it.
    IF NOT pg_has_role(current_user, 'teller_app', 'MEMBER') THEN
        BEGIN
            EXECUTE format('GRANT teller_app TO %I', current_user);
        EXCEPTION WHEN insufficient_privilege THEN
            NULL;
        END;
    END IF;

    FOR r IN SELECT format('TABLE %s', oid::regclass) AS what FROM pg_class
              WHERE relnamespace = 'teller'::regnamespace AND relkind IN ('r', 'p', 'v')
             UNION ALL
             SELECT format('FUNCTION %s', oid::regprocedure) FROM pg_proc
              WHERE pronamespace = 'teller'::regnamespace AND prokind = 'f' LOOP
        EXECUTE format('REVOKE ALL ON %s FROM PUBLIC, teller_app', r.what);
    END LOOP;
    REVOKE ALL ON SCHEMA teller FROM PUBLIC, teller_app;

    GRANT USAGE ON SCHEMA teller TO teller_app;
    GRANT SELECT ON ALL TABLES IN SCHEMA teller TO teller_app;
    FOR r IN SELECT a.privilege, coalesce('(' || a.columns || ')', '') AS columns, c.oid::regclass
               FROM app_right a JOIN pg_class c
                 ON a.kind = 'table' AND c.relname = a.name AND c.relkind IN ('r', 'p')
                AND c.relnamespace = 'teller'::regnamespace LOOP
        EXECUTE format('GRANT %s %s ON %s TO teller_app', r.privilege, r.columns, r.oid);
    END LOOP;
    FOR r IN SELECT p.oid::regprocedure
               FROM app_right a JOIN pg_proc p
                 ON a.kind = 'function' AND p.proname = a.name
                AND p.pronamespace = 'teller'::regnamespace LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO teller_app', r.oid);
    END LOOP;
END $$;
