/* SPDX-License-Identifier: MIT */
/*
 * A connection. OpenSSL reads and writes the descriptor by a BIO of ours, which never waits and
 * never raises SIGPIPE; it says what it wants, and the coroutine waits for that. Each call of
 * OpenSSL runs on the big stack of the worker, since a coroutine's may be too small for it, and
 * under `turn`, since a connection is for one at a time: a reader that waits does not hold it.
 *
 * A reader waits on `fd`, a writer on a copy of it, since one coroutine at a time may wait for a
 * descriptor.
 */
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <arpa/inet.h>

#include "coro/net.h"
#include "coro/poller.h"
#include "coro/tls/co_tls_private.h"
#include "coro/worker.h"

/* --- the descriptor, as OpenSSL sees it ------------------------------------------------------- */

static BIO_METHOD *bio_method;

static bool would_wait(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

static int bio_write(BIO *bio, const char *data, int size)
{
    const struct co_tls *tls = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    ssize_t n = send(tls->fd, data, (size_t)size, MSG_NOSIGNAL);
    if (n < 0 && would_wait(errno))
        BIO_set_retry_write(bio);
    return (int)n;
}

static int bio_read(BIO *bio, char *buffer, int size)
{
    struct co_tls *tls = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    ssize_t n = recv(tls->fd, buffer, (size_t)size, 0);
    if (n < 0 && would_wait(errno))
        BIO_set_retry_read(bio);
    tls->at_end = n == 0;
    return (int)n;
}

static long bio_control(BIO *bio, int command, long number, void *pointer)
{
    const struct co_tls *tls = BIO_get_data(bio);
    (void)number;
    (void)pointer;
    switch (command) {
    case BIO_CTRL_EOF:
        return tls->at_end;
    case BIO_CTRL_FLUSH:
        return 1;
    default:
        return 0;
    }
}

/* Without it, memory was short then and is now. */
static void make_bio_method(void)
{
    bio_method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "coroutine's socket");
    if (bio_method && (BIO_meth_set_write(bio_method, bio_write) != 1 ||
                          BIO_meth_set_read(bio_method, bio_read) != 1 ||
                          BIO_meth_set_ctrl(bio_method, bio_control) != 1)) {
        BIO_meth_free(bio_method);
        bio_method = NULL;
    }
}

/* --- one step of OpenSSL ---------------------------------------------------------------------- */

struct step {
    struct co_tls *tls;
    enum { HANDSHAKE, READ, WRITE, FAREWELL } what;
    void *data; /* not written to by WRITE */
    size_t size, done;
    struct co_stream_why *why;
    int wants; /* SSL_ERROR_... */
    int error; /* errno, for SSL_ERROR_SYSCALL and SSL_ERROR_SSL */
};

static int call_openssl(struct step *step)
{
    SSL *ssl = step->tls->ssl;
    switch (step->what) {
    case HANDSHAKE:
        return SSL_do_handshake(ssl);
    case READ:
        return SSL_read_ex(ssl, step->data, step->size, &step->done);
    case WRITE:
        return SSL_write_ex(ssl, step->data, step->size, &step->done);
    case FAREWELL: /* 0: ours is sent, and theirs has not come yet */
        return SSL_shutdown(ssl) >= 0 ? 1 : -1;
    }
    return -1;
}

/* What went wrong in the protocol, as an errno. */
static int errno_of_protocol(const struct step *step)
{
    unsigned long code = ERR_peek_last_error();
    if (step->what == HANDSHAKE && ERR_GET_REASON(code) == SSL_R_CERTIFICATE_VERIFY_FAILED)
        return EKEYREJECTED;
    return ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING ? ECONNRESET
           : ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE             ? ENOMEM
                                                                      : EPROTO;
}

static void say_why(const struct step *step)
{
    long verdict = SSL_get_verify_result(step->tls->ssl);
    if (!step->why)
        return;
    if (step->error == EKEYREJECTED && verdict != X509_V_OK)
        snprintf(
            step->why->text, sizeof step->why->text, "%s", X509_verify_cert_error_string(verdict));
    else if (step->error == ECONNRESET)
        snprintf(step->why->text, sizeof step->why->text, "the other side closed the connection");
    else
        co_tls_config_words(step->why, "");
}

/* On the worker's own stack. The queue of errors is the thread's: it is looked at before anybody
 * else runs on that. */
