/* SPDX-License-Identifier: MIT */
/*
 * A snapshot is a sorted array that never changes. Each worker has a pointer to its own copy, which
 * is swapped on that worker's stack, while none of its coroutines runs; a check does not park. So
 * nobody can be reading a snapshot that is freed.
 */
#include "server/auth/token_cache.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coro/chan.h"
#include "coro/clock.h"
#include "coro/co.h"
#include "coro/eventcount.h"
#include "coro/select.h"
#include "coro/waitgroup.h"
#include "coro/worker.h"
#include "ledger/db/pg.h"
#include "server/auth/token_snapshot.h"
#include "server/auth/token_text.h"
#include "server/text/log.h"

static const int64_t renew_every_ns = 200 * CO_CLOCK_MS;  /* by itself */
static const int64_t renew_at_most_ns = 20 * CO_CLOCK_MS; /* however many ask for it */
static const int64_t database_wait_ns = 5 * CO_CLOCK_S;   /* then a new connection is made */
static const int64_t asker_wait_ns = CO_CLOCK_S;

/* What a worker knows: its copy, and the last token that was good by it, since most requests carry
 * the same one. */
struct of_worker {
    struct token_snapshot *snapshot, *next; /* what it checks against; what comes in its place */
    char last[TOKEN_TEXT];                  /* "": none */
    const struct token_secret *last_known;  /* of the snapshot */
    struct token_watch *watches;
};

struct token_cache {
    char *conninfo;
    struct pg *pg; /* NULL: to be connected */
    struct co_context *life;
    struct co_waitgroup renewing;
    struct token_snapshot *latest;
    int64_t next_end_us;        /* when the next of them ends by itself; INT64_MAX: none does */
    char mark[TOKEN_MARK];      /* of what is in it */
    struct co_chan *wishes;     /* to renew now: one is enough for all that wait */
    _Atomic uint64_t begun;     /* renewals */
    _Atomic int64_t begun_ns;   /* the last of them, */
    _Atomic bool working, good; /* which is going on; the last one that ended succeeded */
    struct co_eventcount ended; /* renewals */
    struct of_worker *of_worker;
};

/* ---- checking ------------------------------------------------------------------------------ */

static void check(struct of_worker *worker, const char *text, struct token_grant *grant)
{
    uint8_t hash[TOKEN_HASH];
    const struct token_snapshot *snapshot = worker->snapshot;
    const struct token_secret *known = NULL;
    *grant = (struct token_grant){.scope = TOKEN_NONE};
    if (strlen(text) >= TOKEN_TEXT)
        return;
    /* Most requests carry the token of the one before: no hash then. */
    if (worker->last[0] && strlen(worker->last) == strlen(text) &&
        sodium_memcmp(worker->last, text, strlen(text)) == 0) {
        known = worker->last_known;
    } else if (token_text_hash(text, hash)) {
        /* An unknown token tells its sender apart as well. */
        memcpy(grant->who, hash, TOKEN_WHO);
        if ((known = token_snapshot_find(snapshot, hash))) {
            memcpy(worker->last, text, strlen(text) + 1);
            worker->last_known = known;
        }
    }
    if (known && !token_snapshot_is_over(snapshot, known))
        token_snapshot_grant(snapshot, known, grant);
}

void token_cache_check(
    struct token_cache *cache, const char *authorization, struct token_grant *grant)
{
    check(&cache->of_worker[co_worker_index()], token_text_of(authorization), grant);
}

bool token_cache_may_be_new(const char *authorization)
{
    return token_text_is_valid(token_text_of(authorization));
}

/* A renewal that begins after now. */
bool token_cache_renew(struct token_cache *cache)
{
    /* One that is going on may have read before the token was made, so it does not count. */
    uint64_t next = atomic_load(&cache->begun) + 1;
    /* A database that does not answer must not hold up every request with an unknown token. */
    bool stuck = atomic_load(&cache->working) &&
                 co_clock_now_ns() - atomic_load(&cache->begun_ns) > asker_wait_ns;
    struct co_context *deadline =
        stuck ? NULL : co_context_with_timeout(cache->life, asker_wait_ns);
    if (!deadline)
        return false;
    (void)!co_chan_try_send(cache->wishes, NULL); /* full: somebody wished it already */
    bool renewed = co_eventcount_await(deadline, &cache->ended, next) == CO_EVENTCOUNT_REACHED;
    co_context_release(&deadline);
    return renewed && atomic_load(&cache->good);
}

bool token_cache_ask(
    struct token_cache *cache, const char *authorization, struct token_grant *grant)
{
    token_cache_check(cache, authorization, grant);
    /* Only what may be a token is worth a question to the database. */
    if (grant->scope != TOKEN_NONE || !token_cache_may_be_new(authorization))
        return true;
    if (!token_cache_renew(cache))
        return false;
    token_cache_check(cache, authorization, grant);
    return true;
}

