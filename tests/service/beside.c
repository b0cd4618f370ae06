/* SPDX-License-Identifier: MIT */
#include "tests/service/beside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/runtime.h"
#include "loadtest/json_view.h"
#include "loadtest/load.h"
#include "tests/service/command.h"
#include "tests/unit.h"

enum { CLIENTS = 32, ANSWER_S = 30 };

/* argv of the other process, and the file that it is. */
enum { PROGRAM, WORD, URL, TOKEN, ACCOUNT, RATE, SECONDS, ARGUMENTS };

/* ---- the process that measures --------------------------------------------------------------- */

struct job {
    const char *account;
    struct load_options options;
    struct report *report;
};

static enum client_status send_one(struct load_client *client, void *arg, struct response *response)
{
    const struct job *job = arg;
    char path[100];
    if (job->options.rate == 0 || dice_below(&client->dice, 2) == 0)
        return api_deposit(&client->api, job->account, 1, NULL, response);
    snprintf(path, sizeof path, "/accounts/%s", job->account);
    return api_get(&client->api, path, response);
}

static void send_all(void *arg)
{
    struct job *job = arg;
    job->report = report_make();
    co_ensure(job->report);
    load_run(&job->options, job->report, send_one, job);
}

int beside_main(int argc, char **argv)
{
    co_ensure(argc == ARGUMENTS);
    struct job job = {.account = argv[ACCOUNT],
        .options = {.ledger = "main",
            .clients = CLIENTS,
            .rate = strtol(argv[RATE], NULL, 10),
            .duration = strtol(argv[SECONDS], NULL, 10),
            .timeout = ANSWER_S,
            .seed = 1}};
    const char *problem = target_make(argv[URL], argv[TOKEN], &job.options.target);
    co_ensure(!problem);
    co_ensure(co_runtime_run(&(struct co_runtime_options){.workers = 1}, send_all, &job) == 0);
    report_print_json(stdout, job.report, argv[WORD], job.options.seed);
    return 0;
}

/* ---- the test's side ------------------------------------------------------------------------- */

/* Of a number of milliseconds with three digits behind the point. */
static int64_t microseconds(struct json_view value)
{
    int64_t result = 0;
    for (size_t i = 0; i < value.length; i++)
        if (value.at[i] != '.')
            result = result * 10 + (value.at[i] - '0');
    return result;
}

/* All outcomes are 200 and 201. */
static bool are_answered(struct json_view outcomes)
{
    struct json_view_walk walk = {.rest = outcomes};
    struct json_view name, count;
    bool all = true;
    while (json_view_next_member(&walk, &name, &count))
        all = all && name.length == 3 && strncmp(name.at, "20", 2) == 0;
    return all;
}

static bool read_report(const struct command *command, struct beside *found)
{
    struct json_view report = json_view_read(command->out, command->length);
    struct json_view latency = json_view_member(report, "latency_ms"),
                     rate = json_view_member(report, "rate");
    if (!json_view_integer(json_view_member(report, "requests"), &found->requests) || !rate.at)
        return false;
    found->p50_us = microseconds(json_view_member(latency, "p50"));
    found->p99_us = microseconds(json_view_member(latency, "p99"));
    found->max_us = microseconds(json_view_member(latency, "max"));
    found->rate = strtoll(rate.at, NULL, 10);
    return are_answered(json_view_member(report, "outcomes"));
}

void beside_measure(
    const struct service *service, const char *account, int rate, int seconds, struct beside *found)
{
    struct command command = {.out = NULL};
    char rate_text[16], seconds_text[16];
    *found = (struct beside){.requests = 0};
    snprintf(rate_text, sizeof rate_text, "%d", rate);
    snprintf(seconds_text, sizeof seconds_text, "%d", seconds);
    const char *const argv[] = {[PROGRAM] = "/proc/self/exe",
        [WORD] = BESIDE_WORD,
        [URL] = service->url,
        [TOKEN] = service->target.token,
        [ACCOUNT] = account,
        [RATE] = rate_text,
        [SECONDS] = seconds_text,
        [ARGUMENTS] = NULL};
    command_run(&command, argv);
    bool good = command.exit_code == 0 && read_report(&command, found);
    if (!good)
        command_print(&command);
    CU_ASSERT(good);
    command_free(&command);
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

int64_t beside_median(int64_t *values, size_t count)
{
    qsort(values, count, sizeof *values, compare);
    return values[count / 2];
}
