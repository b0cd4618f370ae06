/* SPDX-License-Identifier: MIT */
/* Tokens from their first moment to their last. */
#include "tests/service/suites.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/waitgroup.h"
#include "tests/service/bearer.h"
#include "tests/service/command.h"
#include "tests/service/sse.h"

/* One of now; one of before, which had no check and can be made up. */
enum { TOKEN = 56, EARLIER = 71, CONNECTIONS = 6, ROUNDS = 10, FLOODERS = 16 };

static const struct service *get_service(void)
{
    const struct service *service = service_shared("owner");
    CU_ASSERT_PTR_NOT_NULL_FATAL(service);
    return service;
}

/* A token made by the command, beside the service that runs; its id, for end_token(). */
static void make_token(
    const struct service *service, const char *expires_in, char token[TOKEN + 1], char id[16])
{
    struct command command = {0};
    const char *const words[] = {
        "token", "create", "--scope", "read", expires_in ? "--expires-in" : NULL, expires_in, NULL};
    command_teller(&command, service, words);
    EXPECT_EXIT(&command, 0);
    CU_ASSERT_EQUAL_FATAL(command.length, TOKEN + 1);
    snprintf(token, TOKEN + 1, "%s", command.out);
    const char *number = strpbrk(command.error, "0123456789");
    CU_ASSERT_PTR_NOT_NULL_FATAL(number);
    snprintf(id, 16, "%.*s", (int)strspn(number, "0123456789"), number);
    command_free(&command);
}

static void end_token(const struct service *service, const char *id)
{
    struct command command = {0};
    const char *const words[] = {"token", "revoke", id, NULL};
    command_teller(&command, service, words);
    EXPECT_EXIT(&command, 0);
    command_free(&command);
}

static int answer_to(const struct service *service, const char *token)
{
    return bearer_status(service, token, &(struct request){.path = "/accounts"});
}

static void good_at_once(void)
{
    const struct service *service = get_service();
    for (int i = 0; i < ROUNDS; i++) {
        char token[TOKEN + 1], id[16];
        make_token(service, NULL, token, id);
        CU_ASSERT_EQUAL(answer_to(service, token), 200);
        end_token(service, id);
    }
}

/* Its own streams, and no others. */
static void revoked_with_its_streams(void)
{
    static struct sse sse, of_admin;
    static struct sse_event event;
    const struct service *service = get_service();
    char token[TOKEN + 1], id[16];
    make_token(service, NULL, token, id);
    struct service other = bearer_service(service, token);
    CU_ASSERT_FATAL(sse_open(&sse, &other, -1, -1));
    CU_ASSERT_FATAL(sse_open(&of_admin, service, -1, -1));
    CU_ASSERT(sse_next(&sse, &event));
    CU_ASSERT(sse_next(&of_admin, &event));
    end_token(service, id);
    while (sse_next(&sse, &event))
        CU_ASSERT_STRING_EQUAL(event.name, "heartbeat");
    CU_ASSERT(sse.ended);
    /* On no worker is it good any more: each of several connections may have another one. */
    for (int i = 0; i < CONNECTIONS; i++)
        CU_ASSERT_EQUAL(answer_to(service, token), 401);
    struct visit visit;
    visit_begin(&visit, service);
    CU_ASSERT(visit_fund(&visit, "after-a-revocation", 1));
    visit_end(&visit);
    bool told = false;
    while (!told && sse_next(&of_admin, &event))
        told = event.id > 0;
    CU_ASSERT(told);
    sse_close(&sse);
    sse_close(&of_admin);
}

/* ---- unknown ones ---------------------------------------------------------------------------- */

static int64_t transactions(const struct service *service)
{
    struct command command = {0};
    char folder[SERVICE_PROGRAM];
    snprintf(folder, sizeof folder, "%s/postgres", service->folder);
    const char *const argv[] = {"psql", "-qXAt", "-h", folder, "-U", "postgres", "-c",
        "SELECT pg_stat_force_next_flush()", "-c",
        "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()", NULL};
    command_run(&command, argv);
    EXPECT_EXIT(&command, 0);
    int64_t count = strtoll(command.out + strspn(command.out, "\n"), NULL, 10);
    command_free(&command);
    return count;
}

struct flood {
    const struct service *service;
    _Atomic int answered, others;
    _Atomic bool stop;
    struct co_waitgroup running;
};

