/* SPDX-License-Identifier: MIT */
#include "tests/service/standby.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "tests/unit.h"

enum { PATIENCE_S = 300, TEXT = 200 }; /* until it takes over: the test decides when */

void (*standby_lend)(char url[STANDBY_URL]);

bool standby_host(struct service *host, const char *strategy, char url[STANDBY_URL])
{
    if (standby_lend) {
        *host = (struct service){.pid = 0};
        standby_lend(url);
        return true;
    }
    if (!service_make(host, strategy, NULL))
        return false;
    snprintf(url, STANDBY_URL, "host=%s/postgres user=postgres dbname=template1", host->folder);
    return true;
}

static void prepare(struct service *service, const char *strategy, const char *url, bool secret)
{
    *service = (struct service){
        .strategy = strategy, .arguments = {"--database", url, NULL}, .secret = secret};
    service_reserve(service);
    snprintf(service->folder, sizeof service->folder, "/tmp/teller-test-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(service->folder));
}

void standby_prepare(struct service *service, const char *strategy, const char *url)
{
    prepare(service, strategy, url, false);
}

void standby_prepare_secret(struct service *service, const char *strategy, const char *url)
{
    prepare(service, strategy, url, true);
}

/* The two have one database, and so one token; each reads it in its own folder. */
void standby_make(struct standby *standby, const struct service *first, const char *url)
{
    struct service *service = &standby->service;
    char path[TEXT];
    memset(standby, 0, sizeof *standby);
    prepare(service, first->strategy, url, first->secret);
    service->start_seconds = PATIENCE_S;
    snprintf(path, sizeof path, "%s/admin.token", service->folder);
    FILE *file = fopen(path, "we");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT(fprintf(file, "%s\n", first->target.token) > 0);
    CU_ASSERT_EQUAL(fclose(file), 0);
    snprintf(service->url, sizeof service->url, "http://127.0.0.1:%d", service->port);
    co_ensure(target_make(service->url, first->target.token, &service->target) == NULL);
}

/* Whoever ends it may wait for this, and only then for the process. */
static bool has_ended(const struct service *service)
{
    siginfo_t end = {.si_pid = 0};
    pid_t pid = service->pid;
    return pid <= 0 || waitid(P_PID, (id_t)pid, &end, WEXITED | WNOHANG | WNOWAIT) != 0 ||
           end.si_pid != 0;
}

/* Until it has the ledgers; false: it was ended before. */
static bool await_ready(const struct service *service)
{
    int seconds = service->start_seconds ? service->start_seconds : PATIENCE_S;
    int64_t until = co_clock_now_ns() + seconds * CO_CLOCK_S;
    bool is_ready;
    while (!(is_ready = service_probe(service, "/readyz") == 200) && !has_ended(service) &&
           co_clock_now_ns() < until)
        co_sleep(10 * CO_CLOCK_MS);
    return is_ready;
}

static void start(void *arg)
{
    struct standby *standby = arg;
    /* It answers at once, and is ready when it has the ledgers. */
    standby->up = service_run(&standby->service) && await_ready(&standby->service);
    standby->up_ns = co_clock_now_ns();
    standby->over = true;
    co_waitgroup_done(&standby->running);
}

void standby_start(struct standby *standby)
{
    standby->up = standby->over = false;
    co_waitgroup_add(&standby->running, 1);
    co_ensure(co_spawn(start, standby));
}

bool standby_await(struct standby *standby)
{
    co_waitgroup_wait(&standby->running);
    return standby->up;
}

void standby_look(const struct standby *standby)
{
    CU_ASSERT_EQUAL(service_probe(&standby->service, "/livez"), 200);
    CU_ASSERT_EQUAL(service_probe(&standby->service, "/readyz"), 503);
    CU_ASSERT_EQUAL(service_probe(&standby->service, "/metrics"), 200);
}
