/* SPDX-License-Identifier: MIT */
/*
 * Invariant: each connection is in the channel, or with the one coroutine that uses it or makes it;
 * `lending` has its one token unless a connection is lent.
 *
 * A link that swallows what is sent is noticed only by the silence. Where one connection has died
 * of it, others may have: those that have not answered since are replaced before they are used.
 */
#include "ledger/db/readers.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "coro/chan.h"
#include "coro/clock.h"
#include "coro/co.h"
#include "coro/eventcount.h"
#include "coro/select.h"
#include "coro/waitgroup.h"

enum { PLACES = 64 };

/* A connection, and when it answered last; pg NULL: to be made at its next use. */
struct reader {
    struct pg *pg;
    int64_t answered_ns;
};

struct readers {
    char *conninfo;
    enum pg_use use;
    struct co_chan *idle;    /* of struct reader */
    struct co_chan *lending; /* of the right to borrow one */
    struct co_context *life; /* of what goes on when no caller waits for it any more */
    struct co_waitgroup connecting;
    _Atomic int64_t doubted_ns;      /* one that has not answered since is in doubt */
    _Atomic int64_t took_ns[PLACES]; /* how long each statement took lately (place_of()) */
    _Atomic int64_t connect_ns;      /* and the last connection; 0: not known */
};

/* ---- the pool ------------------------------------------------------------------------------ */

/* False: the context ended first. */
static bool take(struct co_context *context, struct readers *readers, struct reader *reader)
{
    struct co_select_case cases[] = {
        {.op = CO_SELECT_RECV, .chan = readers->idle, .item = reader},
        {.op = CO_SELECT_RECV, .chan = co_context_done(context)},
    };
    if (co_select_wait(cases, 2) != 0)
        return false;
    if (reader->pg && reader->answered_ns < atomic_load(&readers->doubted_ns))
        pg_close(&reader->pg);
    return true;
}

static void give(struct readers *readers, struct reader reader)
{
    if (reader.pg && pg_is_lost(reader.pg))
        pg_close(&reader.pg);
    if (reader.pg)
        pg_bound(reader.pg, 0);
    enum co_chan_status put = co_chan_try_send(readers->idle, &reader);
    co_ensure(put == CO_CHAN_OK); /* there is room for all that came out of it */
}

static void stop_lending(struct readers *readers)
{
    enum co_chan_status put = co_chan_try_send(readers->lending, NULL);
    co_ensure(put == CO_CHAN_OK);
}

/* ---- a new connection ---------------------------------------------------------------------- */

/* A caller waits for it; once that is over, it is made for the pool. The last of the two frees. */
struct attempt {
    struct readers *readers;
    struct co_eventcount made;
    struct pg *pg;
    enum { MAKING, MADE, LEFT } _Atomic state;
    _Atomic int users;
};

static void drop_attempt(struct attempt *attempt)
{
    if (atomic_fetch_sub(&attempt->users, 1) == 1)
        free(attempt);
}

static void connect_main(void *arg)
{
    struct attempt *attempt = arg;
    struct readers *readers = attempt->readers;
    char problem[300];
    int64_t began_ns = co_clock_now_ns();
    struct pg *pg =
        pg_connect_for(readers->life, readers->conninfo, readers->use, problem, sizeof problem);
    if (pg)
        atomic_store(&readers->connect_ns, co_clock_now_ns() - began_ns);
    attempt->pg = pg;
    if (atomic_exchange(&attempt->state, MADE) == LEFT)
        give(readers, (struct reader){pg, co_clock_now_ns()});
    co_eventcount_advance(&attempt->made, 1);
    drop_attempt(attempt);
    co_waitgroup_done(&readers->connecting);
}

static struct attempt *begin_attempt(struct readers *readers)
{
    struct attempt *attempt = calloc(1, sizeof *attempt);
    if (!attempt)
        return NULL;
    attempt->readers = readers;
    atomic_init(&attempt->users, 2);
    co_waitgroup_add(&readers->connecting, 1);
    if (co_spawn_named("reader connecting", connect_main, attempt))
        return attempt;
    co_waitgroup_done(&readers->connecting);
    free(attempt);
    return NULL;
}

