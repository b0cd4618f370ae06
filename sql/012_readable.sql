-- SPDX-License-Identifier: MIT
-- compatible: 8
-- For whoever reads the ledger with psql: kinds as words, the journal as a view, a statement that
-- begins at its end, and what each thing here is, for \d+ and for tools.

CREATE FUNCTION kind_name(kind smallint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (ARRAY['account', 'transfer', 'rejected', 'hold', 'capture', 'release', 'expiry',
                  'reversal', 'freeze', 'unfreeze'])[$1]
$$;

CREATE OR REPLACE VIEW statement AS
SELECT l.name AS ledger, a.id AS account, p.seq, p.leg, e.at, e.key, o.id AS other_account,
       m.delta AS amount, a.asset, m.after AS balance, e.metadata, kind_name(e.kind) AS kind
  FROM posting p
  JOIN entry e ON e.ledger = p.ledger AND e.seq = p.seq
  JOIN ledger l ON l.no = p.ledger
 CROSS JOIN LATERAL (VALUES (p.from_no, p.to_no, -p.amount, p.from_after),
                            (p.to_no, p.from_no, p.amount, p.to_after)) m (no, other, delta, after)
  JOIN account a ON a.ledger = p.ledger AND a.no = m.no
  JOIN account o ON o.ledger = p.ledger AND o.no = m.other;

-- OFFSET 0: looked up entry by entry, so that a few rows cost a few look-ups.
CREATE VIEW journal AS
SELECT l.name AS ledger, e.seq, e.at, kind_name(e.kind) AS kind, e.key, a.id AS account,
       f.id AS from_account, t.id AS to_account, coalesce(p.amount, h.amount) AS amount,
       coalesce(f.asset, a.asset) AS asset, e.ref, e.code, e.available, h.expires_at, e.metadata
  FROM entry e
  JOIN ledger l ON l.no = e.ledger
  LEFT JOIN LATERAL (SELECT * FROM posting x
                      WHERE x.ledger = e.ledger AND x.seq = e.seq AND x.leg = 0 OFFSET 0) p ON true
  LEFT JOIN LATERAL (SELECT * FROM hold x
                      WHERE x.ledger = e.ledger AND x.seq = CASE e.kind WHEN 4 THEN e.seq
                            WHEN 6 THEN e.ref WHEN 7 THEN e.ref END OFFSET 0) h ON true
  LEFT JOIN LATERAL (SELECT id, asset FROM account x
                      WHERE x.ledger = e.ledger AND x.no = e.account OFFSET 0) a ON true
  LEFT JOIN LATERAL (SELECT id, asset FROM account x
                      WHERE x.ledger = e.ledger AND x.no = coalesce(p.from_no, h.from_no)
                     OFFSET 0) f ON true
  LEFT JOIN LATERAL (SELECT id FROM account x
                      WHERE x.ledger = e.ledger AND x.no = coalesce(p.to_no, h.to_no)
                     OFFSET 0) t ON true;

-- The newest of them, before a position, newest first.
CREATE FUNCTION journal(entries int DEFAULT 20, before bigint DEFAULT NULL,
                        ledger text DEFAULT 'main') RETURNS SETOF journal
LANGUAGE sql STABLE SET search_path = teller, pg_temp AS $$
    SELECT j.*
      FROM (SELECT e.seq FROM entry e
             WHERE e.ledger = (SELECT no FROM ledger WHERE name = $3)
               AND e.seq < coalesce($2, 9223372036854775807)
             ORDER BY e.seq DESC LIMIT greatest($1, 0)) n
     CROSS JOIN LATERAL (SELECT * FROM journal v
                          WHERE v.ledger = $3 AND v.seq = n.seq OFFSET 0) j
     ORDER BY j.seq DESC
$$;

-- The walk along from_prev and to_prev, from the account's last movement (in the journal's tail, or
-- the balance's) or, before a position, from the first waypoint behind it.
CREATE FUNCTION statement(account text, entries int DEFAULT 20, before bigint DEFAULT NULL,
                          ledger text DEFAULT 'main')
RETURNS TABLE (seq bigint, leg smallint, at timestamptz, kind text, key text, other_account text,
               amount numeric, balance numeric, asset text, metadata json)
LANGUAGE sql STABLE SET search_path = teller, pg_temp AS $$
    WITH RECURSIVE one AS (
        SELECT a.ledger AS l, a.no AS mine, a.opened, a.asset, c.seq AS checkpoint
          FROM account a JOIN ledger g ON g.no = a.ledger JOIN checkpoint c ON c.ledger = a.ledger
         WHERE g.name = $4 AND a.id = $1
    ), start AS (
        SELECT coalesce(
                   (SELECT min(w.seq) FROM waypoint w
                     WHERE w.ledger = l AND w.account = mine AND w.seq >= $3),
                   (SELECT p.seq FROM posting p
                     WHERE p.ledger = l AND p.seq > checkpoint AND mine IN (p.from_no, p.to_no)
                     ORDER BY p.seq DESC LIMIT 1),
                   (SELECT b.seq FROM balance b WHERE b.ledger = l AND b.account = mine)) AS seq
          FROM one
    ), walk (seq, count) AS (
        SELECT s.seq, (s.seq < coalesce($3, s.seq + 1))::int FROM start s
         UNION ALL
        SELECT x.seq, w.count + (x.seq < coalesce($3, x.seq + 1))::int
          FROM walk w CROSS JOIN one
         CROSS JOIN LATERAL (
               SELECT CASE p.from_no WHEN mine THEN p.from_prev ELSE p.to_prev END AS seq
                 FROM posting p
                WHERE p.ledger = l AND p.seq = w.seq AND mine IN (p.from_no, p.to_no) LIMIT 1) x
         WHERE w.count < $2 AND x.seq > opened
    )
    SELECT e.seq, p.leg, e.at, kind_name(e.kind), e.key, o.id,
           CASE p.from_no WHEN mine THEN -p.amount ELSE p.amount END,
           CASE p.from_no WHEN mine THEN p.from_after ELSE p.to_after END, one.asset, e.metadata
      FROM walk w CROSS JOIN one
      JOIN entry e ON e.ledger = l AND e.seq = w.seq
     CROSS JOIN LATERAL (SELECT * FROM posting x
                          WHERE x.ledger = l AND x.seq = w.seq AND mine IN (x.from_no, x.to_no)
                         OFFSET 0) p
      JOIN account o ON o.ledger = l AND o.no = p.from_no + p.to_no - one.mine
     WHERE w.seq < coalesce($3, w.seq + 1) AND $2 > 0
     ORDER BY e.seq DESC, p.leg DESC
$$;

-- ---- what each thing is ------------------------------------------------------------------------

COMMENT ON SCHEMA teller IS
    'A double-entry bank. entry and posting are the journal and the truth; all else follows '
    'from it, or guards it. Begin with balances, journal, statement(''ACCOUNT'') and audit.';

COMMENT ON TABLE ledger IS 'The ledgers: islands of accounts, each with a journal of its own.';
COMMENT ON COLUMN ledger.no IS 'What the other tables call the ledger.';
COMMENT ON COLUMN ledger.name IS 'What requests call it; "main" is there from the first start.';
COMMENT ON COLUMN ledger.strategy IS
    'How its balances change in memory: by one owner, or under sharded mutexes.';
COMMENT ON COLUMN ledger.created_at IS 'When it was made.';
COMMENT ON COLUMN ledger.key_secret IS
    'Keys the hashes in key_segment, so that nobody can choose keys that collide.';

COMMENT ON TABLE writer IS
    'Who may write a ledger, and how far it has come: whoever takes it over raises the '
    'epoch.';
COMMENT ON COLUMN writer.ledger IS 'ledger.no';
COMMENT ON COLUMN writer.epoch IS
    'The number of the one that may write; batches of earlier ones are refused.';
COMMENT ON COLUMN writer.batch IS 'The last batch that was committed.';

COMMENT ON TABLE batch IS 'One row for each database transaction that added entries.';
COMMENT ON COLUMN batch.ledger IS 'ledger.no';
COMMENT ON COLUMN batch.no IS 'Its number, from 1, without a gap.';
COMMENT ON COLUMN batch.epoch IS 'The epoch of whoever wrote it.';
COMMENT ON COLUMN batch.first_seq IS 'Its first entry.';
COMMENT ON COLUMN batch.last_seq IS 'Its last entry.';
COMMENT ON COLUMN batch.hash IS
    'BLAKE2b-256 over the hash of the batch before and the rows of this one '
    '(sql/README.md); null: from before there was a chain.';

COMMENT ON TABLE account IS 'The accounts, once they were opened.';
COMMENT ON COLUMN account.ledger IS 'ledger.no';
COMMENT ON COLUMN account.no IS
    'Its number, from 1, in the order of opening: what the other tables call it.';
COMMENT ON COLUMN account.id IS
    'What requests call it; world:CODE.SCALE is where money of an asset comes from and goes '
    'to.';
COMMENT ON COLUMN account.asset IS
    'What it holds, as CODE/SCALE: amounts are whole numbers of the smallest unit.';
COMMENT ON COLUMN account.floor IS 'The lowest balance allowed; null: none.';
COMMENT ON COLUMN account.opened IS 'The entry that opened it.';
COMMENT ON COLUMN account.metadata IS 'What the request said, as a JSON object; null: nothing.';

COMMENT ON TABLE entry IS
    'The journal: one row for each thing that was decided, in the order in which it was; '
    'only ever added to.';
COMMENT ON COLUMN entry.ledger IS 'ledger.no';
COMMENT ON COLUMN entry.seq IS 'Its position: 1, 2, 3 … without a gap.';
COMMENT ON COLUMN entry.at IS 'When it was decided, by the ledger''s clock; rises with seq.';
COMMENT ON COLUMN entry.kind IS
    '1 account, 2 transfer, 3 rejected, 4 hold, 5 capture, 6 release, 7 expiry, 8 reversal, '
    '9 freeze, 10 unfreeze: kind_name(kind).';
COMMENT ON COLUMN entry.key IS
    'The idempotency key of the request; used once, for ever; null: it had none.';
COMMENT ON COLUMN entry.fingerprint IS
    'A hash of what the request asked for: the same key with another is refused.';
COMMENT ON COLUMN entry.account IS
    'Whose number: kind 1 the account opened; 3 the one whose rule was broken; 9 and 10 the '
    'one frozen or thawed, null for the whole ledger.';
COMMENT ON COLUMN entry.code IS 'Kind 3: which rule was broken.';
COMMENT ON COLUMN entry.available IS
    'Kind 3, insufficient_funds: what the account could have given.';
COMMENT ON COLUMN entry.metadata IS 'What the request said, as a JSON object; null: nothing.';
COMMENT ON COLUMN entry.ref IS
    'Kinds 5 to 7: the hold that it ends; 8: the entry that it reverses.';
COMMENT ON COLUMN entry.from_no IS 'Who pays: of the first posting, or of the hold.';
COMMENT ON COLUMN entry.to_no IS 'Who is paid: of the first posting, or of the hold.';
COMMENT ON COLUMN entry.amount IS 'How much: of the first posting, or of the hold.';
COMMENT ON COLUMN entry.from_after IS 'The balance of who pays right after the first posting.';
COMMENT ON COLUMN entry.to_after IS 'The balance of who is paid right after the first posting.';
COMMENT ON COLUMN entry.from_prev IS
    'The entry that moved money of who pays before this one, or that opened it.';
COMMENT ON COLUMN entry.to_prev IS 'The same of who is paid.';
COMMENT ON COLUMN entry.expires_at IS 'Kind 4: when the hold ends by itself; null: never.';

COMMENT ON TABLE further_posting IS
    'The second and later postings of an entry; of entries from before schema 007 all of '
    'them. Read the view posting.';
COMMENT ON COLUMN further_posting.ledger IS 'ledger.no';
COMMENT ON COLUMN further_posting.seq IS 'Its entry.';
COMMENT ON COLUMN further_posting.leg IS 'Which of the entry''s postings, from 0.';
COMMENT ON COLUMN further_posting.from_no IS 'Who pays.';
COMMENT ON COLUMN further_posting.to_no IS 'Who is paid.';
COMMENT ON COLUMN further_posting.amount IS 'How much.';
COMMENT ON COLUMN further_posting.from_after IS 'The balance of who pays right after it.';
COMMENT ON COLUMN further_posting.to_after IS 'The balance of who is paid right after it.';
COMMENT ON COLUMN further_posting.from_prev IS
    'The entry that moved money of who pays before, or that opened it.';
COMMENT ON COLUMN further_posting.to_prev IS 'The same of who is paid.';

COMMENT ON TABLE earlier_hold IS
    'What entries of kind 4 from before schema 008 reserve. Read the view hold.';
COMMENT ON COLUMN earlier_hold.ledger IS 'ledger.no';
COMMENT ON COLUMN earlier_hold.seq IS 'Its entry.';
COMMENT ON COLUMN earlier_hold.from_no IS 'Whose money is held.';
COMMENT ON COLUMN earlier_hold.to_no IS 'Who will be paid.';
COMMENT ON COLUMN earlier_hold.amount IS 'How much.';
COMMENT ON COLUMN earlier_hold.expires_at IS 'When it ends by itself; null: never.';

COMMENT ON TABLE held IS
    'What an account has held after each entry that changed that: so a past moment need not '
    'be folded.';
COMMENT ON COLUMN held.ledger IS 'ledger.no';
COMMENT ON COLUMN held.account IS 'account.no';
COMMENT ON COLUMN held.seq IS 'The entry.';
COMMENT ON COLUMN held.held IS 'The sum of its open holds after it.';

COMMENT ON TABLE waypoint IS
    'Each 64th or so movement of an account, from where a walk along from_prev and to_prev '
    'is short.';
COMMENT ON COLUMN waypoint.ledger IS 'ledger.no';
COMMENT ON COLUMN waypoint.account IS 'account.no';
COMMENT ON COLUMN waypoint.seq IS 'The entry that moved it.';

COMMENT ON TABLE checkpoint IS
    'The position that balance, open_hold and standing are of; key_segment goes no further. '
    'It can be thrown away: checkpoint_forget().';
COMMENT ON COLUMN checkpoint.ledger IS 'ledger.no';
COMMENT ON COLUMN checkpoint.seq IS 'The position; 0: there is none yet.';

COMMENT ON TABLE balance IS
    'The balances at the checkpoint, of accounts that had moved. Read the view balances.';
COMMENT ON COLUMN balance.ledger IS 'ledger.no';
COMMENT ON COLUMN balance.account IS 'account.no';
COMMENT ON COLUMN balance.balance IS 'Its balance.';
COMMENT ON COLUMN balance.floor IS 'The lowest balance allowed, as in account.';
COMMENT ON COLUMN balance.seq IS 'The last entry that moved it.';

COMMENT ON TABLE open_hold IS 'The holds that were open at the checkpoint.';
COMMENT ON COLUMN open_hold.ledger IS 'ledger.no';
COMMENT ON COLUMN open_hold.seq IS 'The entry that made it.';
COMMENT ON COLUMN open_hold.from_no IS 'Whose money is held.';
COMMENT ON COLUMN open_hold.to_no IS 'Who will be paid.';
COMMENT ON COLUMN open_hold.amount IS 'How much.';
COMMENT ON COLUMN open_hold.expires_at IS 'When it ends by itself; null: never.';

COMMENT ON TABLE standing IS
    'How an account stood at the checkpoint that ever had a hold or was frozen; account 0 '
    'is the whole ledger.';
COMMENT ON COLUMN standing.ledger IS 'ledger.no';
COMMENT ON COLUMN standing.account IS 'account.no, or 0';
COMMENT ON COLUMN standing.held IS 'The sum of its open holds.';
COMMENT ON COLUMN standing.frozen IS 'Whether it was frozen.';
COMMENT ON COLUMN standing.seq IS 'The last entry about a hold or a freeze of it.';

COMMENT ON TABLE key_segment IS
    'The idempotency keys of a stretch of the journal, packed, for the filter of the next '
    'start (ledger/segment.h).';
COMMENT ON COLUMN key_segment.ledger IS 'ledger.no';
COMMENT ON COLUMN key_segment.first_seq IS 'The first entry whose key it has.';
COMMENT ON COLUMN key_segment.last_seq IS 'The last one.';
COMMENT ON COLUMN key_segment.keys IS 'How many keys.';
COMMENT ON COLUMN key_segment.hashes IS 'Of each key 40 bits of a hash, sorted, as distances.';
COMMENT ON COLUMN key_segment.digest IS
    'BLAKE2b-256 over all of that: what has not got it is not used.';

COMMENT ON TABLE token IS 'The access tokens: only their hashes.';
COMMENT ON COLUMN token.id IS 'Its number.';
COMMENT ON COLUMN token.name IS 'What it is for, as whoever made it said.';
COMMENT ON COLUMN token.scope IS 'read, write or admin.';
COMMENT ON COLUMN token.hash IS 'A hash of the token.';
COMMENT ON COLUMN token.created_at IS 'When it was made.';
COMMENT ON COLUMN token.revoked_at IS 'When it was revoked; null: it is good.';

COMMENT ON TABLE migration IS 'Which migrations were applied.';
COMMENT ON COLUMN migration.no IS 'Its number.';
COMMENT ON COLUMN migration.name IS 'Its file.';
COMMENT ON COLUMN migration.applied_at IS 'When.';
ALTER TABLE migration ADD COLUMN IF NOT EXISTS compatible int;
COMMENT ON COLUMN migration.compatible IS
    'The oldest program, by its newest migration, that works with it; null: none says.';

COMMENT ON VIEW posting IS
    'Every movement of money, wherever its row is: each with the balances right after it.';
COMMENT ON VIEW hold IS 'What each entry of kind 4 reserves, wherever its row is.';
COMMENT ON VIEW balances IS
    'Every account with its balance, exact at any moment: the checkpoint and the journals '
    'tail.';
COMMENT ON VIEW statement IS
    'Every movement of every account, with the balance after it. It joins whole tables: for '
    'the newest of one account there is statement(''ACCOUNT'').';
COMMENT ON VIEW journal IS
    'Every entry with its kind as a word and its accounts by name; of an entry of several '
    'postings the first. For the newest there is journal(20)';
COMMENT ON VIEW audit IS 'All that is wrong, of every invariant below: it must be empty.';
COMMENT ON VIEW audit_gaps IS 'seq runs from 1 without a gap, and time rises with it.';
COMMENT ON VIEW audit_batches IS
    'Batches cover the journal without gap or overlap, and epochs never fall.';
COMMENT ON VIEW audit_postings IS 'Postings and entries belong together; assets match.';
COMMENT ON VIEW audit_prefixes IS
    'At every prefix of the journal balances add up and keep the floor.';
COMMENT ON VIEW audit_sums IS 'Money is never made or lost: each asset sums to zero.';
COMMENT ON VIEW audit_checkpoints IS
    'The balances of the checkpoint are the fold of the journal up to it.';
COMMENT ON VIEW audit_holds IS 'A hold ends once, in time, and for no more than it reserved.';
COMMENT ON VIEW audit_held IS
    'What an account has held follows from its holds, and fits its balance.';
COMMENT ON VIEW audit_reversals IS 'A reversal is the mirror of what it reverses.';
COMMENT ON VIEW audit_frozen IS 'Nothing moves, and nothing new is held, while it is frozen.';
COMMENT ON VIEW audit_standing IS 'What stood at the checkpoint is what the journal says.';
COMMENT ON VIEW audit_open_holds IS
    'The holds that were open at the checkpoint are those of the journal.';
COMMENT ON VIEW audit_keys IS
    'Segments of keys follow each other, go no further than the checkpoint, and have as '
    'many keys as the journal.';

COMMENT ON FUNCTION writer_advance(int, bigint, bigint, bigint, bigint, bytea) IS
    'The first statement of every batch: fails unless the epoch is the current one and the '
    'batch the next; TL001: it is committed already; TL002: the epoch has ended.';
COMMENT ON FUNCTION checkpoint_advance(int, bigint) IS
    'Fold the journal''s tail up to a position into the checkpoint; TL003: what the service '
    'wrote beside the entries does not add up.';
COMMENT ON FUNCTION checkpoint_forget(int) IS
    'Throw the checkpoint of a ledger away, while it is not served: the next start reads '
    'the whole journal.';
COMMENT ON FUNCTION key_segment_put(int, bigint, bigint, bigint, bytea, bytea) IS
    'Add a segment of keys behind the newest, or put a longer one in its place; false: it '
    'does not follow, or goes beyond the checkpoint.';
COMMENT ON FUNCTION seq_at(int, timestamptz) IS
    'The last position whose time is at or before a moment; 0: none.';
COMMENT ON FUNCTION guard_rows() IS
    'Refuses rows of the journal that their transaction has no batch for.';
COMMENT ON FUNCTION guard_accounts() IS
    'Refuses accounts that their transaction has no batch for.';
COMMENT ON FUNCTION kind_name(smallint) IS 'The kind of an entry as a word.';
COMMENT ON FUNCTION journal(int, bigint, text) IS
    'The newest entries, newest first: so many, before a position (null: from the end), in a '
    'ledger.';
COMMENT ON FUNCTION statement(text, int, bigint, text) IS
    'The newest movements of an account, newest first: of so many entries, before a '
    'position (null: from the end), in a ledger. As quick at the millionth entry as at the '
    'first.';