static void take_step(void *arg)
{
    struct step *step = arg;
    ERR_clear_error();
    errno = 0;
    int result = call_openssl(step);
    step->error = errno;
    step->wants = result > 0 ? SSL_ERROR_NONE : SSL_get_error(step->tls->ssl, result);
    if (step->wants == SSL_ERROR_SSL) {
        step->error = errno_of_protocol(step);
        say_why(step);
    } else if (step->wants == SSL_ERROR_SYSCALL && step->error == 0) {
        step->error = ECONNRESET;
    }
    ERR_clear_error();
}

/* A writer's copy of the descriptor is made when it first waits. */
static int descriptor_for(struct co_tls *tls, int what)
{
    if (what != WRITE && what != FAREWELL)
        return tls->fd;
    if (tls->write_fd < 0)
        tls->write_fd = fcntl(tls->fd, F_DUPFD_CLOEXEC, 0);
    return tls->write_fd;
}

static int wait_for(struct co_context *context, const struct step *step)
{
    int fd = descriptor_for(step->tls, step->what);
    unsigned events = step->wants == SSL_ERROR_WANT_READ ? CO_POLLER_READ : CO_POLLER_WRITE;
    return fd < 0 ? -1 : co_net_wait(context, fd, events);
}

/* 1: done; 0: the other side has said farewell; -1 with errno. */
static int run(struct co_context *context, struct step *step)
{
    struct co_tls *tls = step->tls;
    for (;;) {
        if (co_net_check(context) < 0)
            return -1;
        co_mutex_lock(&tls->turn);
        co_worker_call(take_step, step);
        if (step->wants == SSL_ERROR_SSL || step->wants == SSL_ERROR_SYSCALL)
            tls->broken = true; /* OpenSSL wants no more calls then, not even a farewell */
        co_mutex_unlock(&tls->turn);
        switch (step->wants) {
        case SSL_ERROR_NONE:
            return 1;
        case SSL_ERROR_ZERO_RETURN:
            return 0;
        case SSL_ERROR_WANT_READ:
        case SSL_ERROR_WANT_WRITE:
            if (wait_for(context, step) < 0)
                return -1;
            break;
        default:
            errno = step->error;
            return -1;
        }
    }
}

/* --- a life ----------------------------------------------------------------------------------- */

static void discard(struct co_tls *tls)
{
    int error = errno;
    SSL_free(tls->ssl);
    co_net_close(&tls->write_fd);
    co_net_close(&tls->fd);
    co_tls_config_let_go(tls->config);
    free(tls);
    errno = error;
}

struct making {
    struct co_tls *tls;
    const char *host; /* of a client: whom to expect */
    bool good;
};

/* The name goes to the server too, but not a number: SNI has no place for one. */
static bool expect(SSL *ssl, const char *host)
{
    unsigned char number[sizeof(struct in6_addr)];
    X509_VERIFY_PARAM *expected = SSL_get0_param(ssl);
    if (inet_pton(AF_INET, host, number) == 1 || inet_pton(AF_INET6, host, number) == 1)
        return X509_VERIFY_PARAM_set1_ip_asc(expected, host) == 1;
    X509_VERIFY_PARAM_set_hostflags(expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return X509_VERIFY_PARAM_set1_host(expected, host, 0) == 1 &&
           SSL_set_tlsext_host_name(ssl, host) == 1;
}

static void make(void *arg)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct making *making = arg;
    struct co_tls *tls = making->tls;
    pthread_once(&once, make_bio_method);
    tls->ssl = SSL_new(tls->config->ctx);
    BIO *bio = tls->ssl && bio_method ? BIO_new(bio_method) : NULL;
    if (!bio)
        return;
    BIO_set_data(bio, tls);
    BIO_set_init(bio, 1);
    SSL_set_bio(tls->ssl, bio, bio);
    SSL_set_app_data(tls->ssl, tls);
    if (tls->config->is_server)
        SSL_set_accept_state(tls->ssl);
    else
        SSL_set_connect_state(tls->ssl);
    making->good = !making->host || expect(tls->ssl, making->host);
    if (making->good && making->host)
        co_tls_sessions_offer(tls, making->host);
    ERR_clear_error();
}

static struct co_tls *make_over(struct co_tls_config *config, int fd, const char *host)
{
    struct co_tls *tls = calloc(1, sizeof *tls);
    if (!tls) {
        co_net_close(&fd);
        errno = ENOMEM;
        return NULL;
    }
    tls->config = co_tls_config_hold(config);
    tls->fd = fd;
    tls->write_fd = -1;
    struct making making = {.tls = tls, .host = host};
    co_worker_call(make, &making);
    if (making.good)
        return tls;
    errno = ENOMEM;
    discard(tls);
    return NULL;
}

