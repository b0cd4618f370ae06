/* SPDX-License-Identifier: MIT */
/* One connection to a service, and the last answer that came over it. For tests of single calls. */
#ifndef TESTS_SERVICE_VISIT_H
#define TESTS_SERVICE_VISIT_H

#include "loadtest/api_client.h"
#include "loadtest/client.h"
#include "loadtest/json_view.h"
#include "tests/service/service.h"

struct visit {
    struct client *client;
    struct api api; /* of ledger main, over the same connection */
    enum client_status got;
    struct response response; /* status 0: without an answer */
    struct json_view body;
};

void visit_begin(struct visit *visit, const struct service *service);

/* The same of a client that waits no longer than that for an answer. */
void visit_begin_for(struct visit *visit, const struct service *service, int seconds);
void visit_end(struct visit *visit);

/* Begin one of the service that all tests share. The test is over if there is none. */
void visit_begin_shared(struct visit *visit, const char *strategy);

/* Paths without a leading "/v1/ledgers/main" are relative to it: "/accounts". */
void visit_get(struct visit *visit, const char *path);
void visit_post(struct visit *visit, const char *path, const char *key, const char *body);
void visit_call(struct visit *visit, const struct request *request);

/* Open an account with USD/2 and floor 0, and fund it if amount > 0. False if that fails. */
CO_MUST_CHECK bool visit_fund(struct visit *visit, const char *account, int64_t amount);

/* Is that the balance of the account? It is asked for over the same connection: the text of the
 * last answer is gone after that. */
bool visit_balance_is(struct visit *visit, const char *account, int64_t wanted);

/* Is the member of the last body that very text? visit_is(v, "balance", "\"20\""). */
bool visit_is(const struct visit *visit, const char *member, const char *text);

/* Has the last answer that header with that value? */
bool visit_header_is(const struct visit *visit, const char *name, const char *value);

/* Have the whole journal of a ledger audited: start it, once none other runs, and wait until it has
 * ended. The last answer says how. False: it found something wrong, or was not done. */
CO_MUST_CHECK bool visit_audit(struct visit *visit, const char *ledger);

/* How many entries have that key: 0 or 1, or more of a batch. */
int visit_entries_of(struct visit *visit, const char *key);

/* Ask /metrics for one figure, by its name with its labels; -1: there is none. */
int64_t visit_figure(struct visit *visit, const char *name);

/* The same until it is `wanted`; false: it was not within ten seconds. */
bool visit_figure_becomes(struct visit *visit, const char *name, int64_t wanted);

/* Wait until whatever others asked of the service has ended: it has this one connection, this one
 * request, and no stream. What a test compares the end with is to be taken after that, since a
 * client that has closed is counted until the service has seen it. False: it was not so within 10
 * s. */
CO_MUST_CHECK bool visit_is_alone(struct visit *visit);

/* Shows the last answer, when a test is about to fail on it. */
void visit_print(const struct visit *visit, int wanted);

#define EXPECT_STATUS(visit, wanted)                                                               \
    do {                                                                                           \
        if ((visit)->response.status != (wanted))                                                  \
            visit_print((visit), (wanted));                                                        \
        CU_ASSERT_EQUAL((visit)->response.status, (wanted));                                       \
    } while (0)

#define EXPECT_PROBLEM(visit, wanted, problem_code)                                                \
    do {                                                                                           \
        EXPECT_STATUS((visit), (wanted));                                                          \
        CU_ASSERT(json_view_is(json_view_member((visit)->body, "code"), (problem_code)));          \
        CU_ASSERT(visit_header_is((visit), "Content-Type", "application/problem+json"));           \
    } while (0)

#endif
