/* SPDX-License-Identifier: MIT */
/* Transfers as fast as possible, between many accounts or out of a single one. */
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>

#include "loadtest/crew.h"
#include "loadtest/load.h"
#include "loadtest/scenario.h"

enum { FUNDS = 1000000000, AMOUNT = 10, SETUP_CLIENTS = 64, ACCOUNT_TEXT = 64 };

struct setup {
    const struct load_options *options;
    struct report *report;
    _Atomic int64_t taken;
    _Atomic int64_t failed;
};

static void account_of(
    const struct load_options *options, int64_t index, char account[ACCOUNT_TEXT])
{
    snprintf(account, ACCOUNT_TEXT, "%s%07" PRId64, options->prefix, index + 1);
}

/* The setup has failed: the first answer that was not as expected says why. */
static void fail(struct setup *setup, enum client_status got, const struct response *response)
{
    char name[STATS_OUTCOME_NAME];
    if (setup->failed++ > 0)
        return;
    stats_name(got, response, name);
    report_doubt(setup->report, "the accounts cannot be opened and funded: %s", name);
}

/* Open an account and fund it. Its key is made of its name, so a second run finds it funded. */
static void ready_account(struct setup *setup, struct load_client *client, const char *account)
{
    struct response response;
    char key[ACCOUNT_TEXT + 8];
    enum client_status got = api_open(&client->api, account, &response);
    /* 200: an earlier run has opened it. */
    if (!api_is(got, &response, 201, NULL) && !api_is(got, &response, 200, NULL)) {
        fail(setup, got, &response);
        return;
    }
    snprintf(key, sizeof key, "fund-%s", account);
    got = api_deposit(&client->api, account, FUNDS, key, &response);
    if (!api_is(got, &response, 201, NULL))
        fail(setup, got, &response);
}

static void ready_accounts(size_t index, void *arg)
{
    struct setup *setup = arg;
    struct load_client client;
    char account[ACCOUNT_TEXT];
    co_ensure(load_client_make(setup->options, index, &client));
    int64_t i;
    /* Each takes the next account that nobody has, until one fails. */
    while (!setup->failed && (i = setup->taken++) < setup->options->accounts) {
        account_of(setup->options, i, account);
        ready_account(setup, &client, account);
    }
    load_client_end(&client);
}

static bool sum_of_all(const struct load_options *options, int64_t *sum)
{
    struct load_client client;
    if (!load_client_make(options, 0, &client))
        return false;
    enum client_status got = api_sum(&client.api, options->prefix, sum);
    load_client_end(&client);
    return got == CLIENT_ANSWERED;
}

static enum client_status transfer(struct load_client *client, void *arg, struct response *response)
{
    const struct load_options *options = arg;
    uint64_t accounts = (uint64_t)options->accounts;
    uint64_t from = options->hot ? 0 : dice_below(&client->dice, accounts);
    uint64_t to = dice_below(&client->dice, accounts - 1);
    char key[KEY_SIZE], from_id[ACCOUNT_TEXT], to_id[ACCOUNT_TEXT];
    account_of(options, (int64_t)from, from_id);
    /* Drawn from one fewer, then moved past `from`: never to itself, and all others alike. */
    account_of(options, (int64_t)(to + (to >= from)), to_id);
    key_next(&client->keys, key);
    return api_transfer(&client->api, from_id, to_id, AMOUNT, key, response);
}

static bool run(const struct load_options *options, struct report *report)
{
    struct setup setup = {.options = options, .report = report};
    struct load_options load_options = *options;
    int64_t before, after;
    crew_run(SETUP_CLIENTS, ready_accounts, &setup);
    if (setup.failed)
        return false;
    /* The invariant: transfers among these accounts leave their sum as it was. */
    if (!sum_of_all(options, &before)) {
        report_doubt(report, "the balances could not be read before the run");
        return false;
    }
    if (options->duration > 0)
        load_run(options, report, transfer, &load_options);
    if (!sum_of_all(options, &after)) {
        report_doubt(report, "the balances could not be read after the run");
        return true;
    }
    report_figure(report, "accounts", options->accounts);
    report_figure(report, "sum before", before);
    report_figure(report, "sum after", after);
    if (before != after)
        report_violation(
            report, "money was made or lost: %" PRId64 " before, %" PRId64 " after", before, after);
    return true;
}

const struct scenario scenario_transfers = {
    .name = "transfers",
    .summary = "transfers between many accounts, or out of one hot account",
    .description =
        "Opens the accounts and funds them (a second run finds them ready), then sends transfers\n"
        "of 10, each with a fresh Idempotency-Key, for the duration: between two accounts chosen\n"
        "at random, or with --hot always out of the first. The sum of the accounts' balances must\n"
        "be the same before and after. With --duration 0 it only makes the accounts.",
    .uses = OPTION_LOAD | OPTION_ACCOUNTS,
    .defaults = {.ledger = "main",
        .url = "http://127.0.0.1:8080",
        .prefix = "load-",
        .clients = 256,
        .duration = 10,
        .accounts = 10000,
        .timeout = 30,
        .workers = 1},
    .run = run,
};