/* ---- streams ------------------------------------------------------------------------------- */

void token_cache_watch(struct token_cache *cache, const char *authorization,
    enum token_scope needed, struct co_context *context, struct token_watch *watch)
{
    struct of_worker *known = &cache->of_worker[co_worker_index()];
    *watch = (struct token_watch){
        .next = known->watches, .at = &known->watches, .needed = needed, .context = context};
    if (known->watches)
        known->watches->at = &watch->next;
    known->watches = watch;
    /* It may have been revoked since the request was let in. */
    if (!token_text_hash(token_text_of(authorization), watch->hash) ||
        token_snapshot_scope(known->snapshot, watch->hash) < needed)
        co_context_cancel(context);
}

void token_cache_unwatch(struct token_watch *watch)
{
    *watch->at = watch->next;
    if (watch->next)
        watch->next->at = watch->at;
}

static void end_streams(const struct of_worker *known)
{
    for (struct token_watch *watch = known->watches; watch; watch = watch->next)
        if (token_snapshot_scope(known->snapshot, watch->hash) < watch->needed)
            co_context_cancel(watch->context);
}

/* ---- renewing ------------------------------------------------------------------------------ */

static void end_on_worker(int index, void *arg)
{
    const struct token_cache *cache = arg;
    end_streams(&cache->of_worker[index]);
}

/* The streams of secrets that have ended by themselves end, whether the database answers or not. */
static void end_those_over(struct token_cache *cache)
{
    if (!cache->latest || !token_snapshot_is_past(cache->latest, cache->next_end_us))
        return;
    co_worker_each(end_on_worker, cache);
    cache->next_end_us = token_snapshot_next_end_us(cache->latest);
}

static void publish_on_worker(int index, void *arg)
{
    struct token_cache *cache = arg;
    struct of_worker *known =
        &cache->of_worker[index]; /* no check of it is going on: those do not park */
    free(known->snapshot);
    known->snapshot = known->next;
    known->next = NULL;
    /* It may be the very token that was revoked. */
    known->last[0] = '\0';
    known->last_known = NULL;
}

/* A copy for each worker. False: memory is short, and each keeps what it has. */
static bool publish(struct token_cache *cache)
{
    size_t size = cache->latest->size;
    bool good = true;
    /* All copies first, so that no worker has others than the rest. */
    for (int i = 0; i < co_worker_count() && good; i++) {
        struct token_snapshot *copy = cache->of_worker[i].next = malloc(size);
        good = copy != NULL;
        if (good)
            memcpy(copy, cache->latest, size);
    }
    /* Streams after that: whoever sees one end finds that its token is good no more, whichever
     * worker answers. One that begins in between is held against the new copy, or is listed. */
    if (good) {
        co_worker_each(publish_on_worker, cache);
        co_worker_each(end_on_worker, cache);
    }
    /* Undo what has been made so far. */
    for (int i = 0; i < co_worker_count() && !good; i++) {
        free(cache->of_worker[i].next);
        cache->of_worker[i].next = NULL;
    }
    return good;
}

/* Those that the database has now, unless they are those that are known. *fresh NULL though they
 * changed: memory is short. */
static bool read_tokens(struct co_context *context, struct token_cache *cache, bool *changed,
    struct token_snapshot **fresh)
{
    struct token *tokens = NULL;
    size_t count = 0;
    int64_t read_us = 0;
    char mark[TOKEN_MARK];
    /* Five times a second, so it reads one line unless something has changed. */
    if (!token_mark(context, cache->pg, mark))
        return false;
    *changed = !cache->latest || strcmp(mark, cache->mark) != 0;
    if (!*changed)
        return true;
    const struct token_query query = {.only_good = true};
    if (!token_list(context, cache->pg, &query, &tokens, &count, &read_us))
        return false;
    *fresh = token_snapshot_make(tokens, count, read_us);
    token_list_free(&tokens, count);
    memcpy(cache->mark, mark, sizeof mark); /* older than the list, if they are of two moments */
    return true;
}

