/* SPDX-License-Identifier: MIT */
/*
 * A snapshot is a sorted array that never changes. Each worker has a pointer to its own copy, which
 * is swapped on that worker's stack, while none of its coroutines runs; a check does not park. So
 * nobody can be reading a snapshot that is freed.
 */
#include "server/token_cache.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/select.h"
#include "coro/waitgroup.h"
#include "coro/worker.h"
#include "ledger/pg.h"
#include "server/log.h"

static const char prefix[] = "teller_";
static const int64_t renew_every_ns = 500 * CLOCK_MS;

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
    struct snapshot *snapshot;
    char last[TOKEN_TEXT]; /* "": none */
    enum token_scope last_scope;
};

struct token_cache {
    char *conninfo;
    struct pg *pg; /* NULL: to be connected */
    struct context *life;
    struct waitgroup renewing;
    struct snapshot *latest;
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
    ensure(sodium_init() >= 0);
    randombytes_buf(secret, sizeof secret);
    memcpy(text, prefix, sizeof prefix - 1);
    sodium_bin2hex(text + sizeof prefix - 1, 2 * sizeof secret + 1, secret, sizeof secret);
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

static enum token_scope check(struct of_worker *known, const char *text)
{
    uint8_t hash[TOKEN_HASH];
    if (strlen(text) != TOKEN_TEXT - 1)
        return TOKEN_NONE;
    if (known->last[0] && sodium_memcmp(known->last, text, TOKEN_TEXT) == 0)
        return known->last_scope;
    if (!token_hash(text, hash))
        return TOKEN_NONE;
    enum token_scope scope = scope_of(known->snapshot, hash);
    if (scope != TOKEN_NONE) {
        memcpy(known->last, text, TOKEN_TEXT);
        known->last_scope = scope;
    }
    return scope;
}

enum token_scope token_cache_check(struct token_cache *cache, const char *authorization)
{
    if (!authorization || strncasecmp(authorization, "Bearer ", 7) != 0)
        return TOKEN_NONE;
    struct of_worker *known = &cache->of_worker[worker_index()];
    return check(known, authorization + 7 + strspn(authorization + 7, " "));
}

/* ---- renewing ------------------------------------------------------------------------------ */

static struct snapshot *snapshot_make(const struct token *tokens, size_t count)
{
    struct snapshot *snapshot = calloc(1, sizeof *snapshot + count * sizeof snapshot->tokens[0]);
    ensure(snapshot);
    snapshot->count = count;
    for (size_t i = 0; i < count; i++) {
        memcpy(snapshot->tokens[i].hash, tokens[i].hash, TOKEN_HASH);
        snapshot->tokens[i].scope = token_scope_of_name(tokens[i].scope);
    }
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
    size_t size = snapshot_size(cache->latest);
    struct snapshot *copy = malloc(size);
    ensure(copy);
    memcpy(copy, cache->latest, size);
    struct of_worker *known =
        &cache->of_worker[index]; /* no check of it is going on: those do not park */
    free(known->snapshot);
    *known = (struct of_worker){.snapshot = copy};
}

static bool is_same(const struct snapshot *a, const struct snapshot *b)
{
    return a && a->count == b->count && memcmp(a, b, snapshot_size(a)) == 0;
}

/* False: the database did not answer; what is known stays. */
static bool renew(struct context *context, struct token_cache *cache, char *error, size_t size)
{
    struct token *tokens = NULL;
    size_t count = 0;
    if (!cache->pg)
        cache->pg = pg_connect(context, cache->conninfo, "teller_app", error, size);
    if (!cache->pg)
        return false;
    if (!token_list(context, cache->pg, true, &tokens, &count)) {
        snprintf(error, size, "%s", pg_message(cache->pg));
        pg_close(&cache->pg);
        return false;
    }
    struct snapshot *fresh = snapshot_make(tokens, count);
    free(tokens);
    if (is_same(cache->latest, fresh)) {
        free(fresh);
        return true;
    }
    free(cache->latest);
    cache->latest = fresh;
    worker_each(publish_on_worker, cache);
    return true;
}

static void keep_renewing(void *arg)
{
    struct token_cache *cache = arg;
    struct select_case end = {.op = SELECT_RECV, .chan = context_done(cache->life)};
    char error[200];
    bool good = true;
    while (select_timeout(&end, 1, renew_every_ns) == SELECT_NONE) {
        bool was_good = good;
        good = renew(cache->life, cache, error, sizeof error);
        if (was_good && !good && context_err(cache->life) == CONTEXT_OK)
            log_error("tokens cannot be read again, the known ones hold: %s", error);
    }
    waitgroup_done(&cache->renewing);
}

static void token_cache_free(struct token_cache *cache)
{
    for (int i = 0; i < worker_count(); i++)
        free(cache->of_worker[i].snapshot);
    if (cache->pg)
        pg_close(&cache->pg);
    if (cache->life)
        context_release(&cache->life);
    free(cache->of_worker);
    free(cache->latest);
    free(cache->conninfo);
    free(cache);
}

struct token_cache *token_cache_start(
    struct context *context, const char *conninfo, char *error, size_t error_size)
{
    struct token_cache *cache = calloc(1, sizeof *cache);
    ensure(cache && sodium_init() >= 0);
    cache->conninfo = strdup(conninfo);
    cache->of_worker = calloc((size_t)worker_count(), sizeof *cache->of_worker);
    cache->life = context_with_cancel(context_background());
    ensure(cache->conninfo && cache->of_worker && cache->life);
    waitgroup_add(&cache->renewing, 1);
    if (renew(context, cache, error, error_size) && co_spawn(keep_renewing, cache))
        return cache;
    token_cache_free(cache);
    return NULL;
}

void token_cache_stop(struct token_cache **cache_at)
{
    struct token_cache *cache = *cache_at;
    *cache_at = NULL;
    context_cancel(cache->life);
    waitgroup_wait(&cache->renewing);
    token_cache_free(cache);
}
