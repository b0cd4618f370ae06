/* SPDX-License-Identifier: MIT */
/* The stream of events: the journal as it grows, without a gap and without a repeat. */
#include "tests/service/suites.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/waitgroup.h"
#include "loadtest/dice.h"
#include "tests/service/bearer.h"
#include "tests/service/sse.h"

/* A client that deposits until told to stop. */
struct writer {
    const struct service *service;
    atomic_bool stop;
    _Atomic int64_t last; /* the position of the last deposit that was answered */
    struct co_waitgroup running;
};

static void keep_writing(void *arg)
{
    struct writer *writer = arg;
    struct visit visit;
    visit_begin(&visit, writer->service);
    while (!writer->stop) {
        visit_post(&visit, "/accounts/streamed/deposit", NULL, "{\"amount\":1}");
        if (visit.response.status == 201)
            writer->last = visit.response.seq;
        co_sleep(200 * CO_CLOCK_US);
    }
    visit_end(&visit);
    co_waitgroup_done(&writer->running);
}

static struct service *begin(struct writer *writer, const char *strategy, int writers)
{
    struct service *service = service_shared(strategy);
    struct visit visit;
    CU_ASSERT_PTR_NOT_NULL_FATAL(service);
    visit_begin(&visit, service);
    CU_ASSERT(visit_fund(&visit, "streamed", 1));
    *writer = (struct writer){.service = service, .last = visit.response.seq};
    visit_end(&visit);
    co_waitgroup_add(&writer->running, writers);
    for (int i = 0; i < writers; i++)
        co_ensure(co_spawn(keep_writing, writer));
    return service;
}

static void end(struct writer *writer)
{
    writer->stop = true;
    co_waitgroup_wait(&writer->running);
}

/* The next event that is an entry; false at the end of the stream. */
static bool next_entry(struct sse *sse, struct sse_event *event)
{
    while (sse_next(sse, event))
        if (event->name[0] == '\0')
            return true;
    return false;
}

/* The next event that is an entry: true; or has that name: false, as at the end of the stream. */
static bool next_named(struct sse *sse, struct sse_event *event, const char *name)
{
    while (sse_next(sse, event)) {
        if (event->name[0] == '\0')
            return true;
        if (strcmp(event->name, name) == 0)
            return false;
    }
    event->name[0] = '\0';
    return false;
}

/* What was read of entries, in order: two that read the same have the same sum. */
static void add_up(uint64_t *sum, const char *entry, size_t length)
{
    for (size_t i = 0; i < length; i++)
        *sum = (*sum ^ (unsigned char)entry[i]) * 1099511628211u; /* FNV-1a */
}

/* The same of what the journal has behind `position`, up to `last`. */
static uint64_t sum_of_journal(struct visit *visit, int64_t position, int64_t last)
{
    uint64_t sum = 0;
    char path[64];
    while (position < last) {
        snprintf(path, sizeof path, "/journal?after=%" PRId64 "&limit=100", position);
        visit_get(visit, path);
        struct json_view_walk walk = {.rest = json_view_member(visit->body, "items")};
        struct json_view item = {0};
        int64_t from = position;
        while (position < last && json_view_next(&walk, &item)) {
            add_up(&sum, item.at, item.length);
            position++;
        }
        CU_ASSERT_FATAL(position > from);
    }
    return sum;
}

/* Until the stream is cut, at a random place: it goes on right behind `position`. */
static void read_until_cut(struct sse *sse, struct dice *dice, int64_t *position, uint64_t *sum)
{
    struct sse_event *event = malloc(sizeof *event);
    CU_ASSERT_FATAL(event != NULL);
    for (uint64_t n = dice_below(dice, 60); n > 0; n--) {
        CU_ASSERT_FATAL(next_entry(sse, event));
        CU_ASSERT_EQUAL_FATAL(event->id, *position + 1);
        *position = event->id;
        int64_t seq = 0;
        size_t length = strlen(event->data);
        struct json_view item = json_view_read(event->data, length);
        CU_ASSERT(json_view_integer(json_view_member(item, "seq"), &seq) && seq == *position);
        add_up(sum, event->data, length);
    }
    if (dice_below(dice, 2))
        client_reset(sse->client);
    free(event);
}

