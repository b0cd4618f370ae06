/* SPDX-License-Identifier: MIT */
/* Connections to other servers, plain and over TLS: with little patience, for a server that does
 * not answer within two seconds is as good as away. */
#ifndef SERVER_FORWARD_FORWARD_DIAL_H
#define SERVER_FORWARD_FORWARD_DIAL_H

#include <stdbool.h>

#include "coro/ensure.h"
#include "coro/lock.h"
#include "coro/stream.h"
#include "coro/tls/co_tls.h"

struct forward_trust; /* a configuration of TLS, with those that dial by it */

struct forward_dial {
    bool speaks_tls;
    struct co_tls_client_options files;
    struct co_lock lock; /* guards what follows */
    struct forward_trust *trust;
};

/* Read the files, which are named there if TLS is spoken. False with the reason; then what was read
 * before is kept. Parks. */
CO_MUST_CHECK bool forward_dial_read(struct forward_dial *dial, char *error, size_t size);
void forward_dial_end(struct forward_dial *dial); /* nobody dials; never parks */

/* For an HTTP client; `dial` outlives it. */
struct co_stream_dialer forward_dial_plain(struct forward_dial *dial);
struct co_stream_dialer forward_dial_secret(struct forward_dial *dial);

#endif
