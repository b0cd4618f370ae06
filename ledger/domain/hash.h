/* SPDX-License-Identifier: MIT */
/*
 * Hashes, from libsodium. The short one is keyed, so that nobody can choose names that collide:
 * with a random key of this process, which never leaves memory, or with a secret of the caller's.
 */
#ifndef LEDGER_DOMAIN_HASH_H
#define LEDGER_DOMAIN_HASH_H

#include <stddef.h>
#include <stdint.h>

/* Before any other call; calling it again is harmless. */
void hash_init(void);

/* SipHash-2-4 (Aumasson, Bernstein, 2012), with the key of this process, or another one. */
enum { HASH_SECRET = 16 };
uint64_t hash_text(const char *text, size_t length);
uint64_t hash_text_with(const uint8_t secret[HASH_SECRET], const char *text, size_t length);

/* A running BLAKE2b (RFC 7693) of 16 bytes (what a request asked for) or 32 (the chain). */
enum { HASH_REQUEST = 16, HASH_CHAIN = 32 };
struct hash {
    _Alignas(64) unsigned char state[384];
    size_t size;
};
void hash_start(struct hash *hash, size_t size);
void hash_add(struct hash *hash, const void *data, size_t size);
void hash_add_text(struct hash *hash, const char *text); /* with its end; NULL differs from "" */
void hash_finish(struct hash *hash, uint8_t *digest);    /* `size` bytes */

/* As hexadecimal digits, and back: `size` bytes; zeros if the text is shorter. */
void hash_to_hex(const uint8_t *digest, size_t size, char *hex);
void hash_of_hex(const char *hex, uint8_t *digest, size_t size);

#endif
