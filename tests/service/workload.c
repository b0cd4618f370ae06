/* SPDX-License-Identifier: MIT */
#include "tests/service/workload.h"

#include <stdlib.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "loadtest/dice.h"

enum {
    CLIENT_SECONDS = 20,
    SHORT_SECONDS = 2,
    PAUSE_MS = 5,
    AGAIN_MS = 25, /* sooner, clients of a service that is away take the processor it starts on */
    AMOUNT_MAX = 100
};

static bool ready_accounts(const struct service *service)
{
    struct response response;
    char name[16];
    struct api api = {client_make(&service->target, CLIENT_SECONDS * CO_CLOCK_S), "main"};
    co_ensure(api.client);
    bool ready = true;
    for (unsigned i = 0; ready && i < HISTORY_ACCOUNTS; i++) {
        history_account(i, name);
        ready =
            api_is(api_open(&api, name, &response), &response, 201, NULL) &&
            api_is(api_deposit(&api, name, HISTORY_FUNDS, NULL, &response), &response, 201, NULL);
    }
    client_free(&api.client);
    return ready;
}

/* The client's own hold, in full or in part, or not after all. */
static void settle(struct op *op, const struct op *hold, struct dice *dice)
{
    op->kind = dice_below(dice, 2) ? OP_CAPTURE : OP_RELEASE;
    op->from = hold->from;
    op->to = hold->to;
    op->hold = hold->seq;
    op->amount = 1 + (int32_t)dice_below(dice, (uint64_t)hold->amount);
}

/* hold: what it has on hold and did not try to settle yet; seq 0: nothing. */
static void choose(struct op *op, struct op *hold, struct dice *dice, struct key_source *keys)
{
    static const uint8_t kinds[] = {OP_DEPOSIT, OP_WITHDRAW, OP_WITHDRAW, OP_TRANSFER, OP_TRANSFER,
        OP_TRANSFER, OP_HOLD, OP_HOLD, OP_BATCH, OP_BATCH, OP_READ, OP_READ};
    op->kind = kinds[dice_below(dice, sizeof kinds)];
    op->from = (uint8_t)dice_below(dice, HISTORY_ACCOUNTS);
    op->to = (uint8_t)((op->from + 1 + dice_below(dice, HISTORY_ACCOUNTS - 1)) % HISTORY_ACCOUNTS);
    op->amount = 1 + (int32_t)dice_below(dice, AMOUNT_MAX);
    op->atomic = op->kind == OP_BATCH && dice_below(dice, 2);
    if (op->kind == OP_HOLD && hold->seq > 0) {
        settle(op, hold, dice);
        hold->seq = 0;
    }
    if (op->kind != OP_READ)
        key_next(keys, op->key);
}

static bool is_final(const struct op *op)
{
    return op->outcome == OP_DONE || op->outcome == OP_REFUSED;
}

static void send_once(struct workload *workload, struct api *api, struct op *op)
{
    int64_t since_ns = co_clock_now_ns();
    if (!history_send(api, op))
        workload->failed = true;
    int64_t took_ns = co_clock_now_ns() - since_ns, slowest_ns = workload->slowest_ns;
    while (took_ns > slowest_ns &&
           !atomic_compare_exchange_weak(&workload->slowest_ns, &slowest_ns, took_ns))
        ;
}

/* One client's ways to the service; the second one is there only if there is a standby. */
struct ways {
    struct api apis[2];
    int at; /* which one it uses now */
};

static struct ways make_ways(const struct workload *workload)
{
    struct ways ways = {.at = 0};
    const struct target *targets[] = {&workload->service->target, workload->standby};
    int64_t seconds = workload->standby ? SHORT_SECONDS : CLIENT_SECONDS;
    for (int i = 0; i < 2 && targets[i]; i++) {
        ways.apis[i] = (struct api){client_make(targets[i], seconds * CO_CLOCK_S), "main"};
        co_ensure(ways.apis[i].client);
    }
    return ways;
}

