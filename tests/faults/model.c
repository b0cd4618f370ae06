/* SPDX-License-Identifier: MIT */
#include "tests/faults/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/ensure.h"

struct model_op {
    struct op *op;
    int64_t seq; /* where the journal has it; 0: nowhere */
};

static void problem(struct model *model, const struct op *op, const char *what)
{
    if (model->problems++ < model->shown)
        printf("\n    model: at %lld, %s: %s\n    ", (long long)model->seq,
            !op          ? "nobody"
            : op->key[0] ? op->key
                         : "a read",
            what);
}

/* --- what the clients did --------------------------------------------------------------------- */

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct model_op *)a)->op->key, ((const struct model_op *)b)->op->key);
}

/* By position, and at one position by time: reads change nothing, so they may stand in any order
 * there that time allows. */
static int by_sight(const void *a, const void *b)
{
    const struct op *one = *(struct op *const *)a, *other = *(struct op *const *)b;
    if (one->seq != other->seq)
        return one->seq < other->seq ? -1 : 1;
    return (one->invoked_ns > other->invoked_ns) - (one->invoked_ns < other->invoked_ns);
}

void model_begin(struct model *model, struct history *histories, size_t count, size_t shown)
{
    size_t all = 1;
    *model = (struct model){.shown = shown};
    for (size_t h = 0; h < count; h++)
        all += histories[h].count;
    model->ops = calloc(all, sizeof model->ops[0]);
    model->reads = calloc(all, sizeof model->reads[0]);
    co_ensure(model->ops && model->reads);
    for (size_t h = 0; h < count; h++)
        for (size_t i = 0; i < histories[h].count; i++) {
            struct op *op = &histories[h].ops[i];
            if (op->kind != OP_READ)
                model->ops[model->op_count++].op = op;
            else if (op->outcome == OP_DONE)
                model->reads[model->read_count++] = op;
        }
    qsort(model->ops, model->op_count, sizeof model->ops[0], by_key);
    qsort(model->reads, model->read_count, sizeof model->reads[0], by_sight);
    for (size_t i = 0; i < HISTORY_ACCOUNTS; i++)
        model->balance[i] = HISTORY_FUNDS;
}

/* --- the bank --------------------------------------------------------------------------------- */

/* What the hold made at that position holds; NULL if there is no such position yet. */
static int64_t *hold_at(struct model *model, int64_t seq)
{
    size_t old = model->on_hold_capacity;
    if (seq < 0 || seq > model->seq)
        return NULL;
    if ((size_t)seq >= old) {
        model->on_hold_capacity = (size_t)seq * 2 + 64;
        model->on_hold = realloc(model->on_hold, model->on_hold_capacity * sizeof(int64_t));
        co_ensure(model->on_hold);
        memset(model->on_hold + old, 0, (model->on_hold_capacity - old) * sizeof(int64_t));
    }
    return &model->on_hold[seq];
}

/* All the rules there are. False: refused, and nothing is changed. */
static bool carry_out(struct model *model, const struct op *op)
{
    int64_t *from = &model->balance[op->from], *to = &model->balance[op->to];
    int64_t *held = &model->held[op->from], *hold;
    bool enough = *from - *held >= op->amount;
    switch (op->kind) {
    case OP_DEPOSIT:
        *to += op->amount;
        return true;
    case OP_WITHDRAW:
        *from -= enough ? op->amount : 0;
        return enough;
    case OP_TRANSFER:
        *from -= enough ? op->amount : 0;
        *to += enough ? op->amount : 0;
        return enough;
    case OP_HOLD:
        *held += enough ? op->amount : 0;
        *hold_at(model, model->seq) = enough ? op->amount : 0;
        return enough;
    default: /* OP_CAPTURE, OP_RELEASE */
        hold = hold_at(model, op->hold);
        if (!hold || *hold < op->amount)
            return false;
        *held -= *hold;
        *hold = 0;
        *from -= op->kind == OP_CAPTURE ? op->amount : 0;
        *to += op->kind == OP_CAPTURE ? op->amount : 0;
        return true;
    }
}

/* --- what they were told ---------------------------------------------------------------------- */

/* An op that was answered before another one began stands before it. */
static void keep_time(struct model *model, const struct op *op)
{
    if (op->outcome != OP_UNKNOWN && op->returned_ns < model->invoked_ns)
        problem(model, op, "stands behind an op that began after its answer");
    if (op->invoked_ns > model->invoked_ns)
        model->invoked_ns = op->invoked_ns;
}

