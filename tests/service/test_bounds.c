/* SPDX-License-Identifier: MIT */
/*
 * What a client can make big is bounded in bytes: 8,400 transfers of 1,000 postings are sent while
 * nothing can be committed. Those that are taken are committed when the database goes on, the
 * others were never done, and the program's memory stays bounded.
 */
#include "tests/service/suites.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "loadtest/crew.h"
#include "tests/service/visit.h"

enum { CLIENTS = 6, REQUESTS = 84, TRANSFERS = 100, POSTINGS = 1000, TEXT = 64 };

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
enum { MOST_KIB = 8 << 20 };
#else
enum { MOST_KIB = 640 << 10 };
#endif

struct flood {
    const struct service *service;
    char *body;
    size_t length;
    _Atomic size_t sent, taken, refused, odd, most_kib;
};

/* Money goes to and fro. */
static char *write_posting(char *at, int posting)
{
    at = stpcpy(at, posting ? "," : "");
    return stpcpy(at, posting % 2 ? "{\"from\":\"b\",\"to\":\"a\",\"amount\":1}"
                                  : "{\"from\":\"a\",\"to\":\"b\",\"amount\":1}");
}

static void make_body(struct flood *flood)
{
    char *at = flood->body = malloc((size_t)TRANSFERS * POSTINGS * TEXT);
    co_ensure(at);
    at = stpcpy(at, "{\"transfers\":[");
    for (int transfer = 0; transfer < TRANSFERS; transfer++) {
        at = stpcpy(at, transfer ? ",{\"postings\":[" : "{\"postings\":[");
        for (int posting = 0; posting < POSTINGS; posting++)
            at = write_posting(at, posting);
        at = stpcpy(at, "]}");
    }
    at = stpcpy(at, "]}");
    flood->length = (size_t)(at - flood->body);
}

static size_t count(const struct response *response, const char *text)
{
    size_t found = 0, length = strlen(text);
    const char *at = response->body, *end = at + response->body_length;
    for (; (at = memmem(at, (size_t)(end - at), text, length)); at += length)
        found++;
    return found;
}

static void note_memory(struct flood *flood)
{
    size_t now = service_memory_kib(flood->service);
    if (now > flood->most_kib)
        flood->most_kib = now;
}

/* Taken, and not known to be committed: 504. Not done, and never to be: 503. */
static void note_answer(struct flood *flood, const struct response *response)
{
    size_t taken = count(response, "\"status\":504"), refused = count(response, "\"status\":503");
    if (response->status == 504) /* all of them */
        taken = TRANSFERS;
    else if (response->status == 503)
        refused = TRANSFERS;
    flood->taken += taken;
    flood->refused += refused;
    flood->odd += taken + refused != TRANSFERS;
}

static void one_client(size_t index, void *arg)
{
    struct flood *flood = arg;
    struct visit visit;
    (void)index;
    visit_begin(&visit, flood->service);
    while (flood->sent++ < REQUESTS) {
        visit_call(&visit, &(struct request){.path = "/transfers/batch",
                               .headers = "Prefer: wait=1\r\n",
                               .body = flood->body,
                               .body_length = flood->length});
        note_answer(flood, &visit.response);
        note_memory(flood);
    }
    visit_end(&visit);
}

static void while_nothing_commits(void)
{
    struct service service;
    struct visit visit;
    struct flood flood = {.service = &service};
    CU_ASSERT_FATAL(service_make(&service, "owner", NULL));
    visit_begin(&visit, &service);
    CU_ASSERT(visit_fund(&visit, "a", 1) && visit_fund(&visit, "b", 0));
    visit_get(&visit, "/accounts/a");
    int64_t before = visit.response.seq;
    make_body(&flood);
    service_signal_postgres(&service, SIGSTOP);
    crew_run(CLIENTS, one_client, &flood);
    note_memory(&flood);
    service_signal_postgres(&service, SIGCONT);
    CU_ASSERT_EQUAL(flood.odd, 0);
    CU_ASSERT_EQUAL(flood.taken + flood.refused, (size_t)REQUESTS * TRANSFERS);
    CU_ASSERT(flood.refused > flood.taken);
    CU_ASSERT(flood.most_kib < MOST_KIB);
    CU_ASSERT(service_await_ready(&service, 60 * CO_CLOCK_S));
    for (int i = 0; i < 600 && visit_figure(&visit, "teller_pending_entries{ledger=\"main\"}"); i++)
        co_sleep(100 * CO_CLOCK_MS);
    visit_get(&visit, "/accounts/a");
    CU_ASSERT_EQUAL(visit.response.seq, before + (int64_t)flood.taken);
    CU_ASSERT(visit_is(&visit, "balance", "\"1\""));
    if (visit.response.seq != before + (int64_t)flood.taken || flood.most_kib >= MOST_KIB)
        printf("\n    taken %zu, refused %zu, at most %zu KiB ", flood.taken, flood.refused,
            flood.most_kib);
    visit_post(&visit, "/accounts/a/deposit", NULL, "{\"amount\":1}");
    EXPECT_STATUS(&visit, 201);
    free(flood.body);
    visit_end(&visit);
    CU_ASSERT_EQUAL(service_stop(&service), 0);
    service_remove(&service);
}

const struct unit_suite bounds_suite = {
    "bounds", 2, (const struct unit_test[]){{"while_nothing_commits", while_nothing_commits}, {0}}};