static int64_t connect_timeout_ns(struct readers *readers)
{
    int64_t took_ns = atomic_load(&readers->connect_ns);
    int64_t least_ns = READERS_CONNECT_MS * CO_CLOCK_MS;
    return took_ns == 0             ? PG_CONNECT_S * CO_CLOCK_S
           : 2 * took_ns > least_ns ? 2 * took_ns
                                    : least_ns;
}

/* Make a connection for this reader. False: whoever makes it has it, and gives it to the pool. */
static bool make_again(struct co_context *context, struct readers *readers, struct reader *reader)
{
    struct co_context *deadline = co_context_with_timeout(context, connect_timeout_ns(readers));
    struct attempt *attempt = deadline ? begin_attempt(readers) : NULL;
    bool ours = true;
    *reader = (struct reader){.pg = NULL};
    if (attempt) {
        (void)!co_eventcount_await(deadline, &attempt->made, 1);
        ours = atomic_exchange(&attempt->state, LEFT) == MADE;
        if (ours)
            reader->pg = attempt->pg;
        drop_attempt(attempt);
    }
    if (deadline)
        co_context_release(&deadline);
    return ours;
}

/* ---- statements ---------------------------------------------------------------------------- */

/* A statement is known by where its text lies; that two may share a place does no harm. */
static size_t place_of(const struct pg_statement *statement)
{
    return (uintptr_t)statement->sql / sizeof(void *) % PLACES;
}

static int64_t silence_of(struct readers *readers, const struct pg_statement *statement)
{
    int64_t silence_ns = 2 * atomic_load(&readers->took_ns[place_of(statement)]);
    if (silence_ns < READERS_SILENCE_MS * CO_CLOCK_MS)
        silence_ns = READERS_SILENCE_MS * CO_CLOCK_MS;
    if (silence_ns > READERS_SILENCE_MAX_MS * CO_CLOCK_MS)
        silence_ns = READERS_SILENCE_MAX_MS * CO_CLOCK_MS;
    return silence_ns;
}

/* A statement that takes long must not be taken for a dead connection repeatedly. */
static void note_answer(
    struct readers *readers, const struct pg_statement *statement, int64_t took_ns)
{
    _Atomic int64_t *known_ns = &readers->took_ns[place_of(statement)];
    int64_t half_ns = atomic_load(known_ns) / 2;
    atomic_store(known_ns, took_ns > half_ns ? took_ns : half_ns);
}

/* What a caller wants to have run, and under which condition. */
struct question {
    const struct readers_condition *where; /* NULL: none */
    const struct pg_statement *statement;
    const char *const *values;
    struct pg_result **result;
};

static enum pg_status run_one(struct co_context *context, struct readers *readers,
    struct reader *reader, const struct question *question)
{
    int64_t began_ns = co_clock_now_ns();
    enum pg_status status =
        pg_run(context, reader->pg, question->statement, question->values, question->result);
    reader->answered_ns = co_clock_now_ns();
    if (status != PG_LOST)
        note_answer(readers, question->statement, reader->answered_ns - began_ns);
    else if (pg_is_silent(reader->pg) && began_ns > atomic_load(&readers->doubted_ns))
        atomic_store(&readers->doubted_ns, began_ns);
    return status;
}

static enum pg_status run(struct co_context *context, struct readers *readers,
    struct reader *reader, const struct question *question)
{
    struct pg_result *rows = NULL;
    if (question->where) {
        const struct question first = {
            NULL, question->where->statement, question->where->values, &rows};
        enum pg_status status = run_one(context, readers, reader, &first);
        bool has = status == PG_OK && pg_rows(rows) > 0;
        pg_free(&rows);
        if (!has)
            return status == PG_OK ? PG_ERROR : status;
    }
    return run_one(context, readers, reader, question);
}

