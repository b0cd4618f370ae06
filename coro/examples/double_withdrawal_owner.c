/* SPDX-License-Identifier: MIT */
/*
 * The double withdrawal's second cure: an owner coroutine. Only it knows the balance; whoever wants
 * money sends a request with a channel for the answer, and they are decided one by one.
 *
 *     for r := range requests { ok := balance >= r.amount; if ok { balance -= r.amount }; r.reply
 * <- ok }
 */
#include <stdio.h>

#include "coro/chan.h"
#include "coro/co.h"
#include "coro/runtime.h"
#include "coro/waitgroup.h"

enum { CLIENTS = 100, AMOUNT = 80 };

struct request {
    int amount;
    struct co_chan *reply;
};

struct account {
    struct co_chan *requests;
    int balance; /* the owner's alone, until it has ended */
    struct co_waitgroup open;
};

static void own(void *arg)
{
    struct account *account = arg;
    struct request request;
    while (co_chan_recv(account->requests, &request) == CO_CHAN_OK) {
        bool enough = account->balance >= request.amount;
        co_yield(); /* nobody else can touch the balance */
        if (enough)
            account->balance -= request.amount;
        co_ensure(co_chan_send(request.reply, &enough) == CO_CHAN_OK);
    }
    co_waitgroup_done(&account->open);
}

static bool account_withdraw(struct account *account, int amount)
{
    bool paid;
    struct request request = {amount, co_chan_make(sizeof paid, 1)};
    co_ensure(request.reply);
    co_ensure(co_chan_send(account->requests, &request) == CO_CHAN_OK);
    co_ensure(co_chan_recv(request.reply, &paid) == CO_CHAN_OK);
    co_chan_free(&request.reply);
    return paid;
}

struct client {
    struct account *account;
    struct co_waitgroup *all;
    bool paid;
};

static void withdraw(void *arg)
{
    struct client *client = arg;
    client->paid = account_withdraw(client->account, AMOUNT);
    co_waitgroup_done(client->all);
}

static void program(void *arg)
{
    (void)arg;
    struct account account = {.requests = co_chan_make(sizeof(struct request), 0), .balance = 100};
    struct co_waitgroup all = {0};
    struct client clients[CLIENTS];
    int paid = 0;
    co_waitgroup_add(&account.open, 1);
    co_ensure(account.requests && co_spawn(own, &account));
    co_waitgroup_add(&all, CLIENTS);
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = (struct client){.account = &account, .all = &all};
        co_ensure(co_spawn(withdraw, &clients[i]));
    }
    co_waitgroup_wait(&all);
    co_chan_close(account.requests);
    co_waitgroup_wait(&account.open);
    for (int i = 0; i < CLIENTS; i++)
        paid += clients[i].paid;
    printf("%d of %d withdrawals of %d from 100 were paid\n", paid, CLIENTS, AMOUNT);
    printf("the balance is %d\n", account.balance);
    co_chan_free(&account.requests);
}

int main(void)
{
    return co_runtime_run(NULL, program, NULL) == 0 ? 0 : 1;
}
