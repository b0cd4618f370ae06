/* SPDX-License-Identifier: MIT */
/*
 * The way from one server to another is cut after so many bytes: of the answer, or of the request,
 * on a connection that is kept for several ledgers or on a new one, plain or over TLS, for each
 * kind of request. What is told is true: 503 is not executed, 504 may be, once, and whoever sends
 * it again with its key has it done once; what only reads is answered; no event is left out, or
 * told twice. FORWARD=long (`make forward`): at each byte, not at some.
 */
#include "tests/service/suites.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "tests/service/cutter.h"
#include "tests/service/joint.h"
#include "tests/service/sse.h"
#include "tests/service/visit.h"

enum {
    STRIDE = 199,
    TRIES = 3000,    /* with 10 ms in between, until a transfer between ledgers has its end */
    KEYLESS = 40000, /* payments without a key, in all */
    LEAST = 1000,    /* the amount of the first of them; each has its own */
    FUNDS = 1000000,
    EVENTS_LAST = 6, /* the position of the last event of "main" */
    WHOLE = 3, /* so many in a row were not cut: then no more is. TLS may resume a session, whose
                  handshake is shorter */
    TEXT = 300,
};

struct cuts {
    struct joint joint;
    struct cutter cutter;
    struct visit direct, passed;
    bool is_secret, of_requests, is_kept;
    long stride;
    int turn;            /* all of them, for keys */
    int crossings[2];    /* transfers between ledgers that were made: at the owner, to it */
    int keyless;         /* payments without a key, */
    short told[KEYLESS]; /* with their status, */
    char done[KEYLESS];  /* and how often each is in the journal */
};

static struct cuts cuts;

/* The owner's; the fourth becomes the other one's. */
static const char *const ledgers[] = {"one", "two", "three", "branch"};
enum { LEDGERS = 3 };

#define ONE "/v1/ledgers/one/accounts"

/* ---- one cut ------------------------------------------------------------------------------- */

/* From here on it is cut there. On a new connection: none is kept. */
static void arm(long at)
{
    if (!cuts.is_kept) {
        cutter_drop(&cuts.cutter);
        co_sleep(2 * CO_CLOCK_MS); /* until the one that kept it may have seen that */
    } else {
        visit_get(&cuts.passed, ONE "/a");
        EXPECT_STATUS(&cuts.passed, 200);
    }
    (cuts.of_requests ? cutter_arm_requests : cutter_arm)(&cuts.cutter, at);
}

/* Was it? Else there was less to be cut. */
static bool disarm(void)
{
    bool was_cut = !cuts.cutter.is_armed;
    cuts.cutter.is_armed = false;
    return was_cut;
}

/* The cut may have come before there was a connection to send by: then it is dialled again. */
static bool has_handshake(void)
{
    return cuts.is_secret && !cuts.is_kept;
}

static bool is_told_well(const struct visit *visit)
{
    int status = visit->response.status;
    bool good = status == 201 || status == 504 || (status == 503 && has_handshake());
    if (!good)
        visit_print(visit, 504);
    return good;
}

static int count_entries(const char *ledger, const char *key)
{
    char path[TEXT];
    int count = 0;
    struct json_view item;
    snprintf(path, sizeof path, "/v1/ledgers/%s/transfers?key=%s", ledger, key);
    visit_get(&cuts.direct, path);
    EXPECT_STATUS(&cuts.direct, 200);
    struct json_view_walk walk = {.rest = json_view_member(cuts.direct.body, "items")};
    while (json_view_next(&walk, &item))
        count++;
    return count;
}

/* ---- each kind of request: false, nothing was cut ------------------------------------------- */

static bool with_a_key(long at)
{
    struct visit *passed = &cuts.passed;
    char key[40], path[TEXT], settle[TEXT];
    const char *ledger = ledgers[cuts.turn % LEDGERS];
    snprintf(key, sizeof key, "cut-%d", cuts.turn++);
    snprintf(path, sizeof path, "/v1/ledgers/%s/accounts/a/deposit", ledger);
    snprintf(settle, sizeof settle, "\"/v1/ledgers/%s/transfers?key=%s\"", ledger, key);
    arm(at);
    visit_post(passed, path, key, "{\"amount\":1}");
    bool was_cut = disarm();
    CU_ASSERT(is_told_well(passed));
    if (passed->response.status == 504) {
        CU_ASSERT(visit_is(passed, "code", "\"outcome_unknown\""));
        CU_ASSERT(visit_is(passed, "settle", settle));
    } else if (passed->response.status == 503) {
        CU_ASSERT_EQUAL(count_entries(ledger, key), 0);
    } else {
        /* On a kept connection, without a byte of an answer, it was asked once more; TLS tells the
         * bytes of a record when it has come whole. */
        CU_ASSERT(!was_cut || cuts.is_secret || (cuts.is_kept && (at == 0 || cuts.of_requests)));
    }
    visit_post(passed, path, key, "{\"amount\":1}");
    EXPECT_STATUS(passed, 201);
    CU_ASSERT_EQUAL(count_entries(ledger, key), 1);
    return was_cut;
}

