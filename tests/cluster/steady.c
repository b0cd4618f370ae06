/* SPDX-License-Identifier: MIT */
#include "tests/cluster/steady.h"

#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"

enum { FIRST_STREAM = 3000, ANSWER_S = 30, PAUSE_MS = 5 };

void steady_make(struct steady *steady, unsigned long seed)
{
    memset(steady, 0, sizeof *steady);
    for (uint32_t i = 0; i < STEADY_CLIENTS; i++)
        steady->keys[i] = key_source_make(seed, FIRST_STREAM + i);
}

void steady_free(struct steady *steady)
{
    for (int i = 0; i < STEADY_CLIENTS; i++)
        history_free(&steady->histories[i]);
}

static void pay(struct steady *steady, struct api *api, int number)
{
    struct op *op = history_add(&steady->histories[number]);
    op->kind = OP_DEPOSIT;
    op->amount = 1;
    key_next(&steady->keys[number], op->key);
    bool fine = history_send(api, op);
    steady->asked++;
    steady->failed += !fine || op->outcome != OP_DONE;
}

static void go_on(void *arg)
{
    struct steady *steady = arg;
    int number = steady->joined++ % STEADY_CLIENTS;
    struct api api = {client_make(steady->target, ANSWER_S * CO_CLOCK_S), "main"};
    co_ensure(api.client);
    while (!steady->stop) {
        pay(steady, &api, number);
        co_sleep(PAUSE_MS * CO_CLOCK_MS);
    }
    client_free(&api.client);
    co_waitgroup_done(&steady->running);
}

void steady_begin(struct steady *steady, const struct target *target)
{
    long before = steady->asked;
    steady->target = target;
    steady->stop = false;
    co_waitgroup_add(&steady->running, STEADY_CLIENTS);
    for (int i = 0; i < STEADY_CLIENTS; i++)
        co_ensure(co_spawn(go_on, steady));
    while (steady->asked < before + STEADY_CLIENTS)
        co_sleep(PAUSE_MS * CO_CLOCK_MS);
}

void steady_end(struct steady *steady)
{
    steady->stop = true;
    co_waitgroup_wait(&steady->running);
}