/* Cut 200 times, it adds up to the journal: nothing is missing, nothing came twice. */
static void resume(const char *strategy)
{
    struct writer writer;
    struct service *service = begin(&writer, strategy, 4);
    struct dice dice = dice_make(unit_seed(), 0);
    struct sse *sse = malloc(sizeof *sse);
    struct visit visit;
    CU_ASSERT_FATAL(sse != NULL);
    int64_t first = writer.last, position = first;
    uint64_t sum = 0;
    for (int cut = 0; cut < 200; cut++) {
        bool by_header = dice_below(&dice, 2);
        CU_ASSERT_FATAL(
            sse_open(sse, service, by_header ? position : -1, by_header ? -1 : position));
        read_until_cut(sse, &dice, &position, &sum);
        sse_close(sse);
    }
    end(&writer);
    CU_ASSERT(position > first);
    visit_begin(&visit, service);
    CU_ASSERT_EQUAL(sum, sum_of_journal(&visit, first, position));
    printf("[%" PRId64 " entries] ", position - first);
    visit_end(&visit);
    free(sse);
}
BOTH_STRATEGIES(resume)

/* An event is what the journal says at that position, and the journal has it by then. */
static void same_as_the_journal(const char *strategy)
{
    struct writer writer;
    struct service *service = begin(&writer, strategy, 2);
    struct sse *sse = malloc(sizeof *sse);
    struct sse_event *event = malloc(sizeof *event);
    struct visit visit;
    char path[64];
    CU_ASSERT_FATAL(sse && event);
    visit_begin(&visit, service);
    CU_ASSERT_FATAL(sse_open(sse, service, -1, -1));
    int64_t position = 0;
    for (int i = 0; i < 100; i++) {
        CU_ASSERT_FATAL(next_entry(sse, event));
        CU_ASSERT(position == 0 || event->id == position + 1);
        position = event->id;
        snprintf(path, sizeof path, "/journal?after=%" PRId64 "&limit=1", position - 1);
        visit_get(&visit, path);
        struct json_view_walk walk = {.rest = json_view_member(visit.body, "items")};
        struct json_view item = {0};
        CU_ASSERT_FATAL(json_view_next(&walk, &item));
        CU_ASSERT_EQUAL_FATAL(item.length, strlen(event->data));
        CU_ASSERT_NSTRING_EQUAL(item.at, event->data, item.length);
    }
    end(&writer);
    sse_close(sse);
    visit_end(&visit);
    free(event);
    free(sse);
}
BOTH_STRATEGIES(same_as_the_journal)

/* Without a position the stream begins with what comes from now on, after saying where that is. */
static void from_now_on(void)
{
    struct writer writer;
    struct service *service = begin(&writer, "owner", 0);
    struct sse *sse = malloc(sizeof *sse);
    struct sse_event *event = malloc(sizeof *event);
    struct visit visit;
    CU_ASSERT_FATAL(sse && event);
    CU_ASSERT_FATAL(sse_open(sse, service, -1, -1));
    CU_ASSERT(sse_next(sse, event));
    CU_ASSERT_STRING_EQUAL(event->name, "heartbeat");
    int64_t seq = 0;
    struct json_view data = json_view_read(event->data, strlen(event->data));
    CU_ASSERT(json_view_integer(json_view_member(data, "seq"), &seq));
    CU_ASSERT_EQUAL(seq, writer.last);
    visit_begin(&visit, service);
    CU_ASSERT(visit_fund(&visit, "streamed", 1));
    CU_ASSERT(next_entry(sse, event));
    CU_ASSERT_EQUAL(event->id, visit.response.seq);
    visit_end(&visit);
    sse_close(sse);
    free(event);
    free(sse);
}

enum { SLEEPERS = 50, TEXT = 256 };

/* Clients that subscribe and never read cost neither memory nor other clients' speed; one that
 * reads late misses nothing. */
static void slow_readers(void)
{
    struct writer writer;
    struct service *service = begin(&writer, "owner", 8);
    struct sse *late = malloc(sizeof *late);
    struct sse_event *event = malloc(sizeof *event);
    struct client *sleepers[SLEEPERS];
    CU_ASSERT_FATAL(late && event);
    size_t before = service_memory_kib(service);
    int64_t first = writer.last;
    const struct request request = {.path = "/v1/ledgers/main/events?after=0"};
    for (int i = 0; i < SLEEPERS; i++) {
        sleepers[i] = client_make(&service->target, 10 * CO_CLOCK_S);
        co_ensure(sleepers[i]);
        CU_ASSERT_EQUAL(client_send(sleepers[i], &request), CLIENT_ANSWERED);
    }
    CU_ASSERT_FATAL(sse_open(late, service, first, -1));
    co_sleep(2 * CO_CLOCK_S);
    CU_ASSERT(writer.last > first + 20);
    CU_ASSERT(service_memory_kib(service) < before + SERVICE_SLACK_KIB);
    end(&writer);
    for (int64_t position = first; position < writer.last; position++) {
        CU_ASSERT_FATAL(next_entry(late, event));
        CU_ASSERT_EQUAL_FATAL(event->id, position + 1);
    }
    for (int i = 0; i < SLEEPERS; i++)
        client_free(&sleepers[i]);
    sse_close(late);
    free(event);
    free(late);
}