static enum pg_status run_somewhere(
    struct co_context *context, struct readers *readers, const struct question *question)
{
    struct reader reader;
    enum pg_status status = PG_LOST;
    if (question->result)
        *question->result = NULL;
    if (!take(context, readers, &reader))
        return PG_LOST;
    if (reader.pg) {
        pg_bound(reader.pg, silence_of(readers, question->statement));
        status = run(context, readers, &reader, question);
    }
    if (status == PG_LOST && co_context_err(context) == CO_CONTEXT_OK) {
        pg_close(&reader.pg);
        if (!make_again(context, readers, &reader))
            return PG_LOST;
        if (reader.pg) /* a late answer on a new connection is an answer */
            status = run(context, readers, &reader, question);
    }
    give(readers, reader);
    return status;
}

enum pg_status readers_run(struct co_context *context, struct readers *readers,
    const struct pg_statement *statement, const char *const *values, struct pg_result **result)
{
    return readers_run_where(context, readers, NULL, statement, values, result);
}

enum pg_status readers_run_where(struct co_context *context, struct readers *readers,
    const struct readers_condition *where, const struct pg_statement *statement,
    const char *const *values, struct pg_result **result)
{
    const struct question question = {where, statement, values, result};
    return run_somewhere(context, readers, &question);
}

/* ---- lending ------------------------------------------------------------------------------- */

struct pg *readers_borrow(struct co_context *context, struct readers *readers)
{
    char problem[300];
    struct reader reader = {.pg = NULL};
    struct co_select_case cases[] = {
        {.op = CO_SELECT_RECV, .chan = readers->lending},
        {.op = CO_SELECT_RECV, .chan = co_context_done(context)},
    };
    if (co_select_wait(cases, 2) != 0)
        return NULL;

    /* The borrower brings no statement that could be tried again: so a good connection, or none. */
    bool taken = take(context, readers, &reader);
    if (reader.pg && pg_is_lost(reader.pg))
        pg_close(&reader.pg);
    if (taken && !reader.pg)
        reader.pg =
            pg_connect_for(context, readers->conninfo, readers->use, problem, sizeof problem);

    if (reader.pg) {
        pg_bound(reader.pg, READERS_LENT_SILENCE_S * CO_CLOCK_S);
    } else {
        if (taken)
            give(readers, reader);
        stop_lending(readers);
    }
    return reader.pg;
}

void readers_return(struct readers *readers, struct pg *reader)
{
    give(readers, (struct reader){reader, co_clock_now_ns()});
    stop_lending(readers);
}

/* ---- making and freeing -------------------------------------------------------------------- */

struct readers *readers_make(const char *conninfo, enum pg_use use, size_t connections)
{
    struct readers *readers = calloc(1, sizeof *readers);
    if (!readers)
        return NULL;
    readers->use = use;
    readers->conninfo = strdup(conninfo);
    readers->idle = co_chan_make(sizeof(struct reader), connections);
    readers->lending = co_chan_make(0, 1);
    readers->life = co_context_with_cancel(co_context_background());
    if (!readers->conninfo || !readers->idle || !readers->lending || !readers->life) {
        readers_free(&readers);
        return NULL;
    }
    stop_lending(readers);
    for (size_t i = 0; i < connections; i++)
        give(readers, (struct reader){.pg = NULL});
    return readers;
}

void readers_free(struct readers **readers)
{
    struct readers *freed = *readers;
    struct reader reader;
    *readers = NULL;
    if (!freed)
        return;
    if (freed->life)
        co_context_cancel(freed->life);

    /* Connections that are still being made give themselves to the pool. */
    co_waitgroup_wait(&freed->connecting);
    while (freed->idle && co_chan_try_recv(freed->idle, &reader) == CO_CHAN_OK)
        pg_close(&reader.pg);
    if (freed->idle)
        co_chan_free(&freed->idle);
    if (freed->lending)
        co_chan_free(&freed->lending);
    co_context_release(&freed->life);
    free(freed->conninfo);
    free(freed);
}
