/* SPDX-License-Identifier: MIT */
/*
 * Who the service is to its clients over TLS: a certificate with its chain, its key, and whose
 * certificates clients must have, with the versions and ciphers that are spoken. It never changes
 * once it is read: new files make a new one, and connections keep the one that they began with. So
 * it is counted, and may be kept and let go by any thread.
 */
#ifndef SERVER_TLS_TLS_IDENTITY_H
#define SERVER_TLS_TLS_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coro/ensure.h"

struct tls_identity;

struct tls_files {
    const char *certificate; /* PEM: the service's own first, then its chain */
    const char *key;         /* PEM, not encrypted */
    const char *client_ca;   /* PEM: who signs the certificates of clients; NULL: they need none */
};

/* Read and check the files: the key is the certificate's, and nobody else may read or change it.
 * NULL with the reason, which names the file. Blocks on the disk; call it on a big stack. The
 * caller has it once. */
CO_MUST_CHECK struct tls_identity *tls_identity_read(
    const struct tls_files *files, char *error, size_t error_size);

/* Another has it too; and one fewer. The last one frees it, and *identity is NULL after that. */
struct tls_identity *tls_identity_keep(struct tls_identity *identity);
void tls_identity_release(struct tls_identity **identity);

/* When the first certificate of its chain expires, in seconds since 1970. */
int64_t tls_identity_ends_s(const struct tls_identity *identity);

#endif