static void note_protocol(struct co_tls *tls)
{
    const unsigned char *name;
    unsigned length;
    SSL_get0_alpn_selected(tls->ssl, &name, &length);
    if (length > 0 && length < sizeof tls->protocol)
        memcpy(tls->protocol, name, length);
}

static struct co_tls *shake_hands(
    struct co_context *context, struct co_tls *tls, struct co_stream_why *why)
{
    if (why)
        why->text[0] = '\0';
    if (!tls)
        return NULL;
    struct step step = {.tls = tls, .what = HANDSHAKE, .why = why};
    if (run(context, &step) > 0) {
        note_protocol(tls);
        return tls;
    }
    if (step.wants == SSL_ERROR_ZERO_RETURN) /* a farewell instead of a greeting */
        errno = ECONNRESET;
    discard(tls);
    return NULL;
}

struct co_tls *co_tls_connect(struct co_context *context, struct co_tls_config *config, int fd,
    const char *host, struct co_stream_why *why)
{
    co_ensure(!config->is_server);
    return shake_hands(context, make_over(config, fd, host), why);
}

struct co_tls *co_tls_accept(
    struct co_context *context, struct co_tls_config *config, int fd, struct co_stream_why *why)
{
    co_ensure(config->is_server);
    return shake_hands(context, make_over(config, fd, NULL), why);
}

/* "host:port" or "[::1]:port": what stands before the port. */
static bool host_of(const char *address, char host[256])
{
    const char *colon = strrchr(address, ':');
    size_t length = colon ? (size_t)(colon - address) : 0;
    if (length >= 2 && address[0] == '[' && address[length - 1] == ']') {
        address++;
        length -= 2;
    }
    if (length == 0 || length >= 256 || strncmp(address, "unix:", 5) == 0)
        return false;
    memcpy(host, address, length);
    host[length] = '\0';
    return true;
}

struct co_tls *co_tls_dial(struct co_context *context, struct co_tls_config *config,
    const char *address, struct co_stream_why *why)
{
    char host[256];
    if (why)
        why->text[0] = '\0';
    if (!host_of(address, host)) {
        errno = EINVAL;
        return NULL;
    }
    int fd = co_net_dial(context, address);
    return fd < 0 ? NULL : co_tls_connect(context, config, fd, host, why);
}

/* --- to and fro ------------------------------------------------------------------------------- */

ssize_t co_tls_read(struct co_context *context, struct co_tls *tls, void *buffer, size_t size)
{
    struct step step = {.tls = tls, .what = READ, .data = buffer, .size = size};
    int result = run(context, &step);
    return result > 0 ? (ssize_t)step.done : result;
}

ssize_t co_tls_write(struct co_context *context, struct co_tls *tls, const void *data, size_t size)
{
    for (size_t sent = 0; sent < size;) {
        struct step step = {.tls = tls, .what = WRITE, .size = size - sent};
        step.data = (char *)(uintptr_t)data + sent;
        if (tls->broken || tls->ended) {
            errno = EPIPE;
            return -1;
        }
        if (run(context, &step) <= 0) {
            tls->broken = true; /* a part of a record may be out */
            return -1;
        }
        sent += step.done;
    }
    return (ssize_t)size;
}

int co_tls_end(struct co_context *context, struct co_tls *tls)
{
    struct step step = {.tls = tls, .what = FAREWELL};
    if (tls->broken || tls->ended) {
        errno = EPIPE;
        return -1;
    }
    tls->ended = true;
    return run(context, &step) > 0 ? 0 : -1;
}

static void close_it(void *arg)
{
    struct co_tls *tls = arg;
    if (!tls->broken && !tls->ended)
        (void)SSL_shutdown(tls->ssl);
    ERR_clear_error();
    discard(tls);
}

void co_tls_close(struct co_tls **tls)
{
    if (*tls)
        co_worker_call(close_it, *tls);
    *tls = NULL;
}

const char *co_tls_version(const struct co_tls *tls)
{
    return SSL_get_version(tls->ssl);
}

const char *co_tls_protocol(const struct co_tls *tls)
{
    return tls->protocol[0] ? tls->protocol : NULL;
}

bool co_tls_is_resumed(const struct co_tls *tls)
{
    return SSL_session_reused(tls->ssl) == 1;
}

const char *co_tls_server_name(const struct co_tls *tls)
{
    return SSL_get_servername(tls->ssl, TLSEXT_NAMETYPE_host_name);
}
