/* SPDX-License-Identifier: MIT */
#include "server/api/ledgers.h"

#include <string.h>

#include "ledger/bank/strategy_list.h"
#include "server/api/api.h"
#include "server/api/body.h"
#include "server/api/elsewhere.h"
#include "server/api/paging.h"

const char *ledgers_state_name(enum ledger_state state)
{
    switch (state) {
    case LEDGER_RUNNING:
        return "running";
    case LEDGER_RECOVERING:
        return "recovering";
    case LEDGER_FENCED:
        return "fenced";
    case LEDGER_STOPPED:
        return "stopped";
    case LEDGER_LOST:
        return "lost";
    case LEDGER_ELSEWHERE:
        return "standing_by";
    case LEDGER_FOLLOWING:
        return "following";
    case LEDGER_CLOSED:
        return "closed";
    case LEDGER_OPENING:
        break;
    }
    return "opening";
}

static void write_ledger(
    struct json_out *out, const char *database, const struct ledger_figures *figures)
{
    json_out_open(out, '{');
    json_out_key(out, "name");
    json_out_text(out, figures->name);
    json_out_key(out, "strategy");
    json_out_text(out, figures->strategy);
    json_out_key(out, "state");
    json_out_text(out, ledgers_state_name(figures->state));
    json_out_key(out, "frozen");
    json_out_bool(out, figures->frozen);
    json_out_key(out, "seq");
    json_out_number(out, figures->durable_seq);
    json_out_key(out, "epoch");
    json_out_number(out, figures->epoch);
    json_out_key(out, "accounts");
    json_out_number(out, figures->accounts);
    json_out_key(out, "database");
    json_out_text(out, database);
    json_out_close(out, '}');
}

void ledgers_answer(struct call *call)
{
    struct banks *banks = call->api->banks;
    struct ledger_figures figures;
    struct json_out out;
    size_t database;
    /* One reading, so that the position belongs to the other figures. */
    ledger_read_figures(call->ledger, &figures);
    (void)banks_home(banks, figures.name, &database);
    json_out_begin(&out, call->arena);
    write_ledger(&out, banks_database(banks, database), &figures);
    call_ok(call, &out, figures.durable_seq);
}

void ledgers_get(struct call *call)
{
    ledgers_answer(call);
}

struct listing {
    struct call *call;
    struct json_out out;
    struct paging paging;
    const char *database;
    uint64_t written, last, next; /* numbers of ledgers */
};

/* A ledger's number is its place in the order of their making, from 1, database by database. */
static void list_bank(struct listing *listing, size_t database, struct bank *bank)
{
    const struct paging *paging = &listing->paging;
    struct ledger_figures ledger;
    size_t count = bank_count(bank);
    for (size_t i = 0; i < count && !listing->next; i++) {
        size_t at = paging->descends ? count - 1 - i : i;
        uint64_t number = ((uint64_t)database << 32) + at + 1;
        if (!paging_has(paging, number))
            continue;
        bank_figures(bank, at, &ledger);
        if (!token_grant_has_ledger(&listing->call->grant, ledger.name))
            continue;
        /* There is another one, but no room for it. */
        if (listing->written == paging->limit)
            listing->next = listing->last;
        else
            write_ledger(&listing->out, listing->database, &ledger);
        listing->written++;
        listing->last = number;
    }
}

/* Nobody knows what ledgers those have that were not there since the start: the list is not whole,
 * and says so. */
static void write_missing(struct json_out *out, struct banks *banks)
{
    json_out_key(out, "missing");
    json_out_open(out, '[');
    for (size_t i = 0; i < banks_count(banks); i++)
        if (!banks_at(banks, i))
            json_out_text(out, banks_database(banks, i));
    json_out_close(out, ']');
}

void ledgers_list(struct call *call)
{
    struct banks *banks = call->api->banks;
    struct listing listing = {.call = call};
    if (!paging_read(call, &listing.paging))
        return;
    paging_open(&listing.out, call);
    size_t count = banks_count(banks);
    for (size_t i = 0; i < count; i++) {
        size_t database = listing.paging.descends ? count - 1 - i : i;
        listing.database = banks_database(banks, database);
        if (banks_at(banks, database))
            list_bank(&listing, database, banks_at(banks, database));
    }
    paging_close_items(&listing.out, listing.next);
    write_missing(&listing.out, banks);
    json_out_close(&listing.out, '}');
    call_ok_anywhere(call, &listing.out); /* each has a position of its own */
}

/* One of the service's; without one it is chosen. */
static bool read_database(struct call *call, const struct body *body, const char **database)
{
    const struct json_in *given = body_given(body, BODY_DATABASE);
    const char *name = given ? json_in_text(given) : NULL;
    size_t index;
    if (given && (!name || !banks_index(call->api->banks, name, &index))) {
        body_refuse(call, body, BODY_DATABASE, "must be the name of a database of this service");
        return false;
    }
    *database = name;
    return true;
}

static bool read_ledger(struct call *call, struct banks_wanted *wanted)
{
    const char **name = &wanted->name, **strategy = &wanted->strategy;
    struct body body;
    if (!body_read(call, BODY_HAS_NAME | BODY_HAS_STRATEGY | BODY_HAS_DATABASE, &body))
        return false;
    *name = json_in_text(body.members[BODY_NAME]);
    if (!*name || !bank_name_is_valid(*name)) {
        body_refuse(call, &body, BODY_NAME,
            "must be 1-64 characters of A-Z a-z 0-9 _ . -, and not \".\" or \"..\"");
        return false;
    }
    /* Without one the ledger follows --strategy. */
    const struct json_in *given = body_given(&body, BODY_STRATEGY);
    *strategy = given ? json_in_text(given) : NULL;
    if (!given || (*strategy && strategy_list_known(*strategy, strlen(*strategy))))
        return read_database(call, &body, &wanted->database);
    body_refuse(call, &body, BODY_STRATEGY, "must be owner or sharded");
    return false;
}

/* One that is there already, at another server, which is asked. */
static bool is_passed_on(struct call *call, const char *name)
{
    struct bank_owner owner;
    if (!banks_owner(call->api->banks, name, &owner) || !banks_owner_is_other(&owner))
        return false;
    call->path.ledger = call_copy(call, name);
    if (!elsewhere_find(call) || !elsewhere_answer(call, true))
        return true;
    /* It is here now; it is entered again below. */
    ledger_leave(call->ledger);
    call->ledger = NULL;
    return false;
}

void ledgers_post(struct call *call)
{
    struct banks_wanted wanted;
    bool created = false;
    if (!read_ledger(call, &wanted) || is_passed_on(call, wanted.name))
        return;
    enum ledger_status status =
        banks_create(call_context(call), call->api->banks, &wanted, &call->ledger, &created);
    /* Another server took it meanwhile. */
    if (status == LEDGER_UNAVAILABLE && is_passed_on(call, wanted.name))
        return;
    /* It may be known why. */
    if (status == LEDGER_UNAVAILABLE && !elsewhere_learn(call, wanted.name) &&
        call->refusal.status == LEDGER_UNAVAILABLE)
        return;
    if (status != LEDGER_OK) {
        call_refuse_status(call, status, 0);
        return;
    }
    ledgers_answer(call);
    /* A ledger that was there already is 200. */
    if (created) {
        call->path.ledger = call_copy(call, wanted.name);
        call->response->status = 201;
        call->location = call_path(call, NULL, NULL);
    }
}
