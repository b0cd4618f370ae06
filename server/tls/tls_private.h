/* SPDX-License-Identifier: MIT */
/* What a session is made with. */
#ifndef SERVER_TLS_TLS_PRIVATE_H
#define SERVER_TLS_TLS_PRIVATE_H

#include <openssl/ssl.h>
#include <stdatomic.h>

#include "server/tls/tls_tickets.h"

struct tls_identity {
    _Atomic size_t users;
    SSL_CTX *context;
    struct tls_tickets tickets;
    int64_t ends_s;
};

#endif
