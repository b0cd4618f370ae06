/* SPDX-License-Identifier: MIT */
/* The checker must be able to fail: each lie about a history is found. */
#include "tests/service/suites.h"

#include <stdio.h>
#include <string.h>

#include "tests/service/checker.h"
#include "tests/service/visit.h"

enum { SHOWN = 10, ACCOUNTS = 6 };

static void begin(struct visit *visit)
{
    char name[16];
    struct service *service = service_shared("owner");
    CU_ASSERT_PTR_NOT_NULL_FATAL(service);
    visit_begin(visit, service);
    for (unsigned i = 0; i < ACCOUNTS; i++) {
        history_account(i, name);
        CU_ASSERT(visit_fund(visit, name, 0));
    }
}

/* As they happened: a deposit that was done, a read, a withdrawal that was refused, and a batch of
 * which one row was done. */
static struct history some_ops(struct visit *visit, const char *name)
{
    struct history history = {0};
    struct op *op = history_add(&history);
    op->kind = OP_DEPOSIT;
    op->amount = 3;
    snprintf(op->key, sizeof op->key, "%s-done", name);
    CU_ASSERT(history_send(&visit->api, op));
    CU_ASSERT_EQUAL(op->outcome, OP_DONE);
    op = history_add(&history);
    op->kind = OP_READ;
    CU_ASSERT(history_send(&visit->api, op));
    CU_ASSERT_EQUAL(op->outcome, OP_DONE);
    op = history_add(&history);
    op->kind = OP_WITHDRAW;
    op->from = 1;
    op->amount = 1000000;
    snprintf(op->key, sizeof op->key, "%s-refused", name);
    CU_ASSERT(history_send(&visit->api, op));
    CU_ASSERT_EQUAL(op->outcome, OP_REFUSED);
    op = history_add(&history);
    op->kind = OP_BATCH;
    op->to = ACCOUNTS / 2;
    op->amount = 1;
    snprintf(op->key, sizeof op->key, "%s-batch", name);
    CU_ASSERT(history_send(&visit->api, op));
    CU_ASSERT(op->outcome == OP_DONE && op->rows == 1); /* the others' are empty */
    CU_ASSERT(history_replay(&visit->api, op));
    return history;
}

static void truth_passes(void)
{
    struct visit visit;
    begin(&visit);
    struct history history = some_ops(&visit, "truth");
    struct checker_figures figures;
    CU_ASSERT_EQUAL(checker_run(&visit.api, &history, 1, SHOWN, &figures), 0);
    CU_ASSERT_EQUAL(figures.done, 2);
    CU_ASSERT_EQUAL(figures.refused, 1);
    CU_ASSERT(figures.entries > 0 && figures.accounts > 2);
    history_free(&history);
    visit_end(&visit);
}

static void lies_are_found(void)
{
    struct visit visit;
    begin(&visit);
    struct history history = some_ops(&visit, "lie");
    struct op *done = &history.ops[0], *read = &history.ops[1], *refused = &history.ops[2];
    struct op *batch = &history.ops[3];
    const struct op real_done = *done, real_read = *read, real_refused = *refused,
                    real_batch = *batch;

    snprintf(done->key, sizeof done->key,
        "lie-lost"); /* acknowledged, and the journal does not have it */
    CU_ASSERT_EQUAL(checker_run(&visit.api, &history, 1, 0, NULL), 1);
    *done = real_done;
    done->seq++; /* another position, and one behind a read that came later */
    CU_ASSERT_EQUAL(checker_run(&visit.api, &history, 1, 0, NULL), 2);
    *done = real_done;
    done->amount++;
    CU_ASSERT_EQUAL(checker_run(&visit.api, &history, 1, 0, NULL), 1);
    *done = real_done;
    done->to = 1;
    CU_ASSERT_EQUAL(checker_run(&visit.api, &history, 1, 0, NULL), 1);
    *done = real_done;
    done->outcome = OP_REFUSED; /* said no, and yet the money moved */
    CU_ASSERT_EQUAL(checker_run(&visit.api, &history, 1, 0, NULL), 1);
    *done = real_done;
    done->outcome = OP_ABSENT;
    CU_ASSERT_EQUAL(checker_run(&visit.api, &history, 1, 0, NULL), 1);
    *done = real_done;
    refused->outcome = OP_DONE; /* said yes, and no money moved */
    CU_ASSERT_EQUAL(checker_run(&visit.api, &history, 1, 0, NULL), 1);
    *refused = real_refused;
    read->balance++;
    CU_ASSERT_EQUAL(checker_run(&visit.api, &history, 1, 0, NULL), 1);
    *read = real_read;
    read->seq += 1000000; /* it saw what was never made durable */
    CU_ASSERT(checker_run(&visit.api, &history, 1, 0, NULL) > 0);
    *read = real_read;
    read->seq--; /* it did not see what had been answered before: stale, and another balance */
    CU_ASSERT_EQUAL(checker_run(&visit.api, &history, 1, 0, NULL), 2);
    *read = real_read;
    batch->rows = 3; /* one row more was told to be done; another one was asked for; all or none */
    CU_ASSERT_EQUAL(checker_run(&visit.api, &history, 1, 0, NULL), 1);
    *batch = real_batch;
    batch->amount++;
    CU_ASSERT_EQUAL(checker_run(&visit.api, &history, 1, 0, NULL), 1);
    *batch = real_batch;
    batch->atomic = true;
    CU_ASSERT_EQUAL(checker_run(&visit.api, &history, 1, 0, NULL), 1);
    *batch = real_batch;
    CU_ASSERT_EQUAL(checker_run(&visit.api, &history, 1, SHOWN, NULL), 0);
    history_free(&history);
    visit_end(&visit);
}

/* What cannot be read is one problem, however much was told. */
static void unread_is_one_problem(void)
{
    struct visit visit;
    begin(&visit);
    struct history history = some_ops(&visit, "unread");
    struct checker_figures figures;
    visit.api.ledger = "nowhere";
    CU_ASSERT_EQUAL(checker_run(&visit.api, &history, 1, 0, &figures), 1);
    CU_ASSERT(figures.unread);
    visit.api.ledger = "main";
    CU_ASSERT_EQUAL(checker_run(&visit.api, &history, 1, SHOWN, &figures), 0);
    CU_ASSERT_FALSE(figures.unread);
    history_free(&history);
    visit_end(&visit);
}

/* Everything that the other suites did to the shared services adds up. */
static void shared_journals(const char *strategy)
{
    struct service *service = service_shared(strategy);
    struct visit visit;
    CU_ASSERT_PTR_NOT_NULL_FATAL(service);
    visit_begin(&visit, service);
    CU_ASSERT_EQUAL(checker_run(&visit.api, NULL, 0, SHOWN, NULL), 0);
    visit_end(&visit);
}
BOTH_STRATEGIES(shared_journals)

/* After all of it they still end well: under the address sanitizer, also without a leak. */
static void shared_end(const char *strategy)
{
    struct service *service = service_shared(strategy);
    CU_ASSERT_PTR_NOT_NULL_FATAL(service);
    CU_ASSERT_EQUAL(service_stop(service), 0);
    service_remove(service);
}
BOTH_STRATEGIES(shared_end)

const struct unit_suite checker_suite = {"checker", 2,
    (const struct unit_test[]){{"truth_passes", truth_passes}, {"lies_are_found", lies_are_found},
        {"unread_is_one_problem", unread_is_one_problem}, BOTH_ROWS(shared_journals),
        BOTH_ROWS(shared_end), {0}}};
