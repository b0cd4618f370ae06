/* SPDX-License-Identifier: MIT */
/* Idempotency keys: the first answer, byte for byte, every time. */
#include "tests/service/suites.h"

#include <stdlib.h>
#include <string.h>

#include "tests/service/visit.h"

/* An answer that was kept, to compare a later one with. */
struct kept {
    int status;
    size_t length;
    int64_t seq;
    char body[768];
};

static void keep(struct kept *kept, const struct visit *visit)
{
    CU_ASSERT_FATAL(visit->response.body_length < sizeof kept->body);
    kept->status = visit->response.status;
    kept->length = visit->response.body_length;
    kept->seq = visit->response.seq;
    memcpy(kept->body, visit->response.body, kept->length);
}

static bool is_replay(const struct kept *kept, const struct visit *visit)
{
    return visit->response.replayed && visit->response.status == kept->status &&
           visit->response.seq == kept->seq && visit->response.body_length == kept->length &&
           memcmp(visit->response.body, kept->body, kept->length) == 0;
}

static void replayed(const char *strategy)
{
    struct visit visit;
    struct kept kept;
    visit_begin_shared(&visit, strategy);
    CU_ASSERT(visit_fund(&visit, "replayed", 100));
    visit_post(&visit, "/accounts/replayed/withdraw", "replay \\\"1", "{\"amount\":\"80\"}");
    EXPECT_STATUS(&visit, 201);
    CU_ASSERT_FALSE(visit.response.replayed);
    keep(&kept, &visit);
    /* the same request however it is written */
    visit_post(&visit, "/accounts/replayed/withdraw", "replay \\\"1", " {\"amount\" : 80 } ");
    CU_ASSERT(is_replay(&kept, &visit));
    CU_ASSERT(visit_fund(&visit, "replayed", 7)); /* the world goes on, the answer does not */
    visit_post(&visit, "/accounts/replayed/withdraw", "replay \\\"1", "{\"amount\":\"80\"}");
    CU_ASSERT(is_replay(&kept, &visit));
    visit_get(&visit, "/accounts/replayed");
    CU_ASSERT(visit_is(&visit, "balance", "\"27\""));
    visit_end(&visit);
}
BOTH_STRATEGIES(replayed)

static void quoted_or_not(void)
{
    struct visit visit;
    struct kept kept;
    visit_begin_shared(&visit, "owner");
    CU_ASSERT(visit_fund(&visit, "quoted", 0));
    static const char body[] = "{\"amount\":\"5\"}";
    visit_post(&visit, "/accounts/quoted/deposit", "quoted-1", body);
    EXPECT_STATUS(&visit, 201);
    keep(&kept, &visit);
    visit_call(&visit, &(struct request){.path = "/accounts/quoted/deposit",
                           .headers = "Idempotency-Key: quoted-1\r\n",
                           .body = body,
                           .body_length = sizeof body - 1});
    CU_ASSERT(is_replay(&kept, &visit));
    visit_end(&visit);
}

static void used_for_another_request(const char *strategy)
{
    struct visit visit;
    visit_begin_shared(&visit, strategy);
    CU_ASSERT(visit_fund(&visit, "reused", 100));
    visit_post(&visit, "/accounts/reused/withdraw", "reuse-1", "{\"amount\":1}");
    EXPECT_STATUS(&visit, 201);
    static const char *const others[][2] = {
        {"/accounts/reused/withdraw", "{\"amount\":2}"},
        {"/accounts/reused/deposit", "{\"amount\":1}"},
        {"/accounts/reused/withdraw", "{\"amount\":1,\"metadata\":{\"a\":1}}"},
        {"/transfers", "{\"from\":\"world:USD.2\",\"to\":\"reused\",\"amount\":1}"},
    };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        visit_post(&visit, others[i][0], "reuse-1", others[i][1]);
        EXPECT_PROBLEM(&visit, 422, "key_reused");
    }
    visit_get(&visit, "/accounts/reused");
    CU_ASSERT(visit_is(&visit, "balance", "\"99\""));
    visit_end(&visit);
}
BOTH_STRATEGIES(used_for_another_request)