/* Streams have places of their own: they take none from requests, and no request takes theirs. */
static void apart_from_requests(void)
{
    enum { PLACES = 8 };
    static struct sse streams[PLACES + 1];
    struct service service;
    struct visit visit;
    CU_ASSERT_FATAL(service_make(&service, "owner",
        (const char *const[]){
            "--workers", "1", "--max-requests", "2", "--max-streams", "8", NULL}));
    visit_begin(&visit, &service);
    for (int i = 0; i < PLACES; i++)
        CU_ASSERT_FATAL(sse_open(&streams[i], &service, -1, -1));
    CU_ASSERT_FALSE(sse_open(&streams[PLACES], &service, -1, -1));
    CU_ASSERT_EQUAL(streams[PLACES].response.status, 503);
    CU_ASSERT(visit_fund(&visit, "apart", 1));
    CU_ASSERT_EQUAL(visit_figure(&visit, "teller_event_streams"), PLACES);
    CU_ASSERT_EQUAL(visit_figure(&visit, "teller_requests_in_flight"), 1);
    sse_close(&streams[PLACES]);
    for (int i = 0; i < PLACES; i++)
        sse_close(&streams[i]);
    CU_ASSERT_FATAL(visit_figure_becomes(&visit, "teller_event_streams", 0));
    CU_ASSERT_FATAL(sse_open(&streams[0], &service, -1, -1));
    sse_close(&streams[0]);
    visit_end(&visit);
    CU_ASSERT_EQUAL(service_stop(&service), 0);
    service_remove(&service);
}

/* A token has not all the places: more of its streams are refused, whether it comes in a header or
 * in a cookie, until one ends; streams of another are not. */
static void limit_of_a_token(void)
{
    static struct sse streams[3];
    static struct service service, other;
    char text[TEXT], lines[2][TEXT + 40];
    struct visit visit;
    CU_ASSERT_FATAL(service_make(&service, "owner",
        (const char *const[]){"--workers", "1", "--max-streams-per-token", "2", NULL}));
    visit_begin(&visit, &service);
    visit_post(&visit, "/v1/tokens", NULL, "{\"scope\":\"read\"}");
    EXPECT_STATUS(&visit, 201);
    CU_ASSERT_FATAL(json_view_copy(json_view_member(visit.body, "token"), text, sizeof text));
    other = bearer_service(&service, text);
    /* The very first requests of a token that nobody has seen yet count as well. */
    for (int i = 0; i < 2; i++)
        CU_ASSERT_FATAL(sse_open(&streams[i], &other, -1, -1));
    snprintf(lines[0], sizeof lines[0], "Authorization: Bearer %s\r\n", text);
    snprintf(lines[1], sizeof lines[1], "Cookie: teller_session=%s\r\n", text);
    for (int i = 0; i < 2; i++) {
        visit_call(&visit,
            &(struct request){.path = "/events", .without_token = true, .headers = lines[i]});
        EXPECT_PROBLEM(&visit, 429, "too_many_requests");
        CU_ASSERT(visit_header_is(&visit, "Retry-After", "1"));
    }
    CU_ASSERT_EQUAL(visit_figure(&visit, "teller_limited_streams_total"), 2);
    CU_ASSERT_FATAL(sse_open(&streams[2], &service, -1, -1));
    CU_ASSERT_EQUAL(visit_figure(&visit, "teller_event_streams"), 3);
    sse_close(&streams[0]);
    CU_ASSERT_FATAL(visit_figure_becomes(&visit, "teller_event_streams", 2));
    CU_ASSERT_FATAL(sse_open(&streams[0], &other, -1, -1));
    for (int i = 0; i < 3; i++)
        sse_close(&streams[i]);
    visit_end(&visit);
    CU_ASSERT_EQUAL(service_stop(&service), 0);
    service_remove(&service);
}

/* However a client leaves, its place is free long before a write to it could fail: the first that
 * would be made is a heartbeat. */