static void check_reads(struct model *model)
{
    for (; model->reads_checked < model->read_count; model->reads_checked++) {
        const struct op *read = model->reads[model->reads_checked];
        if (read->seq > model->seq)
            return;
        if (read->balance != model->balance[read->from] || read->held != model->held[read->from])
            problem(model, read, "saw what was not so");
        keep_time(model, read);
    }
}

/* Row by row, each at its own position: so they were seen. False: they are not those that the
 * journal has right before it, or were told. */
static bool do_batch(struct model *model, const struct op *batch)
{
    unsigned rows = 0, done = 0;
    int64_t balance[HISTORY_ACCOUNTS], end = model->seq;
    memcpy(balance, model->balance, sizeof balance);
    for (unsigned i = 0; i < HISTORY_ROWS; i++) {
        struct op row = history_row(batch, i);
        done += carry_out(model, &row);
    }
    memcpy(model->balance, balance, sizeof balance);
    model->seq -= model->rows;
    for (unsigned i = 0; i < HISTORY_ROWS && (!batch->atomic || done == HISTORY_ROWS); i++) {
        struct op row = history_row(batch, i);
        if (!carry_out(model, &row))
            continue;
        rows |= 1u << i;
        if (model->seq < end)
            check_reads(model);
        model->seq++;
    }
    done = batch->atomic && done < HISTORY_ROWS ? 0 : done;
    model->seq = end;
    return done == model->rows && (batch->outcome != OP_DONE || rows == batch->rows);
}

static void do_op(struct model *model, struct op *op, const char *kind)
{
    static const char *const kinds[] = {
        "transfer", "transfer", "transfer", "hold", "capture", "release", "batch"};
    int64_t available = model->balance[op->from] - model->held[op->from];
    bool done = op->kind == OP_BATCH || carry_out(model, op);
    if (op->kind == OP_BATCH && !do_batch(model, op))
        problem(model, op, "has other rows than it should");
    if (op->kind == OP_BATCH)
        model->rows = 0;
    if (strcmp(kind, done ? kinds[op->kind] : "rejected") != 0)
        problem(model, op, done ? "should have been done" : "should have been refused");
    if (op->outcome == OP_ABSENT)
        problem(model, op, "was told that it is not executed");
    else if (op->outcome != OP_UNKNOWN && op->outcome != (done ? OP_DONE : OP_REFUSED))
        problem(model, op, done ? "was told no" : "was told yes");
    else if (op->outcome != OP_UNKNOWN && op->seq != model->seq)
        problem(model, op, "was told another position");
    else if (op->outcome == OP_REFUSED && op->available != available)
        problem(model, op, "was told another amount available");
    keep_time(model, op);
}

void model_step(struct model *model, const char *key, const char *kind)
{
    struct op wanted;
    struct model_op same = {.op = &wanted}, *found;
    snprintf(wanted.key, sizeof wanted.key, "%s", key);
    found = bsearch(&same, model->ops, model->op_count, sizeof same, by_key);
    model->seq++;
    bool is_row = !*key && strcmp(kind, "transfer") == 0 &&
                  (model->begun || ++model->funds > HISTORY_ACCOUNTS);
    if (is_row)
        model->rows++;
    else if (!found &&
             (model->begun || (strcmp(kind, "account") != 0 && strcmp(kind, "transfer") != 0)))
        problem(model, NULL, "asked for this");
    model->begun = model->begun || found;
    if (found && found->seq > 0)
        problem(model, found->op, "is here twice");
    else if (found)
        do_op(model, found->op, kind);
    if (found)
        found->seq = model->seq;
    if (found && model->rows > 0)
        problem(model, found->op, "stands between the rows of a batch and the batch");
    model->rows = is_row ? model->rows : 0;
    if (!is_row) /* what its batch asked for is not known yet */
        check_reads(model);
}

void model_balance(struct model *model, unsigned account, int64_t balance, int64_t held)
{
    if (model->balance[account] != balance || model->held[account] != held)
        problem(model, NULL, "may have another balance in the end than this");
}

static size_t forget(struct model *model)
{
    free(model->ops);
    free(model->reads);
    free(model->on_hold);
    return model->problems;
}

size_t model_break_off(struct model *model)
{
    problem(model, NULL, "could read on, so nothing can be compared");
    return forget(model);
}

size_t model_end(struct model *model)
{
    for (size_t i = 0; i < model->op_count; i++) {
        const struct model_op *one = &model->ops[i];
        if (one->seq == 0 && (one->op->outcome == OP_DONE || one->op->outcome == OP_REFUSED))
            problem(model, one->op, "was answered, and is lost");
    }
    if (model->rows > 0)
        problem(model, NULL, "has the batch that these rows are of");
    if (model->reads_checked < model->read_count)
        problem(model, model->reads[model->reads_checked], "saw what never came to be");
    return forget(model);
}
