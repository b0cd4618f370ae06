-- SPDX-License-Identifier: MIT
-- teller_app is what the service works as. It can add to the journal and read it; it cannot change
-- or delete what is there. Where the database user may not create roles (a hosted server), the
-- service works as that user, and the administrator can create teller_app and these grants.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'teller_app') THEN
        IF NOT (SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user) THEN
            RETURN;
        END IF;
        CREATE ROLE teller_app NOLOGIN;
    END IF;
    EXECUTE format('GRANT teller_app TO %I', current_user);
    GRANT USAGE ON SCHEMA teller TO teller_app;
    GRANT SELECT ON ALL TABLES IN SCHEMA teller TO teller_app;
    GRANT INSERT ON batch, entry, posting, account TO teller_app;
    GRANT UPDATE (epoch, batch) ON writer TO teller_app;
    GRANT INSERT ON token TO teller_app;
    GRANT UPDATE (revoked_at) ON token TO teller_app;
    REVOKE EXECUTE ON FUNCTION writer_advance, checkpoint_advance FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION writer_advance, checkpoint_advance TO teller_app;
END $$;
