/* SPDX-License-Identifier: MIT */
/*
 * Requests that are passed on to another server: the one that has their ledger. The answer is given
 * as it came (forward_answer.h), or it is told apart what is known of the request: that it was not
 * executed, or that nobody knows. Whoever asks decides about another try.
 *
 * A request that is passed on says so (Teller-Hop), and is not passed on again. Connections are
 * kept for the next ones, for all workers together. One waits for its answer no longer than the
 * server that it went to lives; one that only reads, than that server can answer it.
 */
#ifndef SERVER_FORWARD_FORWARD_H
#define SERVER_FORWARD_FORWARD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coro/ensure.h"
#include "coro/http/co_http.h"
#include "server/forward/forward_watch.h"
#include "server/http/request.h"
#include "server/http/response.h"

struct forward;

struct forward_options {
    const char *url;        /* where others reach this server: nothing is passed on to there */
    bool speaks_tls;        /* to servers whose url is https, whose certificates are verified ... */
    const char *trust_file; /* ... by these; NULL: by the system's */
    const char *certificate_file, *key_file; /* shown to those that ask for one; NULL: none */
    size_t max_open; /* requests and streams on their way, half of them to one server; 0: any */
    /* Is that server known to live no more; or to be unable to tell anything now? Never park, and
     * ask nobody. */
    bool (*is_gone)(void *arg, uint64_t server), (*is_silent)(void *arg, uint64_t server);
    void *arg;
};

/* NULL: memory is short, or a file is not what it should be, with the reason. Parks. */
CO_MUST_CHECK struct forward *forward_make(
    const struct forward_options *options, char *error, size_t size);

/* No request is on its way. NULL stays NULL. Parks. */
void forward_free(struct forward **forward);

/* The certificate to be shown may have changed: read the files again. What is wrong with them is
 * logged, and the old ones go on. Parks. */
void forward_reload(struct forward *forward);

/* Can a server be reached at that URL from here? Not at our own, nor at one that says no address,
 * nor at a loopback that is another machine's. Never parks. */
bool forward_reaches(const struct forward *forward, const char *url);

struct forward_to {
    uint64_t server;
    const char *url; /* outlives the call */
    int64_t wait_ns; /* how long to wait for its answer, at most */
    bool only_reads; /* its answer is not waited for while that server is silent */
    bool may_repeat; /* the request may be executed twice, and does no more than once then */
    bool has_begun;  /* something of it was done: what says that nothing was is no answer */
};

enum forward_fate {
    FORWARD_ANSWERED,  /* the response is filled in; it may be a stream */
    FORWARD_NOT_OWNER, /* that server does not have the ledger: not executed */
    FORWARD_MOVED,     /* it has begun there, and goes on wherever the ledger is opened next */
    FORWARD_NOT_SENT,  /* it could not be reached: not executed */
    FORWARD_FULL,      /* too many are on their way: not executed */
    FORWARD_LOST,      /* it was sent, and no whole answer came: nobody knows */
    FORWARD_FATES
};

/* Of an answer to what was passed on, a 504: MOVED. Whoever does not know it passes that on. */
#define FORWARD_MOVED_HEADER "Teller-Moved"

extern const char *const forward_fate_names[FORWARD_FATES];

struct forward_stream; /* of events, in the request's arena */

/* Pass the request on, and fill the response in. With *events not NULL it is a stream, which is to
 * be ended once the response has been sent, or is not sent at all. Parks. */
CO_MUST_CHECK enum forward_fate forward_pass(struct forward *forward, const struct forward_to *to,
    struct request *request, struct response *response, struct forward_stream **events);
void forward_stream_end(struct forward_stream **events); /* NULL stays NULL; never parks */

/* A question of this server's own. */
struct forward_question {
    const char *path, *body; /* JSON */
    size_t body_length;
};

/* Ask it, and receive the whole answer, of whatever status; never FULL. To be freed by
 * co_http_answer_free(), whatever came of it. Parks. */
CO_MUST_CHECK enum forward_fate forward_ask(struct co_context *context, struct forward *forward,
    const struct forward_to *to, const struct forward_question *question,
    struct co_http_answer *answer);

struct forward_figures {
    uint64_t passed[FORWARD_FATES]; /* by what became of each */
    uint64_t open;                  /* on their way */
};

void forward_read(struct forward *forward, struct forward_figures *figures); /* never parks */

#endif
