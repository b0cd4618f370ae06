/* SPDX-License-Identifier: MIT */
/*
 * The double withdrawal's first cure: check and change under one mutex.
 *
 *     mu.Lock(); defer mu.Unlock()
 *     if balance < amount { return false }
 *     balance -= amount
 */
#include <stdio.h>

#include "coro/co.h"
#include "coro/mutex.h"
#include "coro/runtime.h"
#include "coro/waitgroup.h"

enum { CLIENTS = 100, AMOUNT = 80 };

struct account {
    struct co_mutex mutex;
    int balance; /* under mutex */
};

static bool account_withdraw(struct account *account, int amount)
{
    co_mutex_lock(&account->mutex);
    bool enough = account->balance >= amount;
    co_yield(); /* the same pause: it does no harm now */
    if (enough)
        account->balance -= amount;
    co_mutex_unlock(&account->mutex);
    return enough;
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
    struct account account = {.balance = 100};
    struct co_waitgroup all = {0};
    struct client clients[CLIENTS];
    int paid = 0;
    co_waitgroup_add(&all, CLIENTS);
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = (struct client){.account = &account, .all = &all};
        co_ensure(co_spawn(withdraw, &clients[i]));
    }
    co_waitgroup_wait(&all);
    for (int i = 0; i < CLIENTS; i++)
        paid += clients[i].paid;
    printf("%d of %d withdrawals of %d from 100 were paid\n", paid, CLIENTS, AMOUNT);
    printf("the balance is %d\n", account.balance);
}

int main(void)
{
    return co_runtime_run(NULL, program, NULL) == 0 ? 0 : 1;
}