static bool without_one(long at)
{
    char body[60];
    co_ensure(cuts.keyless < KEYLESS);
    snprintf(body, sizeof body, "{\"amount\":%d}", LEAST + cuts.keyless);
    arm(at);
    visit_post(&cuts.passed, ONE "/k/deposit", NULL, body);
    bool was_cut = disarm();
    CU_ASSERT(is_told_well(&cuts.passed));
    CU_ASSERT(has_handshake() || was_cut != (cuts.passed.response.status == 201));
    cuts.told[cuts.keyless++] = (short)cuts.passed.response.status;
    return was_cut;
}

static bool reading(long at)
{
    arm(at);
    visit_get(&cuts.passed, ONE "/a");
    EXPECT_STATUS(&cuts.passed, 200);
    return disarm();
}

/* From that position on, in order, until the stream ends or the last has come: its position. */
static int64_t follow(struct sse *sse, int64_t from)
{
    static struct sse_event event;
    while (from < EVENTS_LAST && sse_next(sse, &event))
        if (event.id >= 0)
            CU_ASSERT_EQUAL(event.id, ++from);
    return from;
}

static bool events(long at)
{
    static struct sse sse;
    arm(at);
    CU_ASSERT_FATAL(sse_open(&sse, cuts.joint.other, -1, 0));
    int64_t seen = follow(&sse, 0);
    sse_close(&sse);
    bool was_cut = disarm();
    if (seen < EVENTS_LAST) {
        CU_ASSERT(was_cut && !cuts.of_requests);
        CU_ASSERT_FATAL(sse_open(&sse, cuts.joint.other, seen, -1));
        CU_ASSERT_EQUAL(follow(&sse, seen), EVENTS_LAST);
        sse_close(&sse);
    }
    return was_cut;
}

static bool cross(long at, int which, const char *body)
{
    struct visit *passed = &cuts.passed;
    char key[40];
    snprintf(key, sizeof key, "cross-%d", cuts.turn++);
    arm(at);
    visit_post(passed, "/v1/transfers", key, body);
    bool was_cut = disarm();
    CU_ASSERT(is_told_well(passed));
    for (int i = 0; i < TRIES && passed->response.status != 201; i++, co_sleep(10 * CO_CLOCK_MS))
        visit_post(passed, "/v1/transfers", key, body);
    EXPECT_STATUS(passed, 201);
    CU_ASSERT(visit_is(passed, "state", "\"done\""));
    cuts.crossings[which]++;
    return was_cut;
}

static bool between_ledgers_there(long at)
{
    return cross(at, 0,
        "{\"from\":{\"ledger\":\"one\",\"account\":\"x\"},"
        "\"to\":{\"ledger\":\"two\",\"account\":\"x\"},\"amount\":1}");
}

static bool between_servers(long at)
{
    return cross(at, 1,
        "{\"from\":{\"ledger\":\"branch\",\"account\":\"x\"},"
        "\"to\":{\"ledger\":\"three\",\"account\":\"x\"},\"amount\":1}");
}

/* ---- all of them --------------------------------------------------------------------------- */

static const struct {
    const char *name;
    bool (*cut)(long at);
} kinds[] = {{"with a key", with_a_key}, {"without", without_one}, {"reading", reading},
    {"events", events}, {"between ledgers", between_ledgers_there},
    {"between servers", between_servers}};

/* How many bytes there were before the last cut. */
static long cut_on(bool (*cut)(long at))
{
    long most = 0;
    for (int whole = 0, turn = 0; whole < WHOLE; turn++) {
        bool was_cut = cut(turn * cuts.stride);
        whole = was_cut ? 0 : whole + 1;
        most = was_cut ? turn * cuts.stride : most;
    }
    return most;
}

static void cut_each(void)
{
    for (int way = 0; way < 4; way++) {
        cuts.of_requests = way & 1;
        cuts.is_kept = way & 2;
        printf("\n    of %s, on %s connection:", cuts.of_requests ? "requests" : "answers",
            cuts.is_kept ? "a kept" : "a new");
        for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
            long most = cut_on(kinds[i].cut);
            printf("%s %s %ld", i ? "," : "", kinds[i].name, most);
            CU_ASSERT(most > 100);
        }
    }
    printf(" bytes\n    ");
}

static void open_account(struct visit *visit, const char *ledger, const char *account, int amount)
{
    char path[TEXT], body[TEXT];
    snprintf(path, sizeof path, "/v1/ledgers/%s/accounts", ledger);
    snprintf(body, sizeof body, "{\"id\":\"%s\",\"asset\":\"USD/2\"}", account);
    visit_post(visit, path, NULL, body);
    EXPECT_STATUS(visit, 201);
    snprintf(path, sizeof path, "/v1/ledgers/%s/accounts/%s/deposit", ledger, account);
    snprintf(body, sizeof body, "{\"amount\":%d}", amount);
    visit_post(visit, path, NULL, body);
    EXPECT_STATUS(visit, 201);
}