static void free_ways(struct ways *ways)
{
    for (int i = 0; i < 2; i++)
        if (ways->apis[i].client)
            client_free(&ways->apis[i].client);
}

/* One op; every second client insists until it has a final answer, the others leave it unknown. */
static void one_op(struct workload *workload, struct ways *ways, struct op *op, bool insists)
{
    for (;;) {
        send_once(workload, &ways->apis[ways->at], op);
        if (is_final(op)) {
            workload->answered++;
            return;
        }
        ways->at = workload->standby ? !ways->at : 0;
        co_sleep(AGAIN_MS * CO_CLOCK_MS);
        if (op->outcome == OP_ABSENT || !insists || workload->stop || workload->failed)
            return;
    }
}

static void one_client(void *arg)
{
    struct workload *workload = arg;
    size_t index = workload->started++;
    struct history *history = &workload->histories[index];
    struct dice dice = dice_make(workload->seed, index);
    struct key_source keys = key_source_make(workload->seed, (uint32_t)index);
    struct op hold = {0};
    struct ways ways = make_ways(workload);
    while (!workload->stop && !workload->failed) {
        struct op *op = history_add(history);
        choose(op, &hold, &dice, &keys);
        one_op(workload, &ways, op, index % 2 == 0);
        if (op->kind == OP_HOLD && op->outcome == OP_DONE)
            hold = *op;
        if (workload->pause_ns > 0)
            co_sleep(workload->pause_ns);
    }
    free_ways(&ways);
    co_waitgroup_done(&workload->running);
}

bool workload_start(
    struct workload *workload, const struct service *service, size_t clients, uint64_t seed)
{
    return workload_start_between(workload, service, NULL, clients, seed);
}

bool workload_start_between(struct workload *workload, const struct service *service,
    const struct target *standby, size_t clients, uint64_t seed)
{
    *workload =
        (struct workload){.service = service, .standby = standby, .clients = clients, .seed = seed};
    if (!ready_accounts(service))
        return false;
    workload->histories = calloc(clients, sizeof workload->histories[0]);
    co_ensure(workload->histories);
    co_waitgroup_add(&workload->running, (int64_t)clients);
    for (size_t i = 0; i < clients; i++)
        co_ensure(co_spawn(one_client, workload));
    return true;
}

bool workload_await(struct workload *workload, size_t more, int64_t timeout_ns)
{
    size_t target = workload->answered + more;
    int64_t until = co_clock_now_ns() + timeout_ns;
    while (workload->answered < target && !workload->failed) {
        if (co_clock_now_ns() > until)
            return false;
        co_sleep(PAUSE_MS * CO_CLOCK_MS);
    }
    return !workload->failed;
}

void workload_stop(struct workload *workload)
{
    workload->stop = true;
    co_waitgroup_wait(&workload->running);
}

bool workload_settle(struct workload *workload, int64_t timeout_ns)
{
    struct api api = {client_make(&workload->service->target, CLIENT_SECONDS * CO_CLOCK_S), "main"};
    int64_t until = co_clock_now_ns() + timeout_ns;
    bool settled = true;
    co_ensure(api.client);
    for (size_t c = 0; c < workload->clients; c++)
        for (size_t i = 0; i < workload->histories[c].count; i++) {
            struct op *op = &workload->histories[c].ops[i];
            while (op->outcome == OP_UNKNOWN && settled) {
                settled = history_send(&api, op) && co_clock_now_ns() < until;
                if (op->outcome == OP_UNKNOWN)
                    co_sleep(PAUSE_MS * CO_CLOCK_MS);
            }
            if (op->kind == OP_BATCH && op->outcome == OP_DONE && settled)
                settled = history_replay(&api, op);
        }
    client_free(&api.client);
    return settled;
}

void workload_free(struct workload *workload)
{
    for (size_t i = 0; workload->histories && i < workload->clients; i++)
        history_free(&workload->histories[i]);
    free(workload->histories);
    workload->histories = NULL;
}
