/* SPDX-License-Identifier: MIT */
/*
 * Configurations. They are made on a thread that may block, since they read files: the system's
 * certificates alone are a hundred. Once made they do not change, but for the sessions of a client.
 */
#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "coro/blocking.h"
#include "coro/co.h"
#include "coro/tls/co_tls_private.h"

/* A configuration in the making, for a call on another thread. */
struct making {
    struct co_tls_config *config; /* NULL: it failed, with error and why */
    const struct co_tls_client_options *client;
    const struct co_tls_server_options *server; /* one of the two */
    int error;
    struct co_stream_why why;
};

void co_tls_config_words(struct co_stream_why *why, const char *before)
{
    unsigned long code = ERR_peek_last_error();
    const char *words = code ? ERR_reason_error_string(code) : NULL;
    if (why)
        snprintf(why->text, sizeof why->text, "%s%s%s", before, *before && words ? ": " : "",
            words ? words : "");
    ERR_clear_error();
}

/* --- a life ----------------------------------------------------------------------------------- */

struct co_tls_config *co_tls_config_hold(struct co_tls_config *config)
{
    atomic_fetch_add(&config->holders, 1);
    return config;
}

void co_tls_config_let_go(struct co_tls_config *config)
{
    if (atomic_fetch_sub(&config->holders, 1) > 1)
        return;
    co_tls_sessions_end(config);
    SSL_CTX_free(config->ctx);
    free(config);
}

void co_tls_config_free(struct co_tls_config **config)
{
    if (*config)
        co_tls_config_let_go(*config);
    *config = NULL;
}

/* --- what it is made of ----------------------------------------------------------------------- */

static bool refuse(struct making *making, int error, const char *what)
{
    making->error = error;
    co_tls_config_words(&making->why, what);
    return false;
}

/* A file that is not there is told apart from one that says the wrong thing. */
static bool refuse_file(struct making *making, const char *file, const char *what)
{
    char text[sizeof making->why.text / 2];
    if (access(file, R_OK) != 0) {
        int error = errno;
        snprintf(making->why.text, sizeof making->why.text, "%.60s: %s", file, strerror(error));
        ERR_clear_error();
        making->error = error;
        return false;
    }
    snprintf(text, sizeof text, "%.50s: %s", file, what);
    return refuse(making, EINVAL, text);
}

/* "h2,http/1.1" as ALPN has it. */
static bool set_protocols(struct making *making, const char *text)
{
    struct co_tls_config *config = making->config;
    for (const char *name = text; name && *name;) {
        size_t length = strcspn(name, ",");
        if (length == 0 || config->protocols_length + length + 1 >= sizeof config->protocols)
            return refuse(making, EINVAL, "protocols must be names with commas between them");
        config->protocols[config->protocols_length++] = (unsigned char)length;
        memcpy(config->protocols + config->protocols_length, name, length);
        config->protocols_length += (unsigned)length;
        name += length + (name[length] == ',');
    }
    return true;
}

/* Nobody is asked for a passphrase: OpenSSL would, on the terminal. */
static int no_passphrase(char *to, int size, int for_writing, void *arg)
{
    (void)to, (void)size, (void)for_writing, (void)arg;
    return -1;
}

static bool set_certificate(struct making *making, const char *certificate, const char *key)
{
    SSL_CTX *ctx = making->config->ctx;
    if (!certificate || !key)
        return refuse(making, EINVAL, "a certificate and its key are needed");
    SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
    if (SSL_CTX_use_certificate_chain_file(ctx, certificate) != 1)
        return refuse_file(making, certificate, "not a certificate");
    if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1)
        return refuse_file(making, key, "not the key of that certificate");
    return true;
}

static bool set_trust(struct making *making, const char *file)
{
    SSL_CTX *ctx = making->config->ctx;
    if (file && SSL_CTX_load_verify_file(ctx, file) != 1)
        return refuse_file(making, file, "not certificates");
    if (!file && SSL_CTX_set_default_verify_paths(ctx) != 1)
        return refuse(making, EINVAL, "the system's certificates cannot be read");
    return true;
}

