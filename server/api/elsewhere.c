/* SPDX-License-Identifier: MIT */
#include "server/api/elsewhere.h"

#include "coro/clock.h"
#include "coro/co.h"
#include "ledger/ledger_keeping.h"
#include "server/api/api.h"
#include "server/api/call.h"
#include "server/api/request_key.h"
#include "server/forward/forward.h"
#include "server/http/prefer.h"

enum {
    READ_MS = 2500,           /* a read, whose owner answers it within its lease, or never; else */
    WAIT_S = 30,              /* as long as the owner waits, */
    WAIT_MAX_S = 60,          /* or as the client is willing to (call.h), */
    MARGIN_MS = 3000,         /* and until its answer is here */
    LOOK_MS = 20,             /* how often the map is looked at, ... */
    LOOKS_MS = 2000,          /* ... and for how long; */
    LOOKS_UNREACHED_MS = 300, /* and if the owner has nothing to say */
    TRIES = 3,
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

/* Has another one it since, or is it here now? `anyone`: also the one that was asked before. */
static bool has_moved(struct call *call, bool anyone)
{
    const struct bank_owner before = call->elsewhere->owner;
    struct bank_owner owner;
    if (banks_find(call->api->banks, call->path.ledger, &call->ledger) == LEDGER_OK) {
        call->elsewhere = NULL;
        return true;
    }
    if (!find_owner(call, &owner) || !can_ask(call, &owner) ||
        (!anyone && owner.server == before.server && owner.epoch == before.epoch))
        return false;
    note_owner(call, &owner);
    return true;
}

/* Look at the map until it says something else. False: it did not, or the time is over. */
static bool look_again(struct call *call, bool anyone, int64_t looks_ms, int64_t until_ns)
{
    int64_t most_ns = co_clock_now_ns() + looks_ms * CO_CLOCK_MS;
    until_ns = until_ns < most_ns ? until_ns : most_ns;
    for (; co_clock_now_ns() < until_ns; co_sleep(LOOK_MS * CO_CLOCK_MS))
        if (has_moved(call, anyone))
            return true;
    return false;
}

/* ---- asking it ----------------------------------------------------------------------------- */

static bool only_reads(const struct call *call)
{
    return call->request->method == REQUEST_GET || call->request->method == REQUEST_HEAD;
}

/* As long as it may take itself, and a moment for the way. */
static int64_t wait_ns(const struct call *call)
{
    int64_t wait_s;
    bool is_said = prefer_wait(call->request->prefer, &wait_s);
    if (!is_said && only_reads(call))
        return READ_MS * CO_CLOCK_MS - call->request->waited_ns;
    if (!is_said)
        wait_s = WAIT_S;
    wait_s = wait_s < WAIT_MAX_S ? wait_s : WAIT_MAX_S;
    return wait_s * CO_CLOCK_S + MARGIN_MS * CO_CLOCK_MS - call->request->waited_ns;
}

static enum forward_fate pass(struct call *call, bool heeds_key, int64_t until_ns)
{
    const struct bank_owner *owner = &call->elsewhere->owner;
    const struct forward_to to = {.server = banks_server_id(owner->database, owner->server),
        .url = owner->url,
        .wait_ns = until_ns - co_clock_now_ns(),
        .may_repeat = only_reads(call) || (heeds_key && call->request->idempotency_key),
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

static bool has_left(enum forward_fate fate)
{
    return fate == FORWARD_NOT_OWNER || fate == FORWARD_MOVED;
}

/* It was not executed, goes on there, or only reads: who has the ledger since? What cannot be
 * reached may have stopped a moment ago, and handed over what it had. */
static bool may_go_on(struct call *call, enum forward_fate fate, int64_t until_ns)
{
    if (has_left(fate))
        return look_again(call, false, LOOKS_MS, until_ns);
    if (fate == FORWARD_NOT_SENT)
        return look_again(call, false, LOOKS_UNREACHED_MS, until_ns);
    return fate == FORWARD_LOST && only_reads(call) && look_again(call, true, LOOKS_MS, until_ns);
}

bool elsewhere_answer(struct call *call, bool heeds_key)
{
    call->stages.asked_ns = co_clock_now_ns();
    int64_t until_ns = call->stages.asked_ns + wait_ns(call);
    enum forward_fate fate = pass(call, heeds_key, until_ns);
    /* A ledger that moves again and again is followed: each step is a move that somebody made. */
    int tries = !has_left(fate);
    while (tries < TRIES && may_go_on(call, fate, until_ns)) {
        if (!call->elsewhere) {
            call->stages.asked_ns = call->stages.passed_ns = 0;
            return true;
        }
        fate = pass(call, heeds_key, until_ns);
        tries += !has_left(fate);
    }
    if (fate != FORWARD_ANSWERED)
        refuse(call, fate, heeds_key);
    call->heeds_wait = false; /* the owner has said so, if it did */
    return false;
}

void elsewhere_end(struct call *call)
{
    if (call->elsewhere)
        forward_stream_end(&call->elsewhere->events);
}

bool elsewhere_is_gone(void *arg, uint64_t server)
{
    struct api *api = arg;
    struct banks *banks = atomic_load(&api->banks);
    size_t database;
    uint64_t number = banks_server_of(server, &database);
    struct bank *bank = banks && database < banks_count(banks) ? banks_at(banks, database) : NULL;
    return bank && bank_is_gone(bank, number);
}
