/* SPDX-License-Identifier: MIT */
/* The ledger's functions that read, and those of the desk of tokens. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/audit/audit_report.h"
#include "ledger/bank/banks_elsewhere.h"
#include "ledger/ledger_following.h"
#include "server/auth/token_desk.h"
#include "server/auth/token_grant.h"
#include "server/auth/token_text.h"
#include "tests/fuzz/standin_private.h"

enum { DURABLE = 1000 };

/* ---- accounts -------------------------------------------------------------------------------- */

enum ledger_status ledger_read_account(struct co_context *context, struct ledger *ledger,
    const char *id, struct ledger_account *account, uint64_t *seq)
{
    (void)context, (void)ledger;
    *seq = DURABLE;
    standin_account(id, account);
    return standin_status(id);
}

enum ledger_status ledger_read_account_at(struct co_context *context, struct ledger *ledger,
    const char *id, const struct ledger_moment *at, struct ledger_account *account, uint64_t *seq)
{
    co_ensure(at->seq <= INT64_MAX && at->at_us >= 0);
    return ledger_read_account(context, ledger, id, account, seq);
}

enum ledger_status ledger_metadata(struct co_context *context, struct ledger *ledger,
    struct ledger_account *accounts, size_t count, const char *(*copy)(void *arg, const char *text),
    void *arg)
{
    (void)context, (void)ledger;
    for (size_t i = 0; i < count; i++)
        if (accounts[i].metadata)
            accounts[i].metadata = copy(arg, accounts[i].metadata);
    return LEDGER_OK;
}

bool ledger_asset(struct ledger *ledger, const char *id, char asset[ASSET_TEXT])
{
    (void)ledger;
    standin_check_account(id);
    strcpy(asset, "USD/2");
    return standin_status(id) == LEDGER_OK;
}

enum ledger_status ledger_list_accounts(struct co_context *context, struct ledger *ledger,
    const struct ledger_account_query *query, struct ledger_account_page *page)
{
    (void)context, (void)ledger;
    co_ensure(page->limit >= 1 && page->limit <= LEDGER_PAGE_MAX);
    co_ensure(!query->asset || !*query->asset || asset_is_valid(query->asset));
    page->count = page->limit < 2 ? page->limit : 2;
    page->more = page->count == 1;
    page->seq = DURABLE;
    for (size_t i = 0; i < page->count; i++)
        standin_account(i ? "b\"\\" : "a", &page->accounts[i]);
    return standin_status(query->prefix);
}

/* ---- the journal ----------------------------------------------------------------------------- */

static struct entry *transfer_at(uint64_t seq, const char *key)
{
    const struct ledger_leg leg = {.from = "a\"", .to = "b/\\", .amount = 3};
    return standin_entry(ENTRY_TRANSFER, seq, key, "{\"x\":1}", &leg, 1);
}

static enum ledger_status fill_page(struct ledger_entry_page *page, uint64_t first)
{
    co_ensure(page->limit >= 1 && page->limit <= LEDGER_PAGE_MAX);
    page->seq = DURABLE;
    page->count = page->limit < 2 ? page->limit : 2;
    for (size_t i = 0; i < page->count; i++)
        page->entries[i] = transfer_at(first + i, NULL);
    return LEDGER_OK;
}

enum ledger_status ledger_journal(struct co_context *context, struct ledger *ledger, uint64_t after,
    struct ledger_entry_page *page)
{
    (void)context, (void)ledger;
    co_ensure(after <= INT64_MAX);
    page->seq = DURABLE;
    return after < DURABLE - 2 ? fill_page(page, after + 1)
           : after <= DURABLE  ? LEDGER_OK
                               : LEDGER_POSITION_AHEAD;
}

enum ledger_status ledger_statement(struct co_context *context, struct ledger *ledger,
    const char *id, uint64_t before, struct ledger_entry_page *page)
{
    (void)context, (void)ledger;
    co_ensure(before <= INT64_MAX);
    standin_check_account(id);
    enum ledger_status status = standin_status(id);
    page->seq = DURABLE;
    return status == LEDGER_OK ? fill_page(page, 1) : status;
}

