/* SPDX-License-Identifier: MIT */
/* Server-Timing: every answer says where its time went, in stages that add up to less than what the
 * client waited for it. */
#include "tests/service/suites.h"

#include <stdio.h>
#include <string.h>

#include "coro/clock.h"
#include "tests/service/raw.h"
#include "tests/service/visit.h"

enum { STAGES = 8, NAMES = 80, NS_DIGITS = 6 };

struct timing {
    char names[NAMES]; /* "parse queue decide commit answer" */
    int64_t sum_ns;
};

/* Digits, a point, six digits: as nanoseconds. *at moves past them. */
static bool read_ms(const char **at, int64_t *ns)
{
    const char *point = *at + strspn(*at, "0123456789");
    if (point == *at || *point != '.' || strspn(point + 1, "0123456789") != NS_DIGITS)
        return false;
    *ns = 0;
    for (; *at <= point + NS_DIGITS; (*at)++)
        if (*at != point)
            *ns = *ns * 10 + (**at - '0');
    return true;
}

/* As strict as the one who writes it: names, durations, and nothing else. */
static bool read_timing(const char *text, struct timing *timing)
{
    *timing = (struct timing){.sum_ns = 0};
    size_t used = 0;
    for (int stage = 0; stage < STAGES; stage++) {
        int64_t ns;
        size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz");
        if (length == 0 || used + length + 2 > NAMES || strncmp(text + length, ";dur=", 5) != 0)
            return false;
        used += (size_t)snprintf(
            timing->names + used, NAMES - used, "%s%.*s", used ? " " : "", (int)length, text);
        text += length + 5;
        if (!read_ms(&text, &ns))
            return false;
        timing->sum_ns += ns;
        if (*text == '\0')
            return true;
        if (strncmp(text, ", ", 2) != 0)
            return false;
        text += 2;
    }
    return false;
}

static void expect_stages(
    const struct response *response, int status, const char *names, int64_t waited_ns)
{
    char text[400] = "";
    struct timing timing = {.sum_ns = 0};
    bool good = response->head.text && response->status == status &&
                response_header(response, "Server-Timing", text, sizeof text) &&
                read_timing(text, &timing) && strcmp(timing.names, names) == 0 &&
                timing.sum_ns <= waited_ns;
    if (!good)
        printf("\n    wanted %d with %s, got %d with \"%s\", in %lld ns\n    ", status, names,
            response->status, text, (long long)waited_ns);
    CU_ASSERT(good);
}

static void expect_call(
    struct visit *visit, const struct request *request, int status, const char *names)
{
    int64_t from_ns = co_clock_now_ns();
    visit_call(visit, request);
    expect_stages(&visit->response, status, names, co_clock_now_ns() - from_ns);
}

#define CHANGE "parse queue decide commit answer"
#define READ "parse read answer"
#define LEDGER "parse ledger answer"
#define BARE "parse answer"
#define ITEM "{\"from\":\"world:USD.2\",\"to\":\"timed\",\"amount\":1}"
#define BATCH(atomic) "{\"atomic\":" atomic ",\"transfers\":[" ITEM "," ITEM "]}"

