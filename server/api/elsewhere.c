/* SPDX-License-Identifier: MIT */
#include "server/api/elsewhere.h"

#include "coro/clock.h"
#include "coro/co.h"
#include "ledger/ledger_keeping.h"
#include "server/api/api.h"
#include "server/api/call.h"
#include "server/api/request_key.h"
#include "server/forward/forward.h"

enum {
    MARGIN_MS = 3000, /* its answer may take that much longer than the owner may take itself */
    LOOK_MS = 20,     /* how often the map is looked at */
    STOPS_MS = 2000,  /* for how long an owner that beats is dialled: it may be about to stop */
    TRIES = 3,        /* of what is lost on its way */
};

static const char
    out_of_reach[] = "Another server has this ledger, and cannot be reached. Nothing was done.",
    abroad[] = "This ledger is in a database that this server was not told of (--database): ask a "
               "server that was. Nothing was done.",
    unsure[] = "This server does not know whether there is such a ledger, and the database does "
               "not say. Nothing was done.";

/* ---- who has it ---------------------------------------------------------------------------- */

/* False: none has it, or this one. */
static bool find_owner(const struct call *call, struct bank_owner *owner)
{
    return banks_owner(call->api->banks, call->path.ledger, owner) && banks_owner_is_other(owner);
}

static bool can_ask(const struct call *call, const struct bank_owner *owner)
{
    return call->api->forward && forward_reaches(call->api->forward, owner->url);
}

static void refuse_unreached(struct call *call)
{
    call_refuse_status(call, LEDGER_UNAVAILABLE, 0);
    call->refusal.detail = out_of_reach;
}

static void note_owner(struct call *call, const struct bank_owner *owner)
{
    struct elsewhere *elsewhere = arena_alloc(call->arena, sizeof *elsewhere);
    *elsewhere = (struct elsewhere){.owner = *owner};
    call->elsewhere = elsewhere;
}

bool elsewhere_find(struct call *call)
{
    struct bank_owner owner;
    bool is_there = find_owner(call, &owner);
    if (call->request->hop && !owner.here) {
        call_refuse_as(call, &problem_not_owner, NULL);
        return false;
    }
    if (!is_there)
        call_refuse_status(call, LEDGER_UNAVAILABLE, 0);
    else if (!can_ask(call, &owner))
        refuse_unreached(call);
    else
        note_owner(call, &owner);
    return call->elsewhere != NULL;
}

bool elsewhere_learn(struct call *call, const char *name)
{
    enum banks_learned learned = banks_learn(call_context(call), call->api->banks, name);
    if (learned == BANKS_NONE)
        call_refuse_status(call, LEDGER_LEDGER_NOT_FOUND, 0);
    else if (learned != BANKS_KNOWN) {
        call_refuse_status(call, LEDGER_UNAVAILABLE, 0);
        call->refusal.detail = learned == BANKS_ABROAD ? abroad : unsure;
    }
    return learned == BANKS_KNOWN;
}

bool elsewhere_enter(struct call *call)
{
    struct banks *banks = call->api->banks;
    bool moves;
    call->elsewhere = NULL;
    enum ledger_status status = banks_find_moving(banks, call->path.ledger, &call->ledger, &moves);
    if (status == LEDGER_LEDGER_NOT_FOUND) {
        if (!elsewhere_learn(call, call->path.ledger))
            return false;
        status = banks_find_moving(banks, call->path.ledger, &call->ledger, &moves);
    }
    if (moves)
        status = banks_await(call_context(call), banks, call->path.ledger, &call->ledger);
    if (status == LEDGER_UNAVAILABLE)
        return elsewhere_find(call);
    if (status != LEDGER_OK)
        call_refuse_status(call, status, 0);
    return status == LEDGER_OK;
}

void elsewhere_leave(struct call *call)
{
    if (call->ledger)
        ledger_leave(call->ledger);
    call->ledger = NULL;
}

/* Has another one it since, or is it here now? One that is on its way is waited for. `anyone`: also
 * the one that was asked before. */
static bool has_moved(struct call *call, bool anyone)
{
    struct banks *banks = call->api->banks;
    const struct bank_owner before = call->elsewhere->owner;
    struct bank_owner owner;
    bool moves;
    enum ledger_status status = banks_find_moving(banks, call->path.ledger, &call->ledger, &moves);
    if (status != LEDGER_OK && moves)
        status = banks_await(call_context(call), banks, call->path.ledger, &call->ledger);
    if (status == LEDGER_OK) {
        call->elsewhere = NULL;
        return true;
    }
    if (!find_owner(call, &owner) || !can_ask(call, &owner) ||
        (!anyone && owner.server == before.server && owner.epoch == before.epoch))
        return false;
    note_owner(call, &owner);
    return true;
}

/* ---- asking it ----------------------------------------------------------------------------- */

static bool only_reads(const struct call *call)
{
    return call->request->method == REQUEST_GET || call->request->method == REQUEST_HEAD;
}

/* As long as the owner may take itself, and a moment for the way. */
static int64_t answer_until_ns(struct call *call)
{
    int64_t deadline_ns;
    bool has_deadline = co_context_deadline(call_context(call), &deadline_ns);
    co_ensure(has_deadline);
    return deadline_ns + MARGIN_MS * CO_CLOCK_MS;
}

