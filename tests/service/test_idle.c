/* SPDX-License-Identifier: MIT */
/*
 * Thousands of connections from one address that do nothing: some say nothing at all, some send a
 * part of a head, some ask once and stay. Others get in and are answered, and memory is bounded.
 * CROWDS=long: ten thousand of them, at the limits that the program comes with.
 */
#include "tests/service/suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "tests/service/crowd.h"

#define CROWDS_ADDRESS "127.0.0.7"

enum { MANY = 10000, MORE_KIB = 256 * 1024, OTHERS = 12, RESTED_MS = 1100, TRIES = 10 };
enum { SETTLE_SECONDS = 30 };

static bool is_long(void)
{
    const char *given = getenv("CROWDS");
    return given && strcmp(given, "long") == 0;
}

/* One descriptor for each of them, here and there: the service has the limit that we have. */
static void raise_descriptors(size_t needed)
{
    struct rlimit limit;
    CU_ASSERT_EQUAL_FATAL(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    CU_ASSERT_EQUAL_FATAL(setrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_max < needed)
        printf("\n    %zu descriptors are needed: ulimit -Hn ", needed);
    CU_ASSERT_FATAL(limit.rlim_max >= needed);
}

/* The first `silent` ask nothing; the answers to the others are not read: they are short. */
static void come_and_idle(struct crowd *crowd, size_t count, size_t silent)
{
    static const char asks[] = "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for (size_t i = 0; i < count; i++) {
        size_t length = i >= silent ? sizeof asks - 1 : i % 2 * 30;
        (void)crowd_send(crowd, asks, length);
    }
}

/* Over a connection of its own. No client counts as idle within a second: one that comes while all
 * places were just taken is told to come again, and does. */
static void deposit_as_told(const struct service *service)
{
    struct visit visit;
    int status = 503;
    for (int tries = 0; tries < TRIES && status == 503; tries++) {
        visit_begin(&visit, service);
        visit_post(&visit, "/accounts/other/deposit", NULL, "{\"amount\":1}");
        status = visit.response.status;
        CU_ASSERT(status == 201 || visit_header_is(&visit, "Retry-After", "1"));
        visit_end(&visit);
        if (status == 503)
            co_sleep(CO_CLOCK_S);
    }
    CU_ASSERT_EQUAL(status, 201);
}

static void others_are_served(const struct service *service)
{
    for (int i = 0; i < OTHERS; i++) {
        CU_ASSERT_EQUAL(service_probe(service, "/livez"), 200);
        deposit_as_told(service);
    }
}

static bool connections_become(struct visit *visit, int64_t at_most)
{
    int64_t until_ns = co_clock_now_ns() + SETTLE_SECONDS * CO_CLOCK_S, open;
    while ((open = visit_figure(visit, "teller_http_connections")) > at_most || open < 0) {
        if (co_clock_now_ns() > until_ns) {
            printf("\n    %lld connections, not %lld ", (long long)open, (long long)at_most);
            return false;
        }
        co_sleep(20 * CO_CLOCK_MS);
    }
    return true;
}

/* `count` come, and once those have rested as many again: then it has `at_most` connections. */
static void stand(struct service *service, size_t count, int64_t at_most)
{
    static struct crowd crowd;
    struct visit visit;
    visit_begin(&visit, service);
    CU_ASSERT(visit_fund(&visit, "other", 0));
    size_t before = service_memory_kib(service);
    crowd_begin_from(&crowd, service, CROWDS_ADDRESS);
    come_and_idle(&crowd, count / 2, count >= MANY ? count / 4 : 20);
    co_sleep(RESTED_MS * CO_CLOCK_MS);
    come_and_idle(&crowd, count - count / 2, count >= MANY ? count / 4 : 20);
    others_are_served(service);
    size_t more = service_memory_kib(service) - before;
    CU_ASSERT(connections_become(&visit, at_most));
    printf("[%zu of them; %zu KiB more] ", count, more);
    CU_ASSERT(more < MORE_KIB + SERVICE_SLACK_KIB);
    others_are_served(service);
    CU_ASSERT(visit_balance_is(&visit, "other", 2 * OTHERS));
    crowd_end(&crowd);
    CU_ASSERT(connections_become(&visit, 1));
    CU_ASSERT_EQUAL(visit_figure(&visit, "teller_requests_in_flight"), 1);
    visit_end(&visit);
}

/* As many as there are places, and more than may be open at all: those that are idle make room. */
static void they_fill_the_house(void)
{
    static const char *const few[] = {"--max-connections", "64", NULL};
    struct service service;
    struct visit visit;
    size_t count = is_long() ? 11000 : 1000;
    raise_descriptors(count + 500);
    CU_ASSERT_FATAL(service_make(&service, "owner", is_long() ? NULL : few));
    stand(&service, count, is_long() ? 10000 : 64);
    visit_begin(&visit, &service);
    CU_ASSERT(visit_figure(&visit, "teller_evicted_connections_total") > 0);
    visit_end(&visit);
    CU_ASSERT_EQUAL(service_stop(&service), 0);
    service_remove(&service);
}

/* Descriptors end before places do. */
static void they_take_the_descriptors(void)
{
    enum { DESCRIPTORS = 300 };
    static struct service service;
    char program[SERVICE_PROGRAM], wrapper[sizeof service.folder + 20];
    service = (struct service){.strategy = "owner", .program = wrapper};
    snprintf(service.folder, sizeof service.folder, "/tmp/teller-test-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(service.folder));
    service_program(program);
    snprintf(wrapper, sizeof wrapper, "%s/wrapper", service.folder);
    FILE *file = fopen(wrapper, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fprintf(file, "#!/bin/sh\nulimit -n %d && exec %s \"$@\"\n", DESCRIPTORS, program);
    CU_ASSERT_FATAL(fclose(file) == 0 && chmod(wrapper, 0700) == 0);
    CU_ASSERT_FATAL(service_run(&service));
    raise_descriptors(1000);
    stand(&service, 400, DESCRIPTORS / 2);
    CU_ASSERT_EQUAL(service_stop(&service), 0);
    service_remove(&service);
}

/* An address that is not a proxy's has its share: the rest is told so, or comes in place of those
 * of its own that are idle. */
static void they_have_their_share(void)
{
    static const char *const few[] = {
        "--trusted-addresses", "10.0.0.0/8", "--max-connections-per-address", "40", NULL};
    static const char *const usual[] = {"--trusted-addresses", "10.0.0.0/8", NULL};
    struct service service;
    struct visit visit;
    size_t count = is_long() ? 10000 : 400, share = is_long() ? 1000 : 40;
    raise_descriptors(count + 500);
    CU_ASSERT_FATAL(service_make(&service, "owner", is_long() ? usual : few));
    stand(&service, count, (int64_t)share + 1);
    visit_begin(&visit, &service);
    int64_t refused = visit_figure(&visit, "teller_http_requests_total{status=\"429\"}");
    int64_t evicted = visit_figure(&visit, "teller_evicted_connections_total");
    printf("[%lld refused, %lld evicted] ", (long long)refused, (long long)evicted);
    CU_ASSERT(refused > 0 && refused + evicted + (int64_t)share >= (int64_t)count);
    visit_end(&visit);
    CU_ASSERT_EQUAL(service_stop(&service), 0);
    service_remove(&service);
}

const struct unit_suite idle_suite = {"idle", 2,
    (const struct unit_test[]){{"they_fill_the_house", they_fill_the_house},
        {"they_take_the_descriptors", they_take_the_descriptors},
        {"they_have_their_share", they_have_their_share}, {0}}};