static void listeners_leave(void)
{
    enum { LISTENERS = 60 };
    static struct sse streams[LISTENERS];
    struct visit visit;
    visit_begin_shared(&visit, "owner");
    CU_ASSERT(visit_is_alone(&visit)); /* those of other tests may still be ending */
    size_t descriptors = service_descriptors(service_shared("owner"));
    for (int i = 0; i < LISTENERS; i++)
        CU_ASSERT_FATAL(sse_open(&streams[i], service_shared("owner"), -1, -1));
    CU_ASSERT_EQUAL(visit_figure(&visit, "teller_event_streams"), LISTENERS);
    for (int i = 0; i < LISTENERS; i++) {
        if (i % 3 == 0)
            client_reset(streams[i].client);
        else if (i % 3 == 1)
            client_say_no_more(streams[i].client);
        else
            client_close(streams[i].client);
    }
    CU_ASSERT(visit_is_alone(&visit));
    CU_ASSERT(service_descriptors(service_shared("owner")) <= descriptors + 1);
    for (int i = 0; i < LISTENERS; i++)
        sse_close(&streams[i]);
    visit_end(&visit);
}

/* A batch of deposits; the answer is of no interest. */
static void deposit_many(struct visit *visit, int count)
{
    static const char item[] = "{\"from\":\"world:USD.2\",\"to\":\"streamed\",\"amount\":1}";
    size_t size = (size_t)count * sizeof item + 40, length = 0;
    char *body = malloc(size);
    co_ensure(body);
    length += (size_t)snprintf(body, size, "{\"transfers\":[");
    for (int i = 0; i < count; i++)
        length += (size_t)snprintf(body + length, size - length, "%s%s", i ? "," : "", item);
    snprintf(body + length, size - length, "]}");
    visit_post(visit, "/transfers/batch", NULL, body);
    EXPECT_STATUS(visit, 200);
    free(body);
}

/* One that falls far behind is told so, and where it is; it comes again, and misses nothing. */
static void lagged(void)
{
    enum { BATCH = 10000, BATCHES = 12 };
    struct service service;
    struct sse *sse = malloc(sizeof *sse);
    struct sse_event *event = malloc(sizeof *event);
    struct visit visit;
    CU_ASSERT_FATAL(sse && event && service_make(&service, "owner", NULL));
    visit_begin(&visit, &service);
    CU_ASSERT(visit_fund(&visit, "streamed", 1));
    int64_t position = visit.response.seq, seq = 0, last = 0;
    CU_ASSERT_FATAL(sse_open(sse, &service, -1, -1));
    CU_ASSERT_FATAL(sse_next(sse, event)); /* it has been at the end */
    for (int i = 0; i < BATCHES; i++)
        deposit_many(&visit, BATCH);
    while (next_named(sse, event, "lagged"))
        CU_ASSERT_EQUAL_FATAL(event->id, ++position);
    CU_ASSERT_STRING_EQUAL_FATAL(event->name, "lagged");
    struct json_view data = json_view_read(event->data, strlen(event->data));
    CU_ASSERT(json_view_integer(json_view_member(data, "seq"), &seq) && seq == position);
    CU_ASSERT(json_view_integer(json_view_member(data, "last"), &last) && last > seq);
    CU_ASSERT_FALSE(sse_next(sse, event)); /* that was all */
    sse_close(sse);
    CU_ASSERT_FATAL(sse_open(sse, &service, position, -1));
    for (; position < last; position++) {
        CU_ASSERT_FATAL(next_entry(sse, event));
        CU_ASSERT_EQUAL_FATAL(event->id, position + 1);
    }
    sse_close(sse);
    visit_end(&visit);
    service_remove(&service);
    free(event);
    free(sse);
}

static void bad_positions(void)
{
    struct visit visit;
    struct service *service = service_shared("owner");
    CU_ASSERT_PTR_NOT_NULL_FATAL(service);
    visit_begin(&visit, service);
    visit_get(&visit, "/events?after=x");
    EXPECT_PROBLEM(&visit, 400, "invalid_request");
    visit_call(&visit, &(struct request){.path = "/events", .headers = "Last-Event-ID: -4\r\n"});
    EXPECT_PROBLEM(&visit, 400, "invalid_request");
    visit_call(&visit, &(struct request){.path = "/events", .without_token = true});
    EXPECT_PROBLEM(&visit, 401, "unauthorized");
    visit_end(&visit);
}

const struct unit_suite events_suite = {"events", 2,
    (const struct unit_test[]){BOTH_ROWS(resume), BOTH_ROWS(same_as_the_journal),
        {"from_now_on", from_now_on}, {"slow_readers", slow_readers},
        {"apart_from_requests", apart_from_requests}, {"limit_of_a_token", limit_of_a_token},
        {"listeners_leave", listeners_leave}, {"lagged", lagged}, {"bad_positions", bad_positions},
        {0}}};
