/* SPDX-License-Identifier: MIT */
/*
 * OpenSSL reads and writes through a BIO of ours: it sends without SIGPIPE, and remembers whether
 * the kernel had less than there was room for, so that no call is made only to find nothing.
 *
 * Invariant: a byte that tls_send() reports has gone to the kernel as a whole record. One that the
 * kernel took half of is finished by the next tls_send(), and reported then.
 */
#include "server/tls/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "coro/sanitize.h"
#include "server/tls/tls_private.h"

enum { RECORD = 16384 }; /* the most that one takes */

struct tls {
    SSL *session;
    struct tls_identity *identity;
    int fd;
    bool found_less; /* the last tls_read() saw the socket empty */
    bool waits_for_room;
    bool failed; /* it may not even be ended in order */
};

/* ---- to the socket -------------------------------------------------------------------------- */

static int read_socket(BIO *bio, char *to, int size)
{
    struct tls *tls = BIO_get_data(bio);
    ssize_t got;
    do
        got = recvfrom(tls->fd, to, (size_t)size, 0, NULL, NULL);
    while (got < 0 && errno == EINTR);
    BIO_clear_retry_flags(bio);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        BIO_set_retry_read(bio);
    tls->found_less = got < size;
    return (int)got;
}

static int write_socket(BIO *bio, const char *from, int size)
{
    struct tls *tls = BIO_get_data(bio);
    ssize_t sent;
    do
        sent = sendto(tls->fd, from, (size_t)size, MSG_NOSIGNAL | MSG_DONTWAIT, NULL, 0);
    while (sent < 0 && errno == EINTR);
    BIO_clear_retry_flags(bio);
    if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        BIO_set_retry_write(bio);
    return (int)sent;
}

static long control(BIO *bio, int command, long number, void *arg)
{
    (void)bio;
    (void)number;
    (void)arg;
    return command == BIO_CTRL_FLUSH; /* nothing is held back */
}

static BIO_METHOD *method;

static void make_method(void)
{
    method = BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "socket of a connection");
    if (method) {
        BIO_meth_set_read(method, read_socket);
        BIO_meth_set_write(method, write_socket);
        BIO_meth_set_ctrl(method, control);
    }
}

/* ---- begin and end -------------------------------------------------------------------------- */

struct tls *tls_begin(struct tls_identity *identity, int fd)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_method);
    struct tls *tls = malloc(sizeof *tls);
    if (!tls)
        return NULL;
    *tls = (struct tls){.fd = fd, .identity = tls_identity_keep(identity)};
    BIO *bio = method ? BIO_new(method) : NULL;
    tls->session = bio ? SSL_new(identity->context) : NULL;
    if (!tls->session) {
        BIO_free(bio);
        tls_end(&tls);
        return NULL;
    }
    BIO_set_data(bio, tls);
    BIO_set_init(bio, 1);
    SSL_set_bio(tls->session, bio, bio); /* which frees it */
    SSL_set_accept_state(tls->session);
    return tls;
}

void tls_end(struct tls **tls_at)
{
    struct tls *tls = *tls_at;
    *tls_at = NULL;
    if (!tls)
        return;
    SSL_free(tls->session);
    tls_identity_release(&tls->identity);
    free(tls);
}

void tls_move(struct tls *tls, int fd)
{
    tls->fd = fd;
}

void tls_say_end(struct tls *tls)
{
    ERR_clear_error();
    if (!tls->failed && SSL_is_init_finished(tls->session))
        (void)SSL_shutdown(tls->session);
    ERR_clear_error();
    tls->failed = true; /* for us it is over */
}

/* ---- reading and writing -------------------------------------------------------------------- */

/* What a call has failed with, as errno. */
static ssize_t explain(struct tls *tls, int result)
{
    int why = SSL_get_error(tls->session, result);
    bool is_http = ERR_GET_REASON(ERR_peek_error()) == SSL_R_HTTP_REQUEST;
    tls->waits_for_room = why == SSL_ERROR_WANT_WRITE;
    ERR_clear_error();
    if (why == SSL_ERROR_ZERO_RETURN)
        return 0;
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) {
        errno = EAGAIN;
        return -1;
    }
    tls->failed = true;
    errno = is_http ? EPROTO : ECONNRESET;
    return -1;
}

ssize_t tls_read(struct tls *tls, void *to, size_t size)
{
    size_t got = 0;
    /* If it is served from what was read before, more may have come to the socket since. */
    tls->found_less = false;
    ERR_clear_error();
    int result = SSL_read_ex(tls->session, to, size, &got);
    if (result != 1)
        return explain(tls, result);
    tls->waits_for_room = false;
    return (ssize_t)got;
}

bool tls_has_more(const struct tls *tls)
{
    return !tls->found_less || SSL_has_pending(tls->session);
}

bool tls_waits_for_room(const struct tls *tls)
{
    return tls->waits_for_room;
}

/* The pieces from their byte `skip` on, as many bytes as a record takes, in one piece. */
static const char *gather(const struct iovec *pieces, size_t count, size_t skip, size_t *length)
{
    static _Thread_local char record[RECORD];
    *length = 0;
    while (count > 0 && skip >= pieces->iov_len) {
        skip -= pieces->iov_len;
        pieces++;
        count--;
    }
    /* What fills a record, or is the last piece, is sent from where it lies. */
    if (count > 0 && (count == 1 || pieces->iov_len - skip >= RECORD)) {
        size_t rest = pieces->iov_len - skip;
        *length = rest < RECORD ? rest : RECORD;
        return (const char *)pieces->iov_base + skip;
    }
    co_sanitize_acquire(record); /* each coroutine of this thread may have written it */
    for (size_t i = 0; i < count && *length < RECORD; i++, skip = 0) {
        size_t room = RECORD - *length, rest = pieces[i].iov_len - skip;
        size_t more = rest < room ? rest : room;
        if (more > 0)
            memcpy(record + *length, (const char *)pieces[i].iov_base + skip, more);
        *length += more;
    }
    co_sanitize_release(record);
    return record;
}

/* One record of them; as tls_send(). */
static ssize_t send_record(struct tls *tls, const char *bytes, size_t length)
{
    size_t sent = 0;
    ERR_clear_error();
    int result = SSL_write_ex(tls->session, bytes, length, &sent);
    if (result == 1)
        return (ssize_t)sent;
    bool waited = tls->waits_for_room;
    ssize_t failed = explain(tls, result);
    tls->waits_for_room = waited; /* that is for reads to say */
    if (failed == 0 || errno != EAGAIN)
        errno = EPIPE;
    return -1;
}

ssize_t tls_send(struct tls *tls, const struct iovec *pieces, size_t count)
{
    size_t total = 0, length;
    if (tls->failed || !SSL_is_init_finished(tls->session)) {
        errno = EPIPE;
        return -1;
    }
    /* To the end, or until there is no room: whoever gets less than all waits for room. */
    for (;;) {
        const char *bytes = gather(pieces, count, total, &length);
        if (length == 0)
            return (ssize_t)total;
        ssize_t sent = send_record(tls, bytes, length);
        if (sent < 0)
            return total > 0 ? (ssize_t)total : -1;
        total += (size_t)sent;
    }
}
