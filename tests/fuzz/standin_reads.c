/* SPDX-License-Identifier: MIT */
/* The ledger's functions that read, the bank's, and those of the desk of tokens. */
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

/* ---- the banks ------------------------------------------------------------------------------- */

size_t banks_count(struct banks *banks)
{
    co_ensure(banks == standin_banks());
    return 1;
}

struct bank *banks_at(struct banks *banks, size_t index)
{
    co_ensure(banks == standin_banks() && index == 0);
    return (struct bank *)(void *)banks;
}

const char *banks_database(struct banks *banks, size_t index)
{
    co_ensure(banks == standin_banks() && index == 0);
    return DATABASE_LIST_DEFAULT;
}

bool banks_index(struct banks *banks, const char *database, size_t *index)
{
    co_ensure(banks == standin_banks());
    *index = 0;
    return strcmp(database, DATABASE_LIST_DEFAULT) == 0;
}

bool banks_home(struct banks *banks, const char *name, size_t *index)
{
    co_ensure(banks == standin_banks());
    *index = 0;
    return strcmp(name, "main") == 0;
}

bool banks_is_well(struct banks *banks, size_t index, char why[LEDGER_REASON])
{
    co_ensure(banks == standin_banks() && index == 0);
    *why = '\0';
    return true;
}

enum banks_learned banks_learn(struct co_context *context, struct banks *banks, const char *name)
{
    (void)context, (void)banks;
    return strcmp(name, "main") == 0 ? BANKS_KNOWN : BANKS_NONE;
}

enum ledger_status banks_find(struct banks *banks, const char *name, struct ledger **ledger)
{
    co_ensure(banks == standin_banks());
    *ledger = (struct ledger *)(void *)banks;
    return strcmp(name, "main") == 0 ? LEDGER_OK : LEDGER_LEDGER_NOT_FOUND;
}

enum ledger_status banks_find_followed(
    struct banks *banks, const char *name, struct ledger **ledger)
{
    return banks_find(banks, name, ledger);
}

enum ledger_status banks_await(
    struct co_context *context, struct banks *banks, const char *name, struct ledger **ledger)
{
    (void)context;
    return banks_find(banks, name, ledger);
}

enum ledger_status banks_find_moving(
    struct banks *banks, const char *name, struct ledger **ledger, bool *moves)
{
    *moves = false;
    return banks_find(banks, name, ledger);
}

enum bank_want banks_want(
    struct co_context *context, struct banks *banks, const char *name, uint64_t server)
{
    (void)context, (void)banks, (void)name;
    co_ensure(server > 0);
    return server % 2 ? BANK_WANTED : BANK_GONE;
}

enum ledger_status banks_create(struct co_context *context, struct banks *banks,
    const struct banks_wanted *wanted, struct ledger **ledger, bool *created)
{
    const char *strategy = wanted->strategy;
    (void)context;
    co_ensure(bank_name_is_valid(wanted->name));
    co_ensure(!strategy || strcmp(strategy, "owner") == 0 || strcmp(strategy, "sharded") == 0);
    *ledger = (struct ledger *)(void *)banks;
    *created = strategy != NULL;
    return standin_status(wanted->name);
}

bool banks_owner(struct banks *banks, const char *name, struct bank_owner *owner)
{
    (void)banks;
    *owner = (struct bank_owner){.server = 1, .here = true, .epoch = 1};
    return strcmp(name, "main") == 0;
}

uint64_t banks_server_id(size_t database, uint64_t server)
{
    co_ensure(database == 0);
    return server;
}

uint64_t banks_server_of(uint64_t id, size_t *database)
{
    *database = 0;
    return id;
}

enum bank_life bank_life(struct bank *bank, uint64_t server)
{
    (void)bank, (void)server;
    return BANK_LIVES;
}

bool bank_is_heard(struct bank *bank)
{
    (void)bank;
    return false;
}

int64_t bank_looked_ns(struct bank *bank)
{
    (void)bank;
    return 0;
}

bool banks_is_open(struct banks *banks, char why[LEDGER_REASON])
{
    (void)banks, (void)why;
    return true;
}

void bank_figures(struct bank *bank, size_t index, struct ledger_figures *figures)
{
    co_ensure(index == 0);
    ledger_read_figures((struct ledger *)(void *)bank, figures);
}

bool bank_owner(struct bank *bank, const char *name, struct bank_owner *owner)
{
    return banks_owner((struct banks *)(void *)bank, name, owner);
}

enum ledger_status banks_elsewhere_payee(struct co_context *context, struct banks *banks,
    const char *ledger, const char *id, const struct ledger_open_account *by)
{
    (void)context, (void)banks;
    co_ensure(bank_name_is_valid(ledger) && account_id_is_valid(id) && account_id_is_valid(by->id));
    return standin_status(id);
}

/* Now and then a hold whose text may be anything. */
enum ledger_status banks_elsewhere_hold(struct co_context *context, struct banks *banks,
    const char *ledger, uint64_t seq, struct banks_elsewhere *hold)
{
    (void)context, (void)banks;
    co_ensure(bank_name_is_valid(ledger) && seq >= 1 && seq <= INT64_MAX);
    *hold = (struct banks_elsewhere){.key = strdup(seq % 2 ? "k" : ""), .metadata = strdup(ledger)};
    co_ensure(hold->key && hold->metadata);
    return seq % 3 ? LEDGER_OK : LEDGER_HOLD_NOT_FOUND;
}

void banks_elsewhere_free(struct banks_elsewhere *hold)
{
    free(hold->key);
    free(hold->metadata);
}

uint64_t bank_server(struct bank *bank)
{
    (void)bank;
    return 1;
}

bool bank_peer(struct bank *bank, size_t index, struct lease_peer *peer)
{
    (void)bank;
    *peer = (struct lease_peer){.no = 1, .url = "http://127.0.0.1:8080"};
    return index == 0;
}

int bank_schema(void)
{
    return 1;
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
