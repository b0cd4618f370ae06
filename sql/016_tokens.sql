-- SPDX-License-Identifier: MIT
-- Tokens that end, are bound to ledgers and accounts, are limited, and change their secret without
-- a gap; and the trail of what was done with them. A token that is bound, or ends, has a form that
-- a program before this one refuses, so none takes it for more than it is.
-- compatible: 14

ALTER TABLE token
    ADD COLUMN expires_at   timestamptz,
    ADD COLUMN ledgers      text[],
    ADD COLUMN prefixes     text[],
    ADD COLUMN rate         int CHECK (rate BETWEEN 1 AND 100000),
    ADD COLUMN former_hash  bytea UNIQUE CHECK (length(former_hash) = 32),
    ADD COLUMN former_until timestamptz,
    ADD COLUMN rotations    int NOT NULL DEFAULT 0;

CREATE TABLE token_act (
    no       bigint      PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    act      text        NOT NULL CHECK (act IN ('created', 'rotated', 'revoked')),
    token    bigint      NOT NULL,
    by_token bigint,
    by_name  text        NOT NULL,
    former_hash bytea -- of the secret that ended with it: it is never taken for an unknown one
);

-- Whoever changes a token, by whichever way: it is noted, and a revocation is final. The functions
-- below say who it was; of anybody else the login of the database's session is known.
CREATE FUNCTION token_note() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = teller, pg_temp AS $$
DECLARE
    what  text;
    whose bigint := nullif(current_setting('teller.by_token', true), '');
BEGIN
    IF TG_OP = 'INSERT' THEN
        what := 'created';
    ELSIF OLD.revoked_at IS NOT NULL THEN
        RAISE EXCEPTION 'token % is revoked, which is final', OLD.id USING ERRCODE = 'TL007';
    ELSIF NEW.revoked_at IS NOT NULL THEN
        what := 'revoked';
    ELSIF NEW.hash <> OLD.hash THEN
        what := 'rotated';
    ELSE
        RETURN NEW;
    END IF;
    INSERT INTO token_act (act, token, by_token, former_hash, by_name)
    VALUES (what, NEW.id, whose, CASE WHEN what = 'rotated' THEN OLD.hash END,
            coalesce((SELECT name FROM token WHERE id = whose),
                     nullif(current_setting('teller.by_name', true), ''),
                     'database: ' || session_user));
    RETURN NEW;
END $$;
CREATE TRIGGER token_note BEFORE INSERT OR UPDATE ON token
    FOR EACH ROW EXECUTE FUNCTION token_note();

-- Who the rest of this transaction is done by: a token, or somebody who has a name.
CREATE FUNCTION token_by(what jsonb) RETURNS void
LANGUAGE sql SET search_path = teller, pg_temp AS $$
    SELECT set_config('teller.by_token', coalesce(what->>'by_token', ''), true),
           set_config('teller.by_name', coalesce(what->>'by_name', ''), true);
$$;

-- A new one, of {"name", "scope", "hash", "expires_in", "ledgers", "prefixes", "rate", "most"} and
-- who makes it. Its id; null: there are `most` good ones already.
CREATE FUNCTION token_make(what jsonb) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = teller, pg_temp AS $$
DECLARE
    made bigint;
BEGIN
    PERFORM token_by(what);
    INSERT INTO token (name, scope, hash, expires_at, ledgers, prefixes, rate)
    SELECT what->>'name', what->>'scope', decode(what->>'hash', 'hex'),
           now() + (what->>'expires_in')::bigint * interval '1 second',
           CASE WHEN jsonb_typeof(what->'ledgers') = 'array'
                THEN ARRAY(SELECT jsonb_array_elements_text(what->'ledgers')) END,
           CASE WHEN jsonb_typeof(what->'prefixes') = 'array'
                THEN ARRAY(SELECT jsonb_array_elements_text(what->'prefixes')) END,
           (what->>'rate')::int
     WHERE (SELECT count(*) FROM token
             WHERE revoked_at IS NULL AND (expires_at > now()) IS NOT FALSE)
           < (what->>'most')::int
    RETURNING id INTO made;
    RETURN made;
END $$;

-- Another secret for the good token {"id"}: {"hash"}; the one that it has stays good for {"keep"}
-- seconds, at most until the token would have ended; one from before that ends now. {"expires_in"}:
-- when the token ends from here on; null: as before. False: there is no such token.
CREATE FUNCTION token_rotate(what jsonb) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = teller, pg_temp AS $$
DECLARE
    keep bigint := coalesce((what->>'keep')::bigint, 0);
BEGIN
    PERFORM token_by(what);
    UPDATE token
       SET former_hash  = CASE WHEN keep > 0 THEN hash END,
           former_until = CASE WHEN keep > 0
                               THEN least(now() + keep * interval '1 second', expires_at) END,
           hash         = decode(what->>'hash', 'hex'),
           rotations    = rotations + 1,
           expires_at   = CASE WHEN what->>'expires_in' IS NULL THEN expires_at
                               ELSE now() + (what->>'expires_in')::bigint * interval '1 second' END
     WHERE id = (what->>'id')::bigint
       AND revoked_at IS NULL AND (expires_at > now()) IS NOT FALSE;
    RETURN FOUND;
END $$;

-- The token {"id"} is good no more, nor is any secret of it. False: it is revoked, or there is
-- none.
CREATE FUNCTION token_revoke(what jsonb) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = teller, pg_temp AS $$
BEGIN
    PERFORM token_by(what);
    UPDATE token SET revoked_at = now()
     WHERE id = (what->>'id')::bigint AND revoked_at IS NULL;
    RETURN FOUND;
END $$;

COMMENT ON COLUMN token.expires_at IS 'When it ends by itself; null: never.';
COMMENT ON COLUMN token.ledgers IS 'The ledgers that it is bound to; null: all.';
COMMENT ON COLUMN token.prefixes IS
    'With one of these begin the ids of all accounts that it may touch; null: all accounts.';
COMMENT ON COLUMN token.rate IS 'Requests a second that a server takes with it; null: any number.';
COMMENT ON COLUMN token.former_hash IS
    'A hash of the secret that it had before; null: none is good.';
COMMENT ON COLUMN token.former_until IS 'Until when that one is good as well.';
COMMENT ON COLUMN token.rotations IS 'How often its secret was changed.';
COMMENT ON TABLE token_act IS
    'Who created, rotated and revoked which token, and when; only added to.';
COMMENT ON COLUMN token_act.no IS 'Its number; one may be missing, of what was not committed.';
COMMENT ON COLUMN token_act.at IS 'When.';
COMMENT ON COLUMN token_act.act IS 'created, rotated or revoked.';
COMMENT ON COLUMN token_act.token IS 'token.id of the one that it was done to.';
COMMENT ON COLUMN token_act.by_token IS 'token.id of the one that it was done with; null: none.';
COMMENT ON COLUMN token_act.by_name IS
    'The name of that token; else who it was: a command''s user, or a login of the database.';
COMMENT ON COLUMN token_act.former_hash IS
    'A hash of the secret that was replaced; null: none was.';
COMMENT ON FUNCTION token_note() IS 'Notes what is done to a token, and keeps a revocation final.';
COMMENT ON FUNCTION token_by(jsonb) IS 'Who the rest of this transaction is done by.';
COMMENT ON FUNCTION token_make(jsonb) IS 'A new token: its id; null: there are too many.';
COMMENT ON FUNCTION token_rotate(jsonb) IS 'Another secret for a token; false: there is none.';
COMMENT ON FUNCTION token_revoke(jsonb) IS 'End a token; false: there is no good one.';