static void flood_main(void *arg)
{
    struct flood *flood = arg;
    char token[EARLIER + 1];
    for (unsigned i = 0; !flood->stop; i++) {
        snprintf(token, sizeof token, "teller_%064x", i);
        atomic_fetch_add(
            answer_to(flood->service, token) == 401 ? &flood->answered : &flood->others, 1);
    }
    co_waitgroup_done(&flood->running);
}

/* A client that makes tokens up has the database asked no more often than one client would. */
static void made_up_ones_do_not_reach_the_database(void)
{
    enum { SECONDS = 3, A_SECOND = 50, BESIDES = 200 };
    static struct flood flood;
    flood = (struct flood){.service = get_service()};
    int64_t before = transactions(flood.service), since_ns = co_clock_now_ns();
    co_waitgroup_add(&flood.running, FLOODERS);
    for (int i = 0; i < FLOODERS; i++)
        co_ensure(co_spawn(flood_main, &flood));
    co_sleep(SECONDS * CO_CLOCK_S);
    char token[TOKEN + 1], id[16];
    make_token(flood.service, NULL, token, id);
    CU_ASSERT_EQUAL(answer_to(flood.service, token), 200);
    flood.stop = true;
    co_waitgroup_wait(&flood.running);
    int64_t asked = transactions(flood.service) - before;
    int64_t seconds = (co_clock_now_ns() - since_ns) / CO_CLOCK_S + 1;
    printf("(%d answers, %lld transactions) ", flood.answered, (long long)asked);
    CU_ASSERT(flood.answered > FLOODERS);
    CU_ASSERT_EQUAL(flood.others, 0);
    CU_ASSERT(asked < seconds * A_SECOND + BESIDES);
    end_token(flood.service, id);
}

/* With the database stopped nobody knows of an unknown one; a known one goes on; a mistyped one is
 * refused, as nobody need be asked; and one that ends does so. */
static void unknown_while_the_database_hangs(void)
{
    static struct service service;
    char unknown[EARLIER + 1], known[TOKEN + 1], ends[TOKEN + 1], mistyped[TOKEN + 1], id[16];
    CU_ASSERT_FATAL(service_make(&service, "owner", NULL));
    snprintf(unknown, sizeof unknown, "teller_%064x", 1);
    make_token(&service, NULL, known, id);
    make_token(&service, "3", ends, id);
    snprintf(mistyped, sizeof mistyped, "%s", known);
    mistyped[20] = mistyped[20] == 'a' ? 'b' : 'a';
    CU_ASSERT_EQUAL(answer_to(&service, unknown), 401);
    CU_ASSERT_EQUAL(answer_to(&service, "teller_nonsense"), 401);
    CU_ASSERT_EQUAL(answer_to(&service, known), 200);
    CU_ASSERT_EQUAL(answer_to(&service, ends), 200);
    service_signal_postgres(&service, SIGSTOP);
    CU_ASSERT_EQUAL(answer_to(&service, unknown), 503);
    CU_ASSERT_EQUAL(answer_to(&service, "teller_nonsense"), 401);
    CU_ASSERT_EQUAL(answer_to(&service, mistyped), 401);
    CU_ASSERT_NOT_EQUAL(answer_to(&service, known), 401);
    co_sleep(4 * CO_CLOCK_S);
    /* It has ended, so it is unknown; that it was there before is nobody's business. */
    CU_ASSERT_EQUAL(answer_to(&service, ends), 503);
    service_signal_postgres(&service, SIGCONT);
    for (int i = 0; i < 200 && answer_to(&service, unknown) != 401; i++)
        co_sleep(100 * CO_CLOCK_MS);
    CU_ASSERT_EQUAL(answer_to(&service, unknown), 401);
    CU_ASSERT_EQUAL(answer_to(&service, ends), 401);
    service_remove(&service);
}

static const struct unit_test tests[] = {{"good_at_once", good_at_once},
    {"revoked_with_its_streams", revoked_with_its_streams},
    {"made_up_ones_do_not_reach_the_database", made_up_ones_do_not_reach_the_database},
    {"unknown_while_the_database_hangs", unknown_while_the_database_hangs}, {0}};
const struct unit_suite tokens_suite = {"tokens", 2, tests};
