-- SPDX-License-Identifier: MIT
-- A service may have several databases, and the name of a ledger stands for one ledger of them all:
-- the first of them knows in which one it is. Each has the table, and knows of its own ledgers.
-- compatible: 14

CREATE TABLE ledger_name (
    name     text COLLATE "C",
    database text COLLATE "C" NOT NULL,
    CONSTRAINT ledger_name_pkey PRIMARY KEY (name)
);

-- Who has that name? Nobody: it is that database's from now on. '' is this database itself.
CREATE FUNCTION ledger_reserve(its_name text, its_database text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = teller, pg_temp AS $$
DECLARE
    home text;
BEGIN
    SELECT n.database INTO home FROM ledger_name n WHERE n.name = its_name;
    IF FOUND THEN
        RETURN home;
    ELSIF EXISTS (SELECT FROM ledger l WHERE l.name = its_name) THEN
        RETURN ''; -- made before there was this table
    END IF;
    INSERT INTO ledger_name (name, database) VALUES (its_name, its_database)
        ON CONFLICT DO NOTHING;
    SELECT n.database INTO home FROM ledger_name n WHERE n.name = its_name;
    RETURN home;
END $$;

-- That name is another database's, also if this one has such a ledger, as of a time when it was a
-- service of its own: that one is not served any more.
CREATE FUNCTION ledger_cede(its_name text, its_database text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = teller, pg_temp AS $$
    INSERT INTO ledger_name (name, database) VALUES (its_name, its_database)
        ON CONFLICT (name) DO UPDATE SET database = excluded.database;
$$;

-- As before, and not with a ledger whose name is that of another database's.
CREATE OR REPLACE VIEW clearing AS
WITH side AS (
    SELECT l.no AS ledger, l.name, o.no AS other, o.name AS other_name, a.no AS account,
           substr(a.id, 11 + length(o.name)) AS asset, a.opened
      FROM ledger l
     CROSS JOIN LATERAL (SELECT x.no, x.id, x.asset, x.opened FROM account x
                          WHERE x.ledger = l.no AND x.id >= 'clearing:' AND x.id < 'clearing;'
                         OFFSET 0) a
      JOIN ledger o ON o.name = split_part(a.id, ':', 2) AND o.no <> l.no
     WHERE NOT EXISTS (SELECT FROM ledger_name n WHERE n.name = o.name AND n.database <> '')
       AND a.id = 'clearing:' || o.name || ':' || replace(a.asset, '/', '.')
), paid AS (
    SELECT s.ledger, s.account, sum(h.amount) AS amount
      FROM side s
      JOIN hold h ON h.ledger = s.ledger AND h.to_no = s.account
      JOIN entry e ON e.ledger = h.ledger AND e.seq = h.seq AND e.key LIKE '%1'
      JOIN entry p ON p.ledger = s.other AND p.key = left(e.key, -1) || '2'
                  AND (p.kind = 2
                       OR p.kind = 11 AND p.metadata -> 'results' -> 0 ->> 'entries' IS NOT NULL)
     WHERE NOT EXISTS (SELECT FROM entry x
                        WHERE x.ledger = h.ledger AND x.ref = h.seq AND x.kind IN (5, 6, 7))
     GROUP BY s.ledger, s.account
)
SELECT s.name AS ledger, s.other_name AS other, s.asset, b.balance, coalesce(p.amount, 0) AS paid,
       s.opened AS seq
  FROM side s
  JOIN account a ON a.ledger = s.ledger AND a.no = s.account
  JOIN balances b ON b.ledger = s.name AND b.account = a.id
  LEFT JOIN paid p ON p.ledger = s.ledger AND p.account = s.account;

COMMENT ON TABLE ledger_name IS
    'In which database of the service a ledger is, where that has several: of the first, all.';
COMMENT ON COLUMN ledger_name.name IS 'What the ledger is called.';
COMMENT ON COLUMN ledger_name.database IS
    'As --database names it; empty: in this one. It never changes by itself.';
COMMENT ON FUNCTION ledger_cede(text, text) IS
    'A name is another database''s from now on, whatever this one has.';
COMMENT ON FUNCTION ledger_reserve(text, text) IS
    'In which database a name is, or else is from now on: that one. Empty: in this one.';
