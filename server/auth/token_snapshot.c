/* SPDX-License-Identifier: MIT */
#include "server/auth/token_snapshot.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "coro/clock.h"

/* ---- reading ------------------------------------------------------------------------------- */

static int by_hash(const void *a, const void *b)
{
    return memcmp(a, b, TOKEN_HASH);
}

bool token_snapshot_is_past(const struct token_snapshot *snapshot, int64_t moment_us)
{
    return moment_us != INT64_MAX &&
           co_clock_now_ns() / CO_CLOCK_US + snapshot->ahead_us >= moment_us;
}

/* Looked up by the hash's order: whoever can choose that has the token. The last word is compared
 * in constant time. */
const struct token_secret *token_snapshot_find(
    const struct token_snapshot *snapshot, const uint8_t hash[TOKEN_HASH])
{
    size_t low = 0, high = snapshot->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (memcmp(snapshot->secrets[middle].hash, hash, TOKEN_HASH) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == snapshot->count || sodium_memcmp(snapshot->secrets[low].hash, hash, TOKEN_HASH) != 0)
        return NULL;
    return &snapshot->secrets[low];
}

bool token_snapshot_is_over(const struct token_snapshot *snapshot, const struct token_secret *known)
{
    return token_snapshot_is_past(snapshot, known->until_us);
}

enum token_scope token_snapshot_scope(
    const struct token_snapshot *snapshot, const uint8_t hash[TOKEN_HASH])
{
    const struct token_secret *known = token_snapshot_find(snapshot, hash);
    return known && !token_snapshot_is_over(snapshot, known) ? known->scope : TOKEN_NONE;
}

static const char *text_at(const struct token_snapshot *snapshot, uint32_t place)
{
    return place ? (const char *)snapshot + place : NULL;
}

void token_snapshot_grant(const struct token_snapshot *snapshot, const struct token_secret *known,
    struct token_grant *grant)
{
    *grant = (struct token_grant){.scope = known->scope,
        .id = known->id,
        .rate = known->rate,
        .ledgers = text_at(snapshot, known->ledgers),
        .prefixes = text_at(snapshot, known->prefixes),
        .who = "token"};
    /* Both secrets of a token that was rotated are one sender. */
    memcpy(grant->who + TOKEN_WHO - sizeof known->id, &known->id, sizeof known->id);
}

/* ---- making -------------------------------------------------------------------------------- */

static size_t text_size(const char *text)
{
    return text ? strlen(text) + 1 : 0;
}

/* A text goes to the end of the snapshot: its place. */
static uint32_t put_text(struct token_snapshot *snapshot, const char *text)
{
    size_t place = snapshot->size, length = text_size(text);
    if (!text)
        return 0;
    memcpy((char *)snapshot + place, text, length);
    snapshot->size += length;
    return (uint32_t)place;
}

/* A secret of the token, good until then (0: for as long as the token). */
static void put_secret(struct token_snapshot *snapshot, const struct token_secret *token,
    const uint8_t *hash, int64_t until_us)
{
    struct token_secret *known = &snapshot->secrets[snapshot->count++];
    *known = *token;
    memcpy(known->hash, hash, TOKEN_HASH);
    if (until_us && until_us < known->until_us)
        known->until_us = until_us;
}

static void put_token(struct token_snapshot *snapshot, const struct token *token)
{
    const struct token_secret known = {.id = token->id,
        .until_us = token->expires_us ? token->expires_us : INT64_MAX,
        .rate = token->rate,
        .scope = token_scope_of_name(token->scope),
        .ledgers = put_text(snapshot, token->ledgers),
        .prefixes = put_text(snapshot, token->prefixes)};
    put_secret(snapshot, &known, token->hash, 0);
    if (token->former_us)
        put_secret(snapshot, &known, token->former, token->former_us);
}

struct token_snapshot *token_snapshot_make(
    const struct token *tokens, size_t count, int64_t read_us)
{
    size_t secrets = 0, texts = 0;
    for (size_t i = 0; i < count; i++) {
        secrets += 1 + (tokens[i].former_us != 0);
        texts += text_size(tokens[i].ledgers) + text_size(tokens[i].prefixes);
    }
    size_t size = sizeof(struct token_snapshot) + secrets * sizeof(struct token_secret);
    struct token_snapshot *snapshot = size + texts <= UINT32_MAX ? calloc(1, size + texts) : NULL;
    if (!snapshot)
        return NULL;
    snapshot->ahead_us = read_us - co_clock_now_ns() / CO_CLOCK_US;
    snapshot->size = size;
    for (size_t i = 0; i < count; i++)
        put_token(snapshot, &tokens[i]);
    /* Sorted once, searched often. */
    qsort(snapshot->secrets, snapshot->count, sizeof snapshot->secrets[0], by_hash);
    return snapshot;
}

int64_t token_snapshot_next_end_us(const struct token_snapshot *snapshot)
{
    int64_t next_us = INT64_MAX;
    for (size_t i = 0; i < snapshot->count; i++)
        if (!token_snapshot_is_over(snapshot, &snapshot->secrets[i]) &&
            snapshot->secrets[i].until_us < next_us)
            next_us = snapshot->secrets[i].until_us;
    return next_us;
}

bool token_snapshot_is_same(const struct token_snapshot *a, const struct token_snapshot *b)
{
    size_t from = offsetof(struct token_snapshot, size);
    return a && a->size == b->size &&
           memcmp((const char *)a + from, (const char *)b + from, a->size - from) == 0;
}
