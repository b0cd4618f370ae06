/* SPDX-License-Identifier: MIT */
#include "ledger/lease/lease_ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"
#include "ledger/lease/lease_private.h"
#include "ledger/lease/lease_wait.h"

enum { APART_MS = 20 };

/* A name that is asked for; it lies in the memory of whoever asks. */
struct lease_question {
    struct lease_question *next;
    const char *name;
    size_t row; /* of the answers, once it is asked */
    struct lease_named named;
    enum lease_question_stage {
        LEASE_QUESTION_NEW,
        LEASE_QUESTION_ASKED,
        LEASE_QUESTION_ANSWERED,
    } stage;
};

/* ---- whoever asks -------------------------------------------------------------------------- */

/* By the clock of the last questions, when the next may be asked. Under the lock. */
static int64_t next_ns(const struct lease *lease)
{
    return lease->questioned_ns + APART_MS * CO_CLOCK_MS;
}

static void link_question(struct lease *lease, struct lease_question *question)
{
    co_lock_take(&lease->lock);
    question->next = lease->questions;
    lease->questions = question;
    /* Else the turn that answers it comes by itself: lease_ask_due_ns(). */
    bool is_first = co_clock_boot_ns() >= next_ns(lease);
    co_lock_drop(&lease->lock);
    if (is_first)
        lease_look_soon(lease);
}

static void unlink_question(struct lease *lease, const struct lease_question *question)
{
    co_lock_take(&lease->lock);
    struct lease_question **at = &lease->questions;
    while (*at != question)
        at = &(*at)->next;
    *at = question->next;
    co_lock_drop(&lease->lock);
}

static bool is_answered(struct lease *lease, const struct lease_question *question)
{
    co_lock_take(&lease->lock);
    bool is = question->stage == LEASE_QUESTION_ANSWERED;
    co_lock_drop(&lease->lock);
    return is;
}

bool lease_ask(
    struct co_context *context, struct lease *lease, const char *name, struct lease_named *named)
{
    struct lease_question question = {.name = name};
    struct lease_wait wait;
    bool waits = true;
    if (!lease_wait_begin(&wait, context, lease))
        return false;
    link_question(lease, &question);
    while (waits) {
        /* Read before looking: an answer in between is not missed. */
        uint64_t seen = co_eventcount_read(&lease->news);
        waits = !is_answered(lease, &question) &&
                co_eventcount_await(wait.context, &lease->news, seen + 1) == CO_EVENTCOUNT_REACHED;
    }
    unlink_question(lease, &question);
    lease_wait_end(&wait);
    *named = question.named;
    return question.stage == LEASE_QUESTION_ANSWERED;
}

/* ---- the turn ------------------------------------------------------------------------------ */

int64_t lease_ask_due_ns(struct lease *lease)
{
    co_lock_take(&lease->lock);
    int64_t due_ns = next_ns(lease);
    bool waits = lease->questions || due_ns > co_clock_boot_ns();
    co_lock_drop(&lease->lock);
    return waits ? due_ns : 0;
}

bool lease_ask_is_due(struct lease *lease)
{
    co_lock_take(&lease->lock);
    bool is_due = lease->questions && co_clock_boot_ns() >= next_ns(lease);
    co_lock_drop(&lease->lock);
    return is_due;
}

/* The names as an array, for the caller to free; each of these is asked from now on, and its row is
 * its place there. NULL: memory is short. */
static char *list_names(struct lease *lease)
{
    size_t count = 0, at = 0;
    co_lock_take(&lease->lock);
    for (struct lease_question *each = lease->questions; each; each = each->next)
        each->row = count++;
    size_t size = count * (LEASE_NAME + 3) + 3;
    char *list = malloc(size);
    for (struct lease_question *each = list ? lease->questions : NULL; each; each = each->next) {
        /* In quotes, as one may be called null. */
        at += (size_t)snprintf(list + at, size - at, "%c\"%s\"", at ? ',' : '{', each->name);
        each->stage = LEASE_QUESTION_ASKED;
    }
    if (list)
        snprintf(list + at, size - at, "%s", at ? "}" : "{}");
    lease->questioned_ns = co_clock_boot_ns();
    co_lock_drop(&lease->lock);
    return list;
}

/* To whoever still waits for one that was asked. */
static void note_answers(struct lease *lease, const struct pg_result *rows)
{
    enum { IS_THERE, HOME };
    co_lock_take(&lease->lock);
    for (struct lease_question *each = lease->questions; each; each = each->next) {
        if (each->stage != LEASE_QUESTION_ASKED)
            continue;
        each->named.is_there = *pg_text(rows, each->row, IS_THERE) == 't';
        snprintf(each->named.home, LEASE_NAME, "%s", pg_text(rows, each->row, HOME));
        each->stage = LEASE_QUESTION_ANSWERED;
    }
    co_lock_drop(&lease->lock);
}

enum pg_status lease_answer(struct co_context *context, struct lease *lease)
{
    static const struct pg_statement ask = {1,
        "SELECT l.no IS NOT NULL, coalesce(n.database, '')"
        " FROM unnest($1::text[]) WITH ORDINALITY q(name, row)"
        " LEFT JOIN ledger l ON l.name = q.name LEFT JOIN ledger_name n ON n.name = q.name"
        " ORDER BY q.row"};
    struct pg_result *rows = NULL;
    char *list = list_names(lease);
    const char *values[] = {list};
    if (!list) /* in a later turn: the beats must not end for it */
        return PG_OK;
    enum pg_status status = pg_run(context, lease->pg, &ask, values, &rows);
    if (status == PG_OK)
        note_answers(lease, rows);
    pg_free(&rows);
    free(list);
    return status;
}