enum ledger_status ledger_journal_back(struct co_context *context, struct ledger *ledger,
    uint64_t before, struct ledger_entry_page *page)
{
    (void)context, (void)ledger;
    co_ensure(before <= INT64_MAX);
    page->seq = DURABLE;
    return fill_page(page, 1);
}

enum ledger_status ledger_statement_forward(struct co_context *context, struct ledger *ledger,
    const char *id, uint64_t after, struct ledger_entry_page *page)
{
    standin_check_account(id);
    return ledger_journal(context, ledger, after, page);
}

enum ledger_status ledger_entry(struct co_context *context, struct ledger *ledger, uint64_t at,
    struct entry **entry, uint64_t *seq)
{
    (void)context, (void)ledger;
    co_ensure(at >= 1 && at <= INT64_MAX);
    *seq = DURABLE;
    if (at % 3)
        *entry = transfer_at(at, NULL);
    return at % 3 ? LEDGER_OK : LEDGER_TRANSFER_NOT_FOUND;
}

enum ledger_status ledger_entry_by_key(struct co_context *context, struct ledger *ledger,
    const char *key, struct entry **entry, uint64_t *seq)
{
    (void)context, (void)ledger;
    co_ensure(key && *key);
    standin_check_key(key);
    *seq = DURABLE;
    enum ledger_status status = standin_status(key);
    if (status == LEDGER_OK)
        *entry = transfer_at(5, key);
    return status;
}

size_t ledger_clearing_holds(struct ledger *ledger, size_t skip, uint64_t *seqs, size_t room)
{
    (void)ledger, (void)skip, (void)seqs, (void)room;
    return 0;
}

enum ledger_status ledger_read_hold(struct co_context *context, struct ledger *ledger,
    uint64_t hold, struct entry **entry, struct entry **settled, uint64_t *seq)
{
    const struct ledger_leg leg = {.from = "a", .to = "b", .amount = 3};
    (void)context, (void)ledger;
    co_ensure(hold >= 1 && hold <= INT64_MAX);
    *seq = DURABLE;
    *entry = standin_entry(ENTRY_HOLD, hold, NULL, NULL, &leg, 1);
    if (hold % 2)
        *settled = standin_entry(ENTRY_CAPTURE, DURABLE, "k", NULL, &leg, 1);
    return LEDGER_OK;
}

bool ledger_await(struct co_context *context, struct ledger *ledger, uint64_t after)
{
    (void)context, (void)ledger, (void)after;
    return false;
}

enum ledger_status ledger_await_position(
    struct co_context *context, struct ledger *ledger, uint64_t seq, int64_t wait_ns)
{
    (void)context, (void)wait_ns;
    return seq <= ledger_durable_seq(ledger) ? LEDGER_OK : LEDGER_POSITION_AHEAD;
}

int64_t ledger_followed_ns(struct ledger *ledger)
{
    (void)ledger;
    return 0;
}

uint64_t ledger_serial(const struct ledger *ledger)
{
    return ledger != NULL;
}

uint64_t ledger_durable_seq(struct ledger *ledger)
{
    (void)ledger;
    return DURABLE;
}

/* ---- the ledger itself ----------------------------------------------------------------------- */

void ledger_enter(struct ledger *ledger)
{
    (void)ledger;
}

void ledger_leave(struct ledger *ledger)
{
    (void)ledger;
}

bool ledger_is_over(struct ledger *ledger)
{
    (void)ledger;
    return false;
}

struct co_context *ledger_open_context(struct ledger *ledger)
{
    (void)ledger;
    return co_context_background();
}

enum ledger_status ledger_audit(struct co_context *context, struct ledger *ledger,
    struct audit_progress *progress, struct audit_report *report)
{
    (void)context, (void)ledger, (void)progress;
    report->seq = DURABLE;
    return LEDGER_OK;
}

const char *ledger_audit_findings(struct ledger *ledger)
{
    (void)ledger;
    return "";
}

