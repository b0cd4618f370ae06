/* SPDX-License-Identifier: MIT */
/*
 * What the ledger holds, as the JSON of the API. An answer that is given again (a replayed key) is
 * rendered from the same entry by the same function, so it is the same to the byte.
 */
#ifndef SERVER_RENDER_H
#define SERVER_RENDER_H

#include "ledger/ledger.h"
#include "server/json_out.h"

void render_account(struct json_out *out, const struct ledger_account *account);

/* ENTRY_TRANSFER as a transfer; ENTRY_REJECTED as what became of the request with that key. */
void render_transfer(struct json_out *out, const struct entry *entry);

/* Any entry, as the journal tells it. */
void render_journal_item(struct json_out *out, const struct entry *entry);

/* An entry as a line in the statement of the account of that id. */
void render_statement_item(struct json_out *out, const struct entry *entry, const char *account_id);

#endif