static enum forward_fate pass(struct call *call, bool heeds_key, int64_t until_ns)
{
    const struct bank_owner *owner = &call->elsewhere->owner;
    const struct forward_to to = {.server = banks_server_id(owner->database, owner->server),
        .url = owner->url,
        .wait_ns = until_ns - co_clock_now_ns(),
        .may_repeat = only_reads(call) || (heeds_key && call->request->idempotency_key),
        .only_reads = only_reads(call),
        .has_begun = call->has_begun};
    enum forward_fate fate = forward_pass(
        call->api->forward, &to, call->request, call->response, &call->elsewhere->events);
    call->stages.passed_ns = co_clock_now_ns();
    call->has_begun = call->has_begun || fate == FORWARD_MOVED;
    return fate;
}

static void refuse_unknown(struct call *call, bool heeds_key)
{
    bool good;
    call_refuse_status(call, LEDGER_OUTCOME_UNKNOWN, 0);
    /* Where it can be asked for is told of what a ledger keeps by its key. */
    if (heeds_key && call->path.ledger)
        call->refusal.key =
            request_key_of_header(call->arena, call->request->idempotency_key, &good);
}

/* There is no answer of that server. */
static void refuse(struct call *call, enum forward_fate fate, bool heeds_key)
{
    if (call->has_begun || (fate == FORWARD_LOST && !only_reads(call)))
        refuse_unknown(call, heeds_key);
    else if (fate == FORWARD_FULL)
        call_refuse_as(call, &problem_overloaded, "Too many requests wait for other servers.");
    else
        refuse_unreached(call);
}

struct asking {
    struct call *call;
    enum forward_fate fate;         /* of the last time */
    int64_t until_ns, unreached_ns; /* unreached: since then, time after time; 0: it was */
    int lost;                       /* times */
};

static enum bank_life life_of_owner(const struct call *call)
{
    const struct bank_owner *owner = &call->elsewhere->owner;
    return bank_life(banks_at(call->api->banks, owner->database), owner->server);
}

/* May whoever was asked just now be asked once more? `is_newer`: the map was looked at since. */
static bool may_ask_again(const struct asking *asking, bool is_newer)
{
    switch (asking->fate) {
    case FORWARD_LOST: /* what only reads */
        return life_of_owner(asking->call) < BANK_SILENT;
    case FORWARD_NOT_SENT: /* it has stopped, and handed over what it had, or does so; or is dead */
        return is_newer && life_of_owner(asking->call) == BANK_LIVES &&
               co_clock_now_ns() - asking->unreached_ns < STOPS_MS * CO_CLOCK_MS;
    default: /* what it has not got, others or it know better by now */
        return is_newer;
    }
}

/* Look at the map until it says whom to ask now. False: it does not, though it is newer; or the
 * database does not answer, or the time is over. */
static bool look_again(struct asking *asking)
{
    struct call *call = asking->call;
    struct bank *bank = banks_at(call->api->banks, call->elsewhere->owner.database);
    int64_t since_ns = co_clock_boot_ns();
    for (bool is_newer = false; !is_newer || call->has_begun; co_sleep(LOOK_MS * CO_CLOCK_MS)) {
        is_newer = bank_looked_ns(bank) > since_ns;
        if (has_moved(call, may_ask_again(asking, is_newer)))
            return true;
        if (co_clock_now_ns() >= asking->until_ns || !bank_is_heard(bank))
            break;
    }
    return false;
}

/* It was not executed, goes on elsewhere, or only reads: who has the ledger since? */
static bool may_go_on(struct asking *asking)
{
    bool is_over = asking->fate == FORWARD_ANSWERED || asking->fate == FORWARD_FULL ||
                   (asking->fate == FORWARD_LOST && !only_reads(asking->call));
    return !is_over && asking->lost < TRIES && look_again(asking);
}

static void ask(struct asking *asking, bool heeds_key)
{
    asking->fate = pass(asking->call, heeds_key, asking->until_ns);
    asking->lost += asking->fate == FORWARD_LOST;
    if (asking->fate != FORWARD_NOT_SENT)
        asking->unreached_ns = 0;
    else if (!asking->unreached_ns)
        asking->unreached_ns = co_clock_now_ns();
}

bool elsewhere_answer(struct call *call, bool heeds_key)
{
    struct asking asking = {.call = call, .until_ns = answer_until_ns(call)};
    call->stages.asked_ns = co_clock_now_ns();
    ask(&asking, heeds_key);
    /* A ledger that moves again and again is followed: each step is a move that somebody made. */
    while (may_go_on(&asking)) {
        if (!call->elsewhere) {
            call->stages.asked_ns = co_clock_now_ns();
            call->stages.passed_ns = 0;
            return true;
        }
        ask(&asking, heeds_key);
    }
    if (asking.fate != FORWARD_ANSWERED)
        refuse(call, asking.fate, heeds_key);
    call->heeds_wait = false; /* the owner has said so, if it did */
    return false;
}

void elsewhere_end(struct call *call)
{
    if (call->elsewhere)
        forward_stream_end(&call->elsewhere->events);
}

static enum bank_life life_of(struct api *api, uint64_t server)
{
    struct banks *banks = atomic_load(&api->banks);
    size_t database;
    uint64_t number = banks_server_of(server, &database);
    struct bank *bank = banks && database < banks_count(banks) ? banks_at(banks, database) : NULL;
    return bank ? bank_life(bank, number) : BANK_LIVES;
}

bool elsewhere_is_gone(void *arg, uint64_t server)
{
    return life_of(arg, server) == BANK_ENDED;
}

bool elsewhere_is_silent(void *arg, uint64_t server)
{
    return life_of(arg, server) >= BANK_SILENT;
}