static const struct row {
    const char *method, *path, *key, *body;
    int status;
    const char *names;
} rows[] = {
    /* What moves money went through a section; a replay did not, nor does an opening say so. */
    {"POST", "/accounts", NULL, "{\"id\":\"timed\",\"asset\":\"USD/2\"}", 201, LEDGER},
    {"POST", "/accounts", NULL, "{\"id\":\"timed\",\"asset\":\"EUR/2\"}", 409, LEDGER},
    {"POST", "/accounts/timed/deposit", "timed-1", "{\"amount\":100}", 201, CHANGE},
    {"POST", "/accounts/timed/deposit", "timed-1", "{\"amount\":100}", 201, LEDGER},
    {"POST", "/accounts/timed/withdraw", NULL, "{\"amount\":1}", 201, CHANGE},
    {"POST", "/accounts/timed/withdraw", NULL, "{\"amount\":100000}", 422, CHANGE},
    {"POST", "/accounts/timed/withdraw", "timed-2", "{\"amount\":100000}", 422, CHANGE},
    {"POST", "/transfers", "timed-3", ITEM, 201, CHANGE},
    {"POST", "/transfers", "timed-3", BATCH("false"), 400, BARE},
    {"POST", "/holds", NULL, ITEM, 201, CHANGE},
    {"POST", "/holds/999999999/capture", NULL, NULL, 404, LEDGER},
    {"POST", "/transfers/batch", NULL, BATCH("false"), 200, CHANGE},
    {"POST", "/transfers/batch", NULL, BATCH("true"), 200, CHANGE},
    {"POST", "/transfers/batch", "timed-4", BATCH("false"), 200, CHANGE},
    {"POST", "/transfers/batch", "timed-4", BATCH("false"), 200, LEDGER},
    {"POST", "/accounts/timed/freeze", NULL, NULL, 200, LEDGER},
    {"POST", "/accounts/timed/withdraw", NULL, "{\"amount\":1}", 422, CHANGE},
    {"POST", "/accounts/timed/unfreeze", NULL, NULL, 200, LEDGER},
    /* Reads. */
    {"GET", "/accounts/timed", NULL, NULL, 200, READ},
    {"GET", "/accounts/timed?at=1", NULL, NULL, 404, READ},
    {"GET", "/accounts/nobody", NULL, NULL, 404, READ},
    {"GET", "/accounts/timed/entries", NULL, NULL, 200, READ},
    {"GET", "/accounts", NULL, NULL, 200, READ},
    {"GET", "/journal", NULL, NULL, 200, READ},
    {"GET", "/transfers?key=timed-3", NULL, NULL, 200, READ},
    {"GET", "/transfers?account=timed", NULL, NULL, 200, READ},
    {"GET", "/transfers", NULL, NULL, 200, READ},
    /* Refused before the ledger was asked; or there is none to ask. */
    {"POST", "/accounts/timed/withdraw", NULL, "{\"amount\":", 400, BARE},
    {"POST", "/accounts/timed/withdraw", NULL, "{\"amount\":0}", 400, BARE},
    {"PUT", "/accounts/timed", NULL, NULL, 405, BARE},
    {"OPTIONS", "/accounts/timed", NULL, NULL, 204, BARE},
    {"GET", "/v1/ledgers/none", NULL, NULL, 404, READ}, /* as the database says */
    {"GET", "/v1/ledgers", NULL, NULL, 200, BARE},
    {"GET", "/machinery", NULL, NULL, 200, BARE},
    {"GET", "/nowhere", NULL, NULL, 404, BARE},
    {"GET", "/v1/%zz", NULL, NULL, 400, "parse"},
    {"GET", "/", NULL, NULL, 200, BARE},
    {"GET", "/livez", NULL, NULL, 200, BARE},
    {"GET", "/readyz", NULL, NULL, 200, BARE},
    {"GET", "/metrics", NULL, NULL, 200, BARE},
    {"GET", "/openapi.json", NULL, NULL, 200, BARE},
};

static void every_answer(const char *strategy)
{
    struct visit visit;
    visit_begin_shared(&visit, strategy);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i];
        expect_call(&visit,
            &(struct request){.method = row->method,
                .path = row->path,
                .key = row->key,
                .body = row->body,
                .body_length = row->body ? strlen(row->body) : 0},
            row->status, row->names);
    }
    visit_end(&visit);
}
BOTH_STRATEGIES(every_answer)

static void without_token(void)
{
    struct visit visit;
    visit_begin_shared(&visit, "owner");
    expect_call(&visit, &(struct request){.path = "/journal", .without_token = true}, 401, BARE);
    visit_end(&visit);
}

/* A page that the browser has already. */
static void not_modified(void)
{
    struct visit visit;
    char etag[80], header[120];
    visit_begin_shared(&visit, "owner");
    visit_get(&visit, "/");
    CU_ASSERT_FATAL(response_header(&visit.response, "ETag", etag, sizeof etag));
    snprintf(header, sizeof header, "If-None-Match: %s\r\n", etag);
    expect_call(&visit, &(struct request){.path = "/", .headers = header}, 304, BARE);
    visit_end(&visit);
}

/* The head of a stream has what went before it. */
static void stream(void)
{
    struct visit visit;
    visit_begin_shared(&visit, "owner");
    int64_t from_ns = co_clock_now_ns();
    CU_ASSERT_EQUAL_FATAL(
        client_send(visit.client, &(struct request){.path = "/v1/ledgers/main/events"}),
        CLIENT_ANSWERED);
    CU_ASSERT_EQUAL_FATAL(client_receive_head(visit.client, &visit.response), CLIENT_ANSWERED);
    expect_stages(&visit.response, 200, BARE, co_clock_now_ns() - from_ns);
    visit_end(&visit);
}

/* What is no request is answered by the layer that reads heads, past all others. */
static void broken_head(void)
{
    static const char bytes[] = "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n";
    static struct raw raw;
    const struct service *service = service_shared("owner");
    CU_ASSERT_PTR_NOT_NULL_FATAL(service);
    raw_ask(service, bytes, sizeof bytes - 1, &raw);
    CU_ASSERT(raw_is_refusal(&raw, 400));
    CU_ASSERT_PTR_NOT_NULL(strstr(raw.text, "\r\nServer-Timing: parse;dur=0.0"));
}

const struct unit_suite timing_suite = {"timing", 2,
    (const struct unit_test[]){BOTH_ROWS(every_answer), {"without_token", without_token},
        {"not_modified", not_modified}, {"stream", stream}, {"broken_head", broken_head}, {0}}};