void ledger_read_figures(struct ledger *ledger, struct ledger_figures *figures)
{
    (void)ledger;
    *figures = (struct ledger_figures){.name = "main", .strategy = "owner", .durable_seq = DURABLE};
}

void ledger_read_machinery(struct ledger *ledger, struct ledger_machinery *machinery)
{
    (void)ledger;
    *machinery = (struct ledger_machinery){.strategy = "owner", .how = "It waits."};
}

/* ---- the desk of tokens ---------------------------------------------------------------------- */

static void check_lines(const char *lines, bool (*is_valid)(const char *line))
{
    char line[ACCOUNT_ID_MAX + 1];
    size_t count = 0;
    while (lines && *lines) {
        size_t length = strcspn(lines, "\n");
        co_ensure(length <= ACCOUNT_ID_MAX && ++count <= TOKEN_BINDINGS_MAX);
        snprintf(line, sizeof line, "%.*s", (int)length, lines);
        co_ensure(is_valid(line));
        lines += length;
        lines += *lines == '\n';
    }
}

enum token_desk_status token_desk_create(struct co_context *context, struct token_desk *desk,
    const struct token_actor *by, struct token *token, int64_t life_s, char *text)
{
    uint8_t hash[TOKEN_HASH];
    (void)context, (void)desk;
    co_ensure(by->token || by->name);
    co_ensure(memchr(token->name, '\0', sizeof token->name) && !strpbrk(token->name, "\r\n"));
    co_ensure(token_scope_of_name(token->scope) != TOKEN_NONE && token->rate <= TOKEN_RATE_MAX);
    co_ensure(life_s >= 0 && life_s <= TOKEN_LIFE_MAX_S);
    check_lines(token->ledgers, bank_name_is_valid);
    check_lines(token->prefixes, account_id_is_valid);
    token->id = 1;
    token_text_make(text, hash);
    return strlen(token->name) % 5 == 4 ? TOKEN_DESK_FULL : TOKEN_DESK_DONE;
}

enum token_desk_status token_desk_rotate(struct co_context *context, struct token_desk *desk,
    const struct token_actor *by, struct token_rotation *rotation, char *text)
{
    uint8_t hash[TOKEN_HASH];
    (void)context, (void)desk, (void)by;
    co_ensure(rotation->id >= 1 && rotation->keep_s >= 0 && rotation->keep_s <= TOKEN_KEEP_MAX_S);
    co_ensure(rotation->life_s >= 0 && rotation->life_s <= TOKEN_LIFE_MAX_S);
    token_text_make(text, hash);
    return rotation->id % 3 ? TOKEN_DESK_DONE : TOKEN_DESK_NOT_FOUND;
}

enum token_desk_status token_desk_revoke(
    struct co_context *context, struct token_desk *desk, const struct token_actor *by, int64_t id)
{
    (void)context, (void)desk, (void)by;
    co_ensure(id >= 1);
    return id % 3 ? TOKEN_DESK_DONE : TOKEN_DESK_UNKNOWN;
}

enum token_desk_status token_desk_list(struct co_context *context, struct token_desk *desk,
    const struct token_query *query, struct token **tokens, size_t *count)
{
    (void)context, (void)desk;
    co_ensure(query->range.limit >= 0 && query->range.after >= 0 && query->id >= 0);
    *tokens = calloc(1, sizeof **tokens);
    co_ensure(*tokens);
    (*tokens)->id = query->id ? query->id : 1;
    strcpy((*tokens)->scope, "read");
    (*tokens)->prefixes = strdup("a\nb\"");
    *count = 1;
    return TOKEN_DESK_DONE;
}

enum token_desk_status token_desk_acts(struct co_context *context, struct token_desk *desk,
    const struct token_act_query *query, struct token_act **acts, size_t *count)
{
    (void)context, (void)desk;
    co_ensure(query->range.limit >= 1 && query->range.after >= 0 && query->token >= 0);
    *acts = calloc(1, sizeof **acts);
    co_ensure(*acts);
    *count = 1;
    return TOKEN_DESK_DONE;
}
