/* SPDX-License-Identifier: MIT */
#include "server/auth/token_text.h"

#include <sodium.h>
#include <string.h>
#include <strings.h>

static const char prefix[] = "teller_",
                  digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/* 62^43 is a little more than 2^256; 62^6 is more than 2^32. */
enum { PREFIX = sizeof prefix - 1, BASE = 62, RANDOM = 43, CHECK = 6, EARLIER = 64 };

/* Of the first PREFIX + RANDOM characters, without an end. */
static void write_check(const char *text, char check[CHECK])
{
    uint8_t hash[TOKEN_HASH];
    crypto_hash_sha256(hash, (const unsigned char *)text, PREFIX + RANDOM);
    uint32_t bits = (uint32_t)hash[0] << 24 | (uint32_t)hash[1] << 16 | (uint32_t)hash[2] << 8 |
                    (uint32_t)hash[3];
    for (int i = CHECK - 1; i >= 0; i--, bits /= BASE)
        check[i] = digits[bits % BASE];
}

void token_text_make(char text[TOKEN_TEXT], uint8_t hash[TOKEN_HASH])
{
    co_ensure(sodium_init() >= 0);
    memcpy(text, prefix, PREFIX);
    /* Each digit by itself: that is uniform, and needs no arithmetic with long numbers. */
    for (int i = 0; i < RANDOM; i++)
        text[PREFIX + i] = digits[randombytes_uniform(BASE)];
    write_check(text, text + PREFIX + RANDOM);
    text[PREFIX + RANDOM + CHECK] = '\0';
    /* 256 random bits cannot be guessed, so a plain hash will do. */
    crypto_hash_sha256(hash, (const unsigned char *)text, PREFIX + RANDOM + CHECK);
}

const char *token_text_of(const char *authorization)
{
    if (!authorization || strncasecmp(authorization, "Bearer ", 7) != 0)
        return "";
    return authorization + 7 + strspn(authorization + 7, " ");
}

bool token_text_is_valid(const char *text)
{
    if (strncmp(text, prefix, PREFIX) != 0)
        return false;
    const char *rest = text + PREFIX;
    size_t length = strlen(rest);
    if (length == EARLIER)
        return strspn(rest, "0123456789abcdef") == length;
    char check[CHECK];
    if (length != RANDOM + CHECK || strspn(rest, digits) != length)
        return false;
    write_check(text, check);
    return memcmp(rest + RANDOM, check, CHECK) == 0;
}

bool token_text_hash(const char *text, uint8_t hash[TOKEN_HASH])
{
    if (!token_text_is_valid(text))
        return false;
    crypto_hash_sha256(hash, (const unsigned char *)text, strlen(text));
    return true;
}
