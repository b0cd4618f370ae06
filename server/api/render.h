/* SPDX-License-Identifier: MIT */
/*
 * What the ledger holds, as the JSON of the API. An answer that is given again (a replayed key) is
 * rendered from the same entry by the same function, so it is the same to the byte.
 */
#ifndef SERVER_API_RENDER_H
#define SERVER_API_RENDER_H

#include "ledger/ledger.h"
#include "server/auth/token_grant.h"
#include "server/text/json_out.h"

/* Within a list: let others of this worker run each time that so much more was written. */
void render_yield(const struct json_out *out, size_t *yielded_at);

void render_account(struct json_out *out, const struct ledger_account *account);

/* What moves money, as a transfer; a rejection, a hold or a release as what became of the request
 * with that key. And its members alone. */
void render_transfer(struct json_out *out, const struct entry *entry);
void render_transfer_members(struct json_out *out, const struct entry *entry);

/* A hold, as it is after what settled it (NULL: nothing yet); a capture has balances to show. */
void render_hold(struct json_out *out, const struct entry *hold, const struct entry *settled,
    bool with_balances);

/* Any entry, as the journal tells it. */
void render_journal_item(struct json_out *out, const struct entry *entry);

/* An entry as a line in the statement of the account of that id: of its postings those that touch
 * an account which the grant has. */
void render_statement_item(struct json_out *out, const struct entry *entry, const char *account_id,
    const struct token_grant *grant);

#endif