static void open_accounts(const char *ledger)
{
    open_account(&cuts.direct, ledger, "a", 1);
    open_account(&cuts.direct, ledger, "k", 1);
    open_account(&cuts.direct, ledger, "x", FUNDS);
}

/* "branch" goes to the other one, which is the second server. */
static bool part(void)
{
    char owner[TEXT];
    for (int i = 0; i < TRIES; i++, co_sleep(20 * CO_CLOCK_MS)) {
        visit_post(&cuts.direct, "/v1/ledgers/branch/owner", NULL, "{\"server\":2}");
        visit_get(&cuts.passed, "/v1/ledgers/branch");
        if (cuts.passed.response.status == 200 &&
            !response_header(&cuts.passed.response, "Teller-Owner", owner, sizeof owner))
            return true;
    }
    return false;
}

static void begin(bool is_secret)
{
    const char *given = getenv("FORWARD");
    memset(&cuts, 0, sizeof cuts);
    cuts.is_secret = is_secret;
    cuts.stride = given && strcmp(given, "long") == 0 ? 1 : STRIDE;
    CU_ASSERT_FATAL(cutter_start(&cuts.cutter));
    CU_ASSERT_FATAL((is_secret ? joint_make_secret : joint_make)(&cuts.joint, &cuts.cutter));
    visit_begin(&cuts.direct, &cuts.joint.owner);
    visit_begin(&cuts.passed, cuts.joint.other);
    for (size_t i = 0; i < LEDGERS + 1; i++) {
        char body[60];
        snprintf(body, sizeof body, "{\"name\":\"%s\"}", ledgers[i]);
        visit_post(&cuts.direct, "/v1/ledgers", NULL, body);
        EXPECT_STATUS(&cuts.direct, 201);
        open_accounts(ledgers[i]);
    }
    open_accounts("main"); /* six events */
    CU_ASSERT_FATAL(part());
}

/* ---- what came of it ----------------------------------------------------------------------- */

/* How often each payment without a key is in the journal. */
static void count_keyless(void)
{
    char path[2 * TEXT], next[TEXT] = "";
    do {
        struct json_view item;
        int64_t amount;
        snprintf(path, sizeof path, "/v1/ledgers/one/transfers?account=k&limit=1000%s%s",
            *next ? "&after=" : "", next);
        visit_get(&cuts.direct, path);
        EXPECT_STATUS(&cuts.direct, 200);
        struct json_view_walk walk = {.rest = json_view_member(cuts.direct.body, "items")};
        while (json_view_next(&walk, &item)) {
            struct json_view_walk postings = {.rest = json_view_member(item, "postings")};
            struct json_view posting;
            CU_ASSERT(json_view_next(&postings, &posting));
            CU_ASSERT(json_view_copy(json_view_member(posting, "amount"), path, sizeof path));
            amount = strtol(path, NULL, 10) - LEAST;
            if (amount >= 0 && amount < cuts.keyless)
                cuts.done[amount]++;
        }
        if (!json_view_copy(json_view_member(cuts.direct.body, "next"), next, sizeof next))
            *next = '\0';
    } while (*next);
}

static void check_keyless(void)
{
    int unknown = 0, done = 0;
    count_keyless();
    for (int i = 0; i < cuts.keyless; i++) {
        CU_ASSERT(
            cuts.done[i] == (cuts.told[i] == 201) || (cuts.told[i] == 504 && cuts.done[i] == 1));
        unknown += cuts.told[i] == 504;
        done += cuts.told[i] == 504 && cuts.done[i];
    }
    printf("[without a key: %d told, %d unknown, of which %d were done] ", cuts.keyless - unknown,
        unknown, done);
}

static void check_balance(struct visit *visit, const char *ledger, int balance)
{
    char path[TEXT], text[TEXT];
    snprintf(path, sizeof path, "/v1/ledgers/%s/accounts/x", ledger);
    snprintf(text, sizeof text, "\"%d\"", balance);
    visit_get(visit, path);
    EXPECT_STATUS(visit, 200);
    CU_ASSERT(visit_is(visit, "balance", text) && visit_is(visit, "held", "\"0\""));
}

static void end(void)
{
    check_keyless();
    check_balance(&cuts.direct, "one", FUNDS - cuts.crossings[0]);
    check_balance(&cuts.direct, "two", FUNDS + cuts.crossings[0]);
    check_balance(&cuts.passed, "branch", FUNDS - cuts.crossings[1]);
    check_balance(&cuts.direct, "three", FUNDS + cuts.crossings[1]);
    CU_ASSERT(visit_figure_becomes(&cuts.passed, "teller_forwarding", 0));
    visit_end(&cuts.direct);
    visit_end(&cuts.passed);
    joint_remove(&cuts.joint);
    cutter_stop(&cuts.cutter);
}

static void plainly(void)
{
    begin(false);
    cut_each();
    end();
}

static void over_tls(void)
{
    begin(true);
    cut_each();
    end();
}

const struct unit_suite forward_cuts_suite = {"forward-cuts", 1,
    (const struct unit_test[]){{"plainly", plainly}, {"over_tls", over_tls}, {0}}};