/* Whatever fails, what is known stays. */
static enum pg_status renew(
    struct co_context *context, struct token_cache *cache, char *error, size_t size)
{
    struct token_snapshot *fresh = NULL;
    bool changed = false;
    if (!cache->pg)
        cache->pg = pg_connect(context, cache->conninfo, PG_APP_ROLE, error, size);
    if (!cache->pg)
        return PG_LOST;
    /* A connection that failed may stay broken: the next turn makes another. */
    if (!read_tokens(context, cache, &changed, &fresh)) {
        enum pg_status status = pg_is_lost(cache->pg) ? PG_LOST : PG_ERROR;
        snprintf(error, size, "%s", pg_message(cache->pg));
        pg_close(&cache->pg);
        return status;
    }
    if (!changed)
        return PG_OK;
    /* The mark may change while the valid tokens stay the same: then there is nothing to
     * publish. */
    if (fresh && token_snapshot_is_same(cache->latest, fresh)) {
        free(fresh);
        return PG_OK;
    }
    free(cache->latest);
    cache->latest = fresh;
    if (fresh && publish(cache)) {
        cache->next_end_us = token_snapshot_next_end_us(cache->latest);
        return PG_OK;
    }
    free(cache->latest);
    cache->latest = NULL; /* read again at the next turn */
    snprintf(error, size, "out of memory for tokens");
    return PG_ERROR;
}

/* One renewal, with its number and its end for those who wait. */
static bool renew_in_turn(struct token_cache *cache, char *error, size_t size)
{
    struct co_context *deadline = co_context_with_timeout(cache->life, database_wait_ns);
    /* Before the number, so that whoever sees the number sees a time that fits. */
    atomic_store(&cache->begun_ns, co_clock_now_ns());
    atomic_store(&cache->working, true);
    uint64_t number = atomic_fetch_add(&cache->begun, 1) + 1;
    snprintf(error, size, "out of memory");
    bool good = deadline && renew(deadline, cache, error, size) == PG_OK;
    if (deadline)
        co_context_release(&deadline);
    atomic_store(&cache->good, good);
    atomic_store(&cache->working, false);
    /* Last, when the result can be read. */
    co_eventcount_advance(&cache->ended, number);
    return good;
}

/* A wish waits a little if the last renewal was just now. False: it is over. */
static bool await_turn(struct token_cache *cache)
{
    struct co_select_case cases[] = {{.op = CO_SELECT_RECV, .chan = co_context_done(cache->life)},
        {.op = CO_SELECT_RECV, .chan = cache->wishes}};
    int first = co_select_timeout(cases, 2, renew_every_ns);
    int64_t since_ns = co_clock_now_ns() - atomic_load(&cache->begun_ns);
    if (first == 1 && since_ns < renew_at_most_ns)
        co_sleep(renew_at_most_ns - since_ns);
    return first != 0;
}

static void keep_renewing(void *arg)
{
    struct token_cache *cache = arg;
    char error[200];
    bool good = true;
    while (await_turn(cache)) {
        bool was_good = good;
        good = renew_in_turn(cache, error, sizeof error);
        end_those_over(cache);
        /* Said once for each failure, not five times a second. */
        if (was_good && !good && co_context_err(cache->life) == CO_CONTEXT_OK)
            log_error("tokens cannot be read again, the known ones hold: %s", error);
    }
    co_waitgroup_done(&cache->renewing);
}

static void token_cache_free(struct token_cache *cache)
{
    for (int i = 0; i < co_worker_count(); i++)
        free(cache->of_worker[i].snapshot);
    if (cache->pg)
        pg_close(&cache->pg);
    if (cache->life)
        co_context_release(&cache->life);
    if (cache->wishes)
        co_chan_free(&cache->wishes);
    free(cache->of_worker);
    free(cache->latest);
    free(cache->conninfo);
    free(cache);
}

enum pg_status token_cache_start(struct co_context *context, const char *conninfo,
    struct token_cache **started, char *error, size_t error_size)
{
    struct token_cache *cache = calloc(1, sizeof *cache);
    co_ensure(cache && sodium_init() >= 0);
    cache->conninfo = strdup(conninfo);
    cache->of_worker = calloc((size_t)co_worker_count(), sizeof *cache->of_worker);
    cache->life = co_context_with_cancel(co_context_background());
    cache->wishes = co_chan_make(0, 1);
    co_ensure(cache->conninfo && cache->of_worker && cache->life && cache->wishes);
    co_waitgroup_add(&cache->renewing, 1);
    /* Nothing is served before the tokens are known. */
    enum pg_status status = renew(context, cache, error, error_size);
    if (status == PG_OK && !co_spawn(keep_renewing, cache)) {
        snprintf(error, error_size, "out of memory");
        status = PG_ERROR;
    }
    if (status == PG_OK)
        *started = cache;
    else
        token_cache_free(cache);
    return status;
}

void token_cache_stop(struct token_cache **cache_at)
{
    struct token_cache *cache = *cache_at;
    *cache_at = NULL;
    co_context_cancel(cache->life);
    co_waitgroup_wait(&cache->renewing);
    token_cache_free(cache);
}
