/* SPDX-License-Identifier: MIT */
#include "ledger/domain/hash.h"

#include <sodium.h>
#include <string.h>

#include "coro/ensure.h"

/* The header repeats sizes of libsodium's, so that nobody else needs its headers. */
_Static_assert(HASH_SECRET == crypto_shorthash_KEYBYTES, "the key of SipHash");
_Static_assert(sizeof(crypto_generichash_state) <= offsetof(struct hash, size), "the state fits");

/* Random, so that nobody can choose names that fall into one chain. */
static unsigned char process_key[crypto_shorthash_KEYBYTES];

void hash_init(void)
{
    int started = sodium_init();
    co_ensure(started >= 0);
    if (started == 0) /* 1: it was started before, and the key is there */
        randombytes_buf(process_key, sizeof process_key);
}

uint64_t hash_text(const char *text, size_t length)
{
    uint64_t hash;
    crypto_shorthash((unsigned char *)&hash, (const unsigned char *)text, length, process_key);
    return hash;
}

uint64_t hash_text_with(const uint8_t secret[HASH_SECRET], const char *text, size_t length)
{
    uint64_t hash;
    crypto_shorthash((unsigned char *)&hash, (const unsigned char *)text, length, secret);
    return hash;
}

void hash_start(struct hash *hash, size_t size)
{
    hash->size = size;
    crypto_generichash_init((crypto_generichash_state *)hash->state, NULL, 0, size);
}

void hash_add(struct hash *hash, const void *data, size_t size)
{
    crypto_generichash_update((crypto_generichash_state *)hash->state, data, size);
}

void hash_add_text(struct hash *hash, const char *text)
{
    /* Neighbouring texts cannot be shifted into each other, nor one be left out unnoticed. */
    unsigned char present = text != NULL;
    hash_add(hash, &present, 1);
    if (text)
        hash_add(hash, text, strlen(text) + 1);
}

void hash_finish(struct hash *hash, uint8_t *digest)
{
    crypto_generichash_final((crypto_generichash_state *)hash->state, digest, hash->size);
}

void hash_to_hex(const uint8_t *digest, size_t size, char *hex)
{
    sodium_bin2hex(hex, 2 * size + 1, digest, size);
}

void hash_of_hex(const char *hex, uint8_t *digest, size_t size)
{
    size_t length;
    memset(digest, 0, size);
    /* A text that is not whole must match no digest. */
    if (sodium_hex2bin(digest, size, hex, strlen(hex), NULL, &length, NULL) != 0 || length != size)
        memset(digest, 0, size);
}
