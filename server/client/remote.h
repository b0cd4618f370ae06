/* SPDX-License-Identifier: MIT */
/*
 * A service somewhere else: one request after the other, and the stream of its events. The only
 * file here that knows how HTTP is spoken. A request without a key is sent once; what its fate
 * means for another try, the caller decides. Calls park; used by one coroutine.
 */
#ifndef SERVER_CLIENT_REMOTE_H
#define SERVER_CLIENT_REMOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coro/ensure.h"
#include "coro/tls/co_tls.h"

enum remote_fate {
    REMOTE_NOT_SENT,    /* nobody listens there: it was not executed */
    REMOTE_NOT_TRUSTED, /* the same, and trying again would not help: its certificate is not good */
    REMOTE_UNKNOWN,     /* it may have been executed, and no answer came */
    REMOTE_ANSWERED,
};

struct remote_ask {
    const char *path; /* "/v1/...", escaped, with its query */
    const char *key;  /* Idempotency-Key; NULL: none */
    const char *body; /* JSON, which makes it a POST; NULL: a GET */
};

/* Valid until the next call. */
struct remote_answer {
    int status;
    bool replayed;
    int64_t seq;           /* Ledger-Seq; -1: none */
    int64_t stale_ms;      /* Ledger-Stale: how old it may be; -1: the owner says it */
    int64_t retry_after_s; /* 0: not said */
    const char *body;      /* not ended */
    size_t length;
};

struct remote;

/* `url`: "http://HOST[:PORT]" or https; `token` may be NULL; `tls`, for https, must outlive it.
 * NULL: *why says what is wrong with the URL. Never parks. */
CO_MUST_CHECK struct remote *remote_open(
    const char *url, const char *token, struct co_tls_config *tls, const char **why);
void remote_close(struct remote **remote);

/* What will do for a GET from now on. */
struct remote_reads {
    bool stale;    /* whichever server follows the ledger may answer it */
    int64_t least; /* nothing from before that position; 0: anything. It rises with each answer */
};
void remote_read_as(struct remote *remote, struct remote_reads reads);

CO_MUST_CHECK enum remote_fate remote_call(
    struct remote *remote, const struct remote_ask *ask, struct remote_answer *answer);

/* Why the last one was not answered: "connection lost". */
const char *remote_why(const struct remote *remote);

/*
 * The events of a path from a position on, until the stream ends, or `event` says false. `data` is
 * the event's one line of JSON, valid during the call; `name` NULL for an entry of the journal,
 * whose position is `id`, else "heartbeat" and the like. An answer that is no stream comes back as
 * of remote_call(); UNKNOWN: the stream was cut. *stopped: it was `event` that ended it.
 */
struct remote_event {
    const char *name;
    int64_t id; /* -1: none */
    const char *data;
    size_t length;
};
struct remote_listener {
    bool (*event)(void *arg, const struct remote_event *event);
    void *arg;
    bool stopped;
};
CO_MUST_CHECK enum remote_fate remote_listen(struct remote *remote, const char *path,
    struct remote_listener *listener, struct remote_answer *answer);

#endif
