/* SPDX-License-Identifier: MIT */
#include "tests/faults/trial.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "loadtest/json_view.h"
#include "tests/faults/model.h"
#include "tests/service/checker.h"
#include "tests/service/visit.h"

enum { CLIENTS = 64, SHOWN = 10, PATIENCE_SECONDS = 90 };

struct trial_tally trial_tally;

bool trial_is_long(void)
{
    const char *form = getenv("FAULTS");
    return form && strcmp(form, "long") == 0;
}

void trial_begin_with(
    struct trial *trial, const char *strategy, const char *const *arguments, size_t clients)
{
    CU_ASSERT_FATAL(service_make(&trial->service, strategy, arguments));
    trial->dice = dice_make(unit_seed(), 11);
    CU_ASSERT_FATAL(workload_start(&trial->workload, &trial->service, clients, unit_seed() + 1));
}

void trial_begin(struct trial *trial, const char *strategy, const char *const *arguments)
{
    trial_begin_with(trial, strategy, arguments, CLIENTS);
}

void trial_progress(struct trial *trial, size_t more)
{
    CU_ASSERT(workload_await(&trial->workload, more, PATIENCE_SECONDS * CO_CLOCK_S));
}

void trial_pause(struct trial *trial, unsigned most_ms)
{
    co_sleep((int64_t)dice_below(&trial->dice, most_ms) * CO_CLOCK_MS);
}

bool trial_restart(struct trial *trial, const char *failpoints)
{
    if (failpoints)
        setenv("TELLER_FAILPOINTS", failpoints, 1);
    trial->service.quiet = failpoints != NULL;
    bool up = service_run(&trial->service);
    unsetenv("TELLER_FAILPOINTS");
    CU_ASSERT(up || failpoints);
    return up;
}

void trial_kill(struct trial *trial)
{
    if (trial->service.pid == 0)
        return;
    service_kill(&trial->service);
    trial_tally.kills++;
}

long trial_metric(const struct service *service, const char *name)
{
    char line[100];
    struct visit visit;
    visit_begin(&visit, service);
    visit_get(&visit, "/metrics");
    snprintf(line, sizeof line, "\n%s ", name);
    const char *at = visit.response.status == 200 ? strstr(visit.response.body, line) : NULL;
    long value = at ? strtol(at + strlen(line), NULL, 10) : -1;
    visit_end(&visit);
    return value;
}

/* Lead the model through the journal, page after page. False: a page cannot be read. */
static bool replay(struct visit *visit, struct model *model)
{
    struct json_view item;
    char path[64], key[100], kind[20];
    int64_t before = -1;
    while (model->seq > before) {
        before = model->seq;
        snprintf(path, sizeof path, "/journal?limit=1000&after=%lld", (long long)before);
        visit_get(visit, path);
        if (visit->response.status != 200)
            return false;
        struct json_view_walk walk = {.rest = json_view_member(visit->body, "items")};
        while (json_view_next(&walk, &item)) {
            if (!json_view_copy(json_view_member(item, "key"), key, sizeof key))
                key[0] = '\0';
            CU_ASSERT(json_view_copy(json_view_member(item, "kind"), kind, sizeof kind));
            model_step(model, key, kind);
        }
    }
    return true;
}

static size_t ask_model(struct visit *visit, struct trial *trial)
{
    struct model model;
    model_begin(&model, trial->workload.histories, trial->workload.clients, SHOWN);
    if (!replay(visit, &model))
        return model_break_off(&model);
    for (unsigned i = 0; i < HISTORY_ACCOUNTS; i++) {
        char name[16], path[40];
        int64_t balance = -1, held = -1;
        history_account(i, name);
        snprintf(path, sizeof path, "/accounts/%s", name);
        visit_get(visit, path);
        (void)json_view_integer(json_view_member(visit->body, "balance"), &balance);
        (void)json_view_integer(json_view_member(visit->body, "held"), &held);
        model_balance(&model, i, balance, held);
    }
    return model_end(&model);
}

static size_t compare(struct trial *trial, struct checker_figures *figures)
{
    struct visit visit;
    visit_begin(&visit, &trial->service);
    size_t problems =
        checker_run(&visit.api, trial->workload.histories, trial->workload.clients, SHOWN, figures);
    if (!figures->unread)
        problems += ask_model(&visit, trial);
    visit_end(&visit);
    CU_ASSERT_EQUAL(problems, 0);
    trial_tally.violations += problems;
    return problems;
}

void trial_verify(struct trial *trial)
{
    struct workload *workload = &trial->workload;
    struct checker_figures before = {0}, after = {0};
    workload_stop(workload);
    CU_ASSERT_FALSE(workload->failed);
    bool ready = service_await_ready(&trial->service, PATIENCE_SECONDS * CO_CLOCK_S);
    CU_ASSERT(ready);
    if (!ready) {
        printf("\n    the service did not come back, so nothing can be compared\n    ");
        trial_tally.violations++;
    }
    if (!ready || compare(trial, &before) > 0)
        return;
    CU_ASSERT(workload_settle(workload, PATIENCE_SECONDS * CO_CLOCK_S));
    (void)compare(trial, &after);
    CU_ASSERT_EQUAL(after.unknown, 0);
    printf("[%zu done, %zu refused, %zu read, %zu not executed, %zu unknown: %zu had happened] ",
        after.done, after.refused, after.reads, after.absent, before.unknown, before.unknown_done);
    trial_tally.operations += after.done + after.refused + after.reads + after.absent;
}

void trial_end(struct trial *trial)
{
    workload_stop(&trial->workload);
    workload_free(&trial->workload);
    service_remove(&trial->service);
}
