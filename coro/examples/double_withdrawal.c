/* SPDX-License-Identifier: MIT */
/*
 * The double withdrawal: an account holds 100, and two withdrawals of 80 both succeed, since each
 * checks the balance before the other one has taken its money.
 *
 *     if balance >= amount { runtime.Gosched(); balance -= amount; return true }
 *
 * The yield stands for whatever makes a program pause there: a query, a log line, the scheduler.
 * The cures: double_withdrawal_mutex.c and double_withdrawal_owner.c.
 */
#include <stdatomic.h>
#include <stdio.h>

#include "coro/co.h"
#include "coro/runtime.h"
#include "coro/waitgroup.h"

enum { CLIENTS = 2, AMOUNT = 80 };

struct account {
    atomic_int balance; /* each access is atomic; what is missing is that both belong together */
};

static bool account_withdraw(struct account *account, int amount)
{
    if (atomic_load(&account->balance) < amount)
        return false;
    co_yield();
    atomic_fetch_sub(&account->balance, amount);
    return true;
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
    struct account account = {100};
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
    printf("the balance is %d\n", atomic_load(&account.balance));
}

int main(void)
{
    const struct co_runtime_options options = {.workers = 1};
    return co_runtime_run(&options, program, NULL) == 0 ? 0 : 1;
}
