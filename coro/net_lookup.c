/* SPDX-License-Identifier: MIT */
/*
 * getaddrinfo() blocks, so it runs on a thread, called by a coroutine of its own. That coroutine
 * answers into a channel with room for one item, so it never waits, even if the one that asked has
 * given up. Whichever of the two lets go of the question last frees it.
 */
#include "coro/net_private.h"

#include <errno.h>
#include <netdb.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "coro/blocking.h"
#include "coro/chan_context.h"
#include "coro/co.h"

enum { TEXT_MAX = 300 }; /* a host of 253 characters, and a service */

struct question {
    char text[TEXT_MAX];
    const char *host, *service; /* within text; host NULL: any */
    bool to_listen;
    int count; /* the answer, with errno or the addresses */
    int error;
    struct co_net_address addresses[CO_NET_ADDRESSES_MAX];
    struct co_chan *answered; /* of nothing, with room for one */
    _Atomic int holders;
};

int co_net_errno_of(struct co_context *context)
{
    return co_context_err(context) == CO_CONTEXT_DEADLINE ? ETIMEDOUT : ECANCELED;
}

/* --- the text --------------------------------------------------------------------------------- */

static int unix_address(const char *path, struct co_net_address *address)
{
    struct sockaddr_un *at = (struct sockaddr_un *)&address->at;
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof at->sun_path) {
        errno = EINVAL;
        return -1;
    }
    *address = (struct co_net_address){0};
    at->sun_family = AF_UNIX;
    memcpy(at->sun_path, path, length);
    if (path[0] == '@') { /* abstract: a zero byte, and no terminator */
        at->sun_path[0] = '\0';
        address->size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    } else {
        address->size = sizeof *at;
    }
    return 1;
}

/* Cut "host:service" or "[host]:service" in two. */
static bool cut(struct question *question)
{
    char *text = question->text, *colon = strrchr(text, ':');
    if (!colon || !colon[1])
        return false;
    *colon = '\0';
    question->service = colon + 1;
    size_t length = strlen(text);
    bool bracketed = text[0] == '[' && length > 2 && text[length - 1] == ']';
    if (bracketed) {
        text[length - 1] = '\0';
        text++;
    } else if (strpbrk(text, ":[]")) {
        return false; /* an address of IPv6 without its brackets */
    }
    question->host = *text ? text : NULL;
    return question->host || question->to_listen;
}

/* --- the question ----------------------------------------------------------------------------- */

static void let_go(struct question *question)
{
    if (atomic_fetch_sub(&question->holders, 1) > 1)
        return;
    co_chan_free(&question->answered);
    free(question);
}

static int errno_of_lookup(int status)
{
    switch (status) {
    case EAI_AGAIN:
        return EAGAIN;
    case EAI_MEMORY:
        return ENOMEM;
    case EAI_SYSTEM:
        return errno;
    default:
        return ENOENT;
    }
}

/* On a thread of the pool. */
static void ask(void *arg)
{
    struct question *question = arg;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG}, *found = NULL;
    if (question->to_listen)
        hints.ai_flags = AI_PASSIVE;
    int status = getaddrinfo(question->host, question->service, &hints, &found);
    if (status != 0) {
        question->error = errno_of_lookup(status);
        question->count = -1;
        return;
    }
    for (struct addrinfo *one = found; one && question->count < CO_NET_ADDRESSES_MAX;
         one = one->ai_next) {
        struct co_net_address *address = &question->addresses[question->count++];
        memcpy(&address->at, one->ai_addr, one->ai_addrlen);
        address->size = one->ai_addrlen;
    }
    freeaddrinfo(found);
}

static void answer(void *arg)
{
    struct question *question = arg;
    co_blocking_call(ask, question);
    co_ensure(co_chan_try_send(question->answered, NULL) == CO_CHAN_OK);
    let_go(question);
}

/* Most addresses are numbers: those need no thread. */
static bool is_number(struct question *question)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                        .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV},
                    *found = NULL;
    if (question->to_listen)
        hints.ai_flags |= AI_PASSIVE;
    if (getaddrinfo(question->host, question->service, &hints, &found) != 0)
        return false;
    freeaddrinfo(found);
    return true;
}

static struct question *question_make(const char *text, bool to_listen)
{
    struct question *question = calloc(1, sizeof *question);
    if (!question || !(question->answered = co_chan_make(0, 1))) {
        free(question);
        errno = ENOMEM;
        return NULL;
    }
    atomic_init(&question->holders, 1);
    question->to_listen = to_listen;
    if (strlen(text) < sizeof question->text) {
        memcpy(question->text, text, strlen(text));
        if (cut(question))
            return question;
    }
    let_go(question);
    errno = EINVAL;
    return NULL;
}

/* Have it answered by another coroutine; false, with errno: the context ended first. */
static bool wait_for_answer(struct co_context *context, struct question *question)
{
    atomic_fetch_add(&question->holders, 1);
    if (!co_spawn_named("net lookup", answer, question)) {
        let_go(question);
        errno = ENOMEM;
        return false;
    }
    if (co_chan_context_recv(context, question->answered, NULL) == CO_CHAN_OK)
        return true;
    errno = co_net_errno_of(context);
    return false;
}

int co_net_lookup(struct co_context *context, const char *text, bool to_listen,
    struct co_net_address addresses[CO_NET_ADDRESSES_MAX])
{
    if (strncmp(text, "unix:", 5) == 0)
        return unix_address(text + 5, &addresses[0]);
    struct question *question = question_make(text, to_listen);
    if (!question)
        return -1;
    int count = -1, error = 0;
    if (is_number(question))
        ask(question);
    else if (!wait_for_answer(context, question))
        error = errno;
    if (error == 0) {
        count = question->count;
        error = question->error;
        memcpy(addresses, question->addresses, sizeof question->addresses);
    }
    let_go(question);
    errno = error;
    return count;
}
