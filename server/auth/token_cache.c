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
#include <strings.h>

#include "coro/chan.h"
#include "coro/clock.h"
#include "coro/co.h"
#include "coro/eventcount.h"
#include "coro/select.h"
#include "coro/waitgroup.h"
#include "coro/worker.h"
#include "ledger/db/pg.h"
#include "server/text/log.h"

static const char prefix[] = "teller_";
static const int64_t renew_every_ns = 200 * CO_CLOCK_MS;  /* by itself */
static const int64_t renew_at_most_ns = 20 * CO_CLOCK_MS; /* however many ask for it */
static const int64_t database_wait_ns = 5 * CO_CLOCK_S;   /* then a new connection is made */
static const int64_t asker_wait_ns = CO_CLOCK_S;

struct known {
    uint8_t hash[TOKEN_HASH];
    enum token_scope scope;
};

struct snapshot {
    size_t count;
    struct known tokens[]; /* by hash */
};

/* What a worker knows: its copy, and the last token that was good by it, since most requests carry
 * the same one. */
struct of_worker {
    struct snapshot *snapshot, *next; /* what it checks against; what comes in its place */
    char last[TOKEN_TEXT];            /* "": none */
    uint8_t last_hash[TOKEN_HASH];
    enum token_scope last_scope;
    struct token_watch *watches;
};

struct token_cache {
    char *conninfo;
    struct pg *pg; /* NULL: to be connected */
    struct co_context *life;
    struct co_waitgroup renewing;
    struct snapshot *latest;
    char mark[TOKEN_MARK];      /* of what is in it */
    struct co_chan *wishes;     /* to renew now: one is enough for all that wait */
    _Atomic uint64_t begun;     /* renewals */
    _Atomic int64_t begun_ns;   /* the last of them, */
    _Atomic bool working, good; /* which is going on; the last one that ended succeeded */
    struct co_eventcount ended; /* renewals */
    struct of_worker *of_worker;
};

enum token_scope token_scope_of_name(const char *name)
{
    return strcmp(name, "read") == 0    ? TOKEN_READ
           : strcmp(name, "write") == 0 ? TOKEN_WRITE
           : strcmp(name, "admin") == 0 ? TOKEN_ADMIN
                                        : TOKEN_NONE;
}

void token_make(char text[TOKEN_TEXT], uint8_t hash[TOKEN_HASH])
{
    uint8_t secret[32];
    co_ensure(sodium_init() >= 0);
    randombytes_buf(secret, sizeof secret);
    memcpy(text, prefix, sizeof prefix - 1);
    sodium_bin2hex(text + sizeof prefix - 1, 2 * sizeof secret + 1, secret, sizeof secret);
    /* 256 random bits cannot be guessed, so a plain hash will do. */
    crypto_hash_sha256(hash, (const unsigned char *)text, TOKEN_TEXT - 1);
    sodium_memzero(secret, sizeof secret);
}

bool token_hash(const char *text, uint8_t hash[TOKEN_HASH])
{
    size_t length = strlen(text);
    if (length != TOKEN_TEXT - 1)
        return false;
    crypto_hash_sha256(hash, (const unsigned char *)text, length);
    return true;
}

/* ---- checking ------------------------------------------------------------------------------ */

static int by_hash(const void *a, const void *b)
{
    return memcmp(a, b, TOKEN_HASH);
}

/* Looked up by the hash's order: whoever can choose that has the token. The last word is compared
 * in constant time. */
static enum token_scope scope_of(const struct snapshot *snapshot, const uint8_t hash[TOKEN_HASH])
{
    size_t low = 0, high = snapshot->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (memcmp(snapshot->tokens[middle].hash, hash, TOKEN_HASH) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == snapshot->count || sodium_memcmp(snapshot->tokens[low].hash, hash, TOKEN_HASH) != 0)
        return TOKEN_NONE;
    return snapshot->tokens[low].scope;
}

static enum token_scope check(struct of_worker *known, const char *text, uint8_t who[TOKEN_WHO])
{
    uint8_t hash[TOKEN_HASH];
    if (strlen(text) != TOKEN_TEXT - 1)
        return TOKEN_NONE;
    /* Most requests carry the token of the one before: no hash then. */
    if (known->last[0] && sodium_memcmp(known->last, text, TOKEN_TEXT) == 0) {
        if (who)
            memcpy(who, known->last_hash, TOKEN_WHO);
        return known->last_scope;
    }
    if (!token_hash(text, hash))
        return TOKEN_NONE;
    enum token_scope scope = scope_of(known->snapshot, hash);
    if (scope != TOKEN_NONE) {
        memcpy(known->last, text, TOKEN_TEXT);
        memcpy(known->last_hash, hash, TOKEN_HASH);
        known->last_scope = scope;
    }
    /* An unknown token tells its sender apart as well. */
    if (who)
        memcpy(who, hash, TOKEN_WHO);
    return scope;
}

/* What the header says behind "Bearer"; "": something else. */
static const char *bearer(const char *authorization)
{
    if (!authorization || strncasecmp(authorization, "Bearer ", 7) != 0)
        return "";
    return authorization + 7 + strspn(authorization + 7, " ");
}

enum token_scope token_cache_check(
    struct token_cache *cache, const char *authorization, uint8_t who[TOKEN_WHO])
{
    return check(&cache->of_worker[co_worker_index()], bearer(authorization), who);
}

