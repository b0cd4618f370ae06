/* SPDX-License-Identifier: MIT */
/* The rows of a batch with a key, as the journal has them: one after the other, right before the
 * batch's own entry. What a row is of stands in its metadata (history.h). */
#ifndef TESTS_SERVICE_ROWS_H
#define TESTS_SERVICE_ROWS_H

#include "loadtest/json_view.h"
#include "tests/service/history.h"

/* Those whose batch has not come yet. Begins as zero. */
struct rows {
    char batch[KEY_SIZE];
    struct op ops[HISTORY_ROWS];
    unsigned count;
};

/* Is the entry a row? Then it is kept; *wrong: what is wrong with that, or untouched. */
CO_MUST_CHECK bool rows_take(struct rows *rows, struct json_view item, const char **wrong);

/* The entry of that batch has come: what it says of its rows is what stands before it, what its
 * client asked for, and what it was told. What is wrong, or NULL. */
CO_MUST_CHECK const char *rows_settle(
    struct rows *rows, const struct op *batch, struct json_view item);

/* It is the entry of another client's batch. */
void rows_forget(struct rows *rows, const char *key);

/* What comes next is not a row. What is wrong, or NULL. */
CO_MUST_CHECK const char *rows_end(struct rows *rows);

#endif
