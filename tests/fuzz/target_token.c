/* SPDX-License-Identifier: MIT */
/* The text of a token: of all that is near a good one nothing else is good. And what a token is
 * bound to, held against the plainest way to tell. The input: a text, NUL, lines, NUL, a name. */
#include <stdlib.h>
#include <string.h>

#include "server/auth/token_cache.h"
#include "server/auth/token_grant.h"
#include "server/auth/token_text.h"
#include "tests/fuzz/fuzz.h"

static const char good[] = "teller_0FuzzedFuzzedFuzzedFuzzedFuzzedFuzzedFuzzed4EMghw";

/* Put the bytes of the input, by pairs of a place and a character, into a good token. */
static void alter(const uint8_t *input, size_t length)
{
    char text[sizeof good];
    uint8_t hash[TOKEN_HASH];
    memcpy(text, good, sizeof good);
    co_ensure(token_text_hash(text, hash));
    for (size_t i = 0; i + 1 < length; i += 2)
        text[input[i] % (sizeof good - 1)] = (char)input[i + 1];
    co_ensure(token_text_is_valid(text) == (strcmp(text, good) == 0));
}

static void read_text(const char *text)
{
    uint8_t hash[TOKEN_HASH];
    bool is_valid = token_text_is_valid(text);
    co_ensure(token_text_hash(text, hash) == is_valid);
    if (is_valid)
        co_ensure(strncmp(text, "teller_", 7) == 0 && strlen(text) < TOKEN_TEXT);
    if (token_cache_may_be_new(text))
        co_ensure(strlen(text) > 7);
}

/* One of the lines is the name; or, `begins`, the name begins with it. */
static bool has_line(char *lines, const char *name, bool begins)
{
    for (char *line = lines, *end; line; line = end ? end + 1 : NULL) {
        end = strchr(line, '\n');
        if (end)
            *end = '\0';
        bool has = begins ? strncmp(name, line, strlen(line)) == 0 : strcmp(name, line) == 0;
        if (end)
            *end = '\n';
        if (has)
            return true;
    }
    return false;
}

static void read_bounds(char *lines, const char *name)
{
    struct token_grant grant = {.scope = TOKEN_READ, .ledgers = lines, .prefixes = lines};
    co_ensure(token_grant_has_ledger(&grant, name) == has_line(lines, name, false));
    co_ensure(token_grant_has_account(&grant, name) == has_line(lines, name, true));
    const char *only = token_grant_only_prefix(&grant);
    co_ensure(!only == (strchr(lines, '\n') != NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t length)
{
    const uint8_t *end = input + length, *at = input;
    char *texts[3];
    for (size_t i = 0; i < 3; i++) {
        texts[i] = fuzz_text(at, (size_t)(end - at));
        at += strlen(texts[i]);
        at += at < end;
    }
    alter(input, length);
    read_text(texts[0]);
    read_bounds(texts[1], texts[2]);
    for (size_t i = 0; i < 3; i++)
        free(texts[i]);
    return 0;
}