/* A prefix, then 64 hexadecimal digits: nothing else was ever given out. */
static bool is_well_formed(const char *text)
{
    size_t length = sizeof prefix - 1;
    return strncmp(text, prefix, length) == 0 && strlen(text) == TOKEN_TEXT - 1 &&
           strspn(text + length, "0123456789abcdef") == TOKEN_TEXT - 1 - length;
}

bool token_cache_may_be_new(const char *authorization)
{
    return is_well_formed(bearer(authorization));
}

/* Wait for a renewal that begins after now. False: it did not come, or failed. */
static bool await_renewal(struct token_cache *cache)
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

bool token_cache_ask(struct token_cache *cache, const char *authorization, enum token_scope *scope)
{
    *scope = token_cache_check(cache, authorization, NULL);
    /* Only what may be a token is worth a question to the database. */
    if (*scope != TOKEN_NONE || !is_well_formed(bearer(authorization)))
        return true;
    if (!await_renewal(cache))
        return false;
    *scope = token_cache_check(cache, authorization, NULL);
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
    if (!token_hash(bearer(authorization), watch->hash) ||
        scope_of(known->snapshot, watch->hash) < needed)
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
        if (scope_of(known->snapshot, watch->hash) < watch->needed)
            co_context_cancel(watch->context);
}

/* ---- renewing ------------------------------------------------------------------------------ */

/* NULL: memory is short. */
static struct snapshot *snapshot_make(const struct token *tokens, size_t count)
{
    struct snapshot *snapshot = calloc(1, sizeof *snapshot + count * sizeof snapshot->tokens[0]);
    if (!snapshot)
        return NULL;
    snapshot->count = count;
    for (size_t i = 0; i < count; i++) {
        memcpy(snapshot->tokens[i].hash, tokens[i].hash, TOKEN_HASH);
        snapshot->tokens[i].scope = token_scope_of_name(tokens[i].scope);
    }
    /* Sorted once, searched often. */
    qsort(snapshot->tokens, count, sizeof snapshot->tokens[0], by_hash);
    return snapshot;
}

static size_t snapshot_size(const struct snapshot *snapshot)
{
    return sizeof *snapshot + snapshot->count * sizeof snapshot->tokens[0];
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
    end_streams(known);
}

/* A copy for each worker. False: memory is short, and each keeps what it has. */
static bool publish(struct token_cache *cache)
{
    size_t size = snapshot_size(cache->latest);
    bool good = true;
    /* All copies first, so that no worker has others than the rest. */
    for (int i = 0; i < co_worker_count() && good; i++) {
        struct snapshot *copy = cache->of_worker[i].next = malloc(size);
        good = copy != NULL;
        if (good)
            memcpy(copy, cache->latest, size);
    }
    if (good)
        co_worker_each(publish_on_worker, cache);
    /* Undo what has been made so far. */
    for (int i = 0; i < co_worker_count() && !good; i++) {
        free(cache->of_worker[i].next);
        cache->of_worker[i].next = NULL;
    }
    return good;
}

static bool is_same(const struct snapshot *a, const struct snapshot *b)
{
    return a && a->count == b->count && memcmp(a, b, snapshot_size(a)) == 0;
}

/* Those that the database has now, unless they are those that are known: *count and *tokens. */
static bool read_tokens(struct co_context *context, struct token_cache *cache, bool *changed,
    struct token **tokens, size_t *count)
{
    char mark[TOKEN_MARK];
    /* Five times a second, so it reads one line unless something has changed. */
    if (!token_mark(context, cache->pg, mark))
        return false;
    *changed = !cache->latest || strcmp(mark, cache->mark) != 0;
    if (!*changed)
        return true;
    if (!token_list(context, cache->pg, true, tokens, count))
        return false;
    memcpy(cache->mark, mark, sizeof mark); /* older than the list, if they are of two moments */
    return true;
}

/* False: the database did not answer; what is known stays. */
static bool renew(struct co_context *context, struct token_cache *cache, char *error, size_t size)
{
    struct token *tokens = NULL;
    size_t count = 0;
    bool changed = false;
    if (!cache->pg)
        cache->pg = pg_connect(context, cache->conninfo, PG_APP_ROLE, error, size);
    if (!cache->pg)
        return false;
    /* A connection that failed may stay broken: the next turn makes another. */
    if (!read_tokens(context, cache, &changed, &tokens, &count)) {
        snprintf(error, size, "%s", pg_message(cache->pg));
        pg_close(&cache->pg);
        return false;
    }
    if (!changed)
        return true;
    struct snapshot *fresh = snapshot_make(tokens, count);
    free(tokens);
    /* The mark may change while the valid tokens stay the same: then there is nothing to
     * publish. */
    if (fresh && is_same(cache->latest, fresh)) {
        free(fresh);
        return true;
    }
    free(cache->latest);
    cache->latest = fresh;
    if (fresh && publish(cache))
        return true;
    free(cache->latest);
    cache->latest = NULL; /* read again at the next turn */
    snprintf(error, size, "out of memory for tokens");
    return false;
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
    bool good = deadline && renew(deadline, cache, error, size);
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

struct token_cache *token_cache_start(
    struct co_context *context, const char *conninfo, char *error, size_t error_size)
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
    if (renew(context, cache, error, error_size) && co_spawn(keep_renewing, cache))
        return cache;
    token_cache_free(cache);
    return NULL;
}

void token_cache_stop(struct token_cache **cache_at)
{
    struct token_cache *cache = *cache_at;
    *cache_at = NULL;
    co_context_cancel(cache->life);
    co_waitgroup_wait(&cache->renewing);
    token_cache_free(cache);
}