static bool make_client(struct making *making)
{
    static const struct co_tls_client_options plain;
    const struct co_tls_client_options *options = making->client ? making->client : &plain;
    struct co_tls_config *config = making->config;
    config->verifies = !options->trust_anyone;
    co_tls_sessions_begin(config);
    SSL_CTX_set_verify(config->ctx, config->verifies ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
    if (config->verifies && !set_trust(making, options->trust_file))
        return false;
    if ((options->certificate_file || options->key_file) &&
        !set_certificate(making, options->certificate_file, options->key_file))
        return false;
    if (!set_protocols(making, options->protocols))
        return false;
    return config->protocols_length == 0 ||
           SSL_CTX_set_alpn_protos(config->ctx, config->protocols, config->protocols_length) == 0 ||
           refuse(making, ENOMEM, "");
}

/* The first of the server's that the client offers; a client that offers none of them goes on
 * without. */
static int choose_protocol(SSL *ssl, const unsigned char **chosen, unsigned char *length,
    const unsigned char *offered, unsigned offered_length, void *arg)
{
    const struct co_tls_config *config = arg;
    unsigned char *found = NULL;
    (void)ssl;
    if (SSL_select_next_proto(&found, length, config->protocols, config->protocols_length, offered,
            offered_length) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_NOACK;
    *chosen = found;
    return SSL_TLSEXT_ERR_OK;
}

static bool make_server(struct making *making)
{
    const struct co_tls_server_options *options = making->server;
    struct co_tls_config *config = making->config;
    const char *clients = options->clients_trust_file;
    config->is_server = true;
    if (!set_certificate(making, options->certificate_file, options->key_file) ||
        !set_protocols(making, options->protocols))
        return false;
    if (config->protocols_length > 0)
        SSL_CTX_set_alpn_select_cb(config->ctx, choose_protocol, config);
    /* Tickets need no memory here. */
    SSL_CTX_set_session_cache_mode(config->ctx, SSL_SESS_CACHE_OFF);
    (void)SSL_CTX_set_session_id_context(config->ctx, (const unsigned char *)"co_tls", 6);
    if (!clients)
        return true;
    STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(clients);
    if (!names)
        return refuse_file(making, clients, "not certificates");
    if (!set_trust(making, clients)) {
        sk_X509_NAME_pop_free(names, X509_NAME_free);
        return false;
    }
    SSL_CTX_set_client_CA_list(config->ctx, names); /* which they belong to now */
    SSL_CTX_set_verify(config->ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    config->verifies = true;
    return true;
}

static void make(void *arg)
{
    struct making *making = arg;
    ERR_clear_error();
    making->config = calloc(1, sizeof *making->config);
    making->error = ENOMEM;
    if (!making->config)
        return;
    atomic_init(&making->config->holders, 1);
    making->config->lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    making->config->ctx = SSL_CTX_new(making->server ? TLS_server_method() : TLS_client_method());
    bool good = making->config->ctx &&
                SSL_CTX_set_min_proto_version(making->config->ctx, TLS1_2_VERSION) == 1;
    if (good) {
        SSL_CTX_set_options(making->config->ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
        SSL_CTX_set_mode(making->config->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                                  SSL_MODE_RELEASE_BUFFERS);
        SSL_CTX_set_read_ahead(making->config->ctx, 1); /* one call for a record, not two */
        good = making->server ? make_server(making) : make_client(making);
    }
    if (!good)
        co_tls_config_free(&making->config);
}

static struct co_tls_config *made(struct making *making, struct co_stream_why *why)
{
    if (co_current())
        co_blocking_call(make, making);
    else
        make(making);
    if (!making->config) {
        if (why)
            *why = making->why;
        errno = making->error;
    }
    return making->config;
}

struct co_tls_config *co_tls_client(
    const struct co_tls_client_options *options, struct co_stream_why *why)
{
    struct making making = {.client = options};
    return made(&making, why);
}

struct co_tls_config *co_tls_server(
    const struct co_tls_server_options *options, struct co_stream_why *why)
{
    struct making making = {.server = options};
    return made(&making, why);
}