/* A refusal is an answer: funds that come later do not change it. */
static void frozen_refusal(const char *strategy)
{
    struct visit visit;
    struct kept kept;
    visit_begin_shared(&visit, strategy);
    CU_ASSERT(visit_fund(&visit, "refused", 50));
    visit_post(&visit, "/accounts/refused/withdraw", "refusal-1", "{\"amount\":80}");
    EXPECT_PROBLEM(&visit, 422, "insufficient_funds");
    CU_ASSERT(visit_is(&visit, "available", "\"50\""));
    keep(&kept, &visit);
    CU_ASSERT(visit_fund(&visit, "refused", 50));
    visit_post(&visit, "/accounts/refused/withdraw", "refusal-1", "{\"amount\":80}");
    CU_ASSERT(is_replay(&kept, &visit));
    visit_post(&visit, "/accounts/refused/withdraw", "refusal-2", "{\"amount\":80}");
    EXPECT_STATUS(&visit, 201);
    visit_end(&visit);
}
BOTH_STRATEGIES(frozen_refusal)

/* What is not a business answer leaves the key free. */
static void not_frozen(void)
{
    struct visit visit;
    visit_begin_shared(&visit, "owner");
    visit_post(&visit, "/accounts/late/deposit", "late-1", "{\"amount\":5}");
    EXPECT_PROBLEM(&visit, 404, "account_not_found");
    visit_post(&visit, "/accounts/late/deposit", "late-1", "{\"amount\":0}");
    EXPECT_STATUS(&visit, 400);
    CU_ASSERT(visit_fund(&visit, "late", 0));
    visit_post(&visit, "/accounts/late/deposit", "late-1", "{\"amount\":5}");
    EXPECT_STATUS(&visit, 201);
    CU_ASSERT_FALSE(visit.response.replayed);
    visit_end(&visit);
}

/* A restart forgets nothing: balances, replays of both kinds, and bodies, byte for byte. */
static void over_a_restart(const char *strategy)
{
    static struct service service;
    struct visit visit;
    struct kept done, refused, account;
    CU_ASSERT_FATAL(service_make(&service, strategy, NULL));
    visit_begin(&visit, &service);
    CU_ASSERT(visit_fund(&visit, "lasting", 100));
    visit_post(&visit, "/accounts/lasting/withdraw", "lasting-1",
        "{\"amount\":80,\"metadata\":{\"b\":1,\"a\":\"\\u00e9\"}}");
    EXPECT_STATUS(&visit, 201);
    keep(&done, &visit);
    visit_post(&visit, "/accounts/lasting/withdraw", "lasting-2", "{\"amount\":80}");
    EXPECT_PROBLEM(&visit, 422, "insufficient_funds");
    keep(&refused, &visit);
    visit_get(&visit, "/accounts/lasting");
    keep(&account, &visit);
    visit_end(&visit);

    CU_ASSERT_EQUAL(service_stop(&service), 0);
    CU_ASSERT_FATAL(service_run(&service));
    visit_begin(&visit, &service);
    visit_get(&visit, "/accounts/lasting");
    CU_ASSERT_EQUAL(visit.response.body_length, account.length);
    CU_ASSERT_NSTRING_EQUAL(visit.response.body, account.body, account.length);
    visit_post(&visit, "/accounts/lasting/withdraw", "lasting-1",
        "{\"metadata\":{\"a\":\"\\u00e9\",\"b\":1},\"amount\":80}");
    CU_ASSERT(is_replay(&done, &visit));
    visit_post(&visit, "/accounts/lasting/withdraw", "lasting-2", "{\"amount\":80}");
    CU_ASSERT(is_replay(&refused, &visit));
    visit_end(&visit);
    service_remove(&service);
}
BOTH_STRATEGIES(over_a_restart)

const struct unit_suite keys_suite = {"keys", 2,
    (const struct unit_test[]){BOTH_ROWS(replayed), {"quoted_or_not", quoted_or_not},
        BOTH_ROWS(used_for_another_request), BOTH_ROWS(frozen_refusal), {"not_frozen", not_frozen},
        BOTH_ROWS(over_a_restart), {0}}};
