/* SPDX-License-Identifier: MIT */
#include "server/tls/tls_identity.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "server/tls/tls_private.h"

/* TLS 1.2 as Mozilla's "intermediate" has it, but for finite-field Diffie-Hellman: ephemeral keys
 * and authenticated encryption only. All ciphers of TLS 1.3 are of that kind. */
static const char ciphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL:!PSK";
static const char groups[] = "X25519:P-256:P-384";

/* What sessions that are taken up again belong to. */
static const unsigned char session_context[] = "teller";

enum { REASON = 200, CHAIN_DEPTH = 5 };

/* ---- what went wrong ------------------------------------------------------------------------ */

static bool fail(char *error, size_t size, const char *path, const char *what)
{
    unsigned long code = ERR_peek_error(); /* the first tells most */
    const char *reason = code ? ERR_reason_error_string(code) : NULL;
    snprintf(error, size, "%s: %s%s%s", path, what, reason ? ": " : "", reason ? reason : "");
    ERR_clear_error();
    return false;
}

/* ---- the files ------------------------------------------------------------------------------ */

/* As PostgreSQL has it: the owner's alone; or root's, and then its group may read it. */
static bool key_is_private(const char *path, char *error, size_t size)
{
    struct stat file;
    if (stat(path, &file) != 0) {
        snprintf(error, size, "%s: %s", path, strerror(errno));
        return false;
    }
    if (!S_ISREG(file.st_mode)) {
        snprintf(error, size, "%s: it is not a file", path);
        return false;
    }
    if (file.st_uid != 0 && file.st_uid != geteuid()) {
        snprintf(error, size, "%s: the key must belong to root or to whoever runs this", path);
        return false;
    }
    mode_t others = file.st_uid == 0 ? S_IWGRP | S_IXGRP | S_IRWXO : S_IRWXG | S_IRWXO;
    if (file.st_mode & others) {
        snprintf(error, size,
            "%s: others may read or change the key (mode %04o): it must be 0600, or 0640 if it is "
            "root's",
            path, (unsigned)(file.st_mode & 07777));
        return false;
    }
    return true;
}

/* Nobody is there to type a passphrase in. */
static int no_passphrase(char *to, int size, int for_writing, void *arg)
{
    (void)to;
    (void)size;
    (void)for_writing;
    (void)arg;
    return -1;
}

static int64_t end_of(const X509 *certificate)
{
    struct tm at;
    if (!certificate || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &at) != 1)
        return INT64_MAX;
    return timegm(&at);
}

/* The earliest end in the chain: with it the whole is of no use. */
static void find_end(struct tls_identity *identity)
{
    STACK_OF(X509) *chain = NULL;
    identity->ends_s = end_of(SSL_CTX_get0_certificate(identity->context));
    SSL_CTX_get0_chain_certs(identity->context, &chain);
    for (int i = 0; chain && i < sk_X509_num(chain); i++) {
        int64_t ends_s = end_of(sk_X509_value(chain, i));
        if (ends_s < identity->ends_s)
            identity->ends_s = ends_s;
    }
}

static bool load_own(
    struct tls_identity *identity, const struct tls_files *files, char *error, size_t size)
{
    SSL_CTX *context = identity->context;
    SSL_CTX_set_default_passwd_cb(context, no_passphrase);
    if (!key_is_private(files->key, error, size))
        return false;
    if (SSL_CTX_use_certificate_chain_file(context, files->certificate) != 1)
        return fail(error, size, files->certificate, "no certificate can be read from it");
    if (SSL_CTX_use_PrivateKey_file(context, files->key, SSL_FILETYPE_PEM) != 1)
        return fail(error, size, files->key,
            "no key of that certificate, without a passphrase, can be read from it");
    if (SSL_CTX_check_private_key(context) != 1)
        return fail(error, size, files->key, "it is not the key of that certificate");
    find_end(identity);
    return true;
}

/* A client without a certificate of one of these is refused in the handshake. */
static bool load_client_ca(SSL_CTX *context, const char *path, char *error, size_t size)
{
    if (!path)
        return true;
    STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(path);
    if (!names || SSL_CTX_load_verify_file(context, path) != 1) {
        sk_X509_NAME_pop_free(names, X509_NAME_free);
        return fail(error, size, path, "no certificate can be read from it");
    }
    /* Clients choose by these names which certificate they show. */
    SSL_CTX_set_client_CA_list(context, names);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_verify_depth(context, CHAIN_DEPTH);
    /* Each connection is checked against the authorities of today, never against a ticket. */
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    return SSL_CTX_set_num_tickets(context, 0) == 1;
}

/* ---- sessions that are taken up again ------------------------------------------------------- */

static int64_t clock_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + 1; /* 0 is no time */
}

static bool set_mac(EVP_MAC_CTX *mac, const struct tls_tickets_key *key)
{
    char digest[] = "SHA256";
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(
            OSSL_MAC_PARAM_KEY, (void *)(uintptr_t)key->mac, sizeof key->mac),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    return EVP_MAC_CTX_set_params(mac, parameters) == 1;
}

/* It is taken up. 2: and another ticket is needed. A client of TLS 1.3 uses each once (RFC 8446,
 * C.4), so with none it would be without a session soon. */
static int answer_of(const SSL *session, enum tls_tickets_age age)
{
    return age == TLS_TICKETS_FORMER || SSL_version(session) >= TLS1_3_VERSION ? 2 : 1;
}

/* 0: a whole handshake it is. */
static int set_ticket_key(SSL *session, unsigned char name[TLS_TICKETS_NAME], unsigned char *vector,
    EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int seals)
{
    struct tls_identity *identity = SSL_CTX_get_app_data(SSL_get_SSL_CTX(session));
    const EVP_CIPHER *kind = EVP_aes_256_cbc();
    struct tls_tickets_key key;
    int answer = 1;
    bool good;
    if (seals) {
        good = tls_tickets_seal(&identity->tickets, clock_s(), &key) &&
               RAND_bytes(vector, EVP_CIPHER_get_iv_length(kind)) == 1 &&
               EVP_EncryptInit_ex(cipher, kind, NULL, key.cipher, vector) == 1;
        if (good)
            memcpy(name, key.name, TLS_TICKETS_NAME);
    } else {
        enum tls_tickets_age age = tls_tickets_open(&identity->tickets, clock_s(), name, &key);
        if (age == TLS_TICKETS_UNKNOWN)
            return 0;
        answer = answer_of(session, age);
        good = EVP_DecryptInit_ex(cipher, kind, NULL, key.cipher, vector) == 1;
    }
    good = good && set_mac(mac, &key);
    OPENSSL_cleanse(&key, sizeof key);
    return good ? answer : 0;
}

static bool set_tickets(struct tls_identity *identity)
{
    SSL_CTX *context = identity->context;
    tls_tickets_begin(&identity->tickets);
    SSL_CTX_set_app_data(context, identity);
    SSL_CTX_set_timeout(context, TLS_TICKETS_TURN_S);
    return SSL_CTX_set_tlsext_ticket_key_evp_cb(context, set_ticket_key) == 1;
}

/* ---- what is spoken ------------------------------------------------------------------------- */

/* Whoever names protocols must name ours (RFC 7301). */
static int choose_protocol(SSL *session, const unsigned char **chosen, unsigned char *chosen_length,
    const unsigned char *offered, unsigned offered_length, void *arg)
{
    static const unsigned char ours[] = "\x08http/1.1";
    unsigned char *found;
    (void)session;
    (void)arg;
    int result = SSL_select_next_proto(
        &found, chosen_length, ours, sizeof ours - 1, offered, offered_length);
    *chosen = found;
    return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

static bool set_rules(SSL_CTX *context)
{
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    /* Tickets need no memory here, and open with the keys of this identity alone. */
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    /* The caller comes again with the same bytes, maybe elsewhere; buffers go when all is said. */
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(context, 1); /* one system call for a record, or several */
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
    return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
           SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set_cipher_list(context, ciphers) == 1 &&
           SSL_CTX_set1_groups_list(context, groups) == 1 &&
           SSL_CTX_set_session_id_context(context, session_context, sizeof session_context - 1) ==
               1;
}

struct tls_identity *tls_identity_read(
    const struct tls_files *files, char *error, size_t error_size)
{
    struct tls_identity *identity = calloc(1, sizeof *identity);
    ERR_clear_error();
    if (identity)
        *identity = (struct tls_identity){.users = 1, .context = SSL_CTX_new(TLS_server_method())};
    if (!identity || !identity->context || !set_rules(identity->context) ||
        !set_tickets(identity)) {
        fail(error, error_size, files->certificate, "TLS cannot be set up");
        tls_identity_release(&identity);
        return NULL;
    }
    if (!load_own(identity, files, error, error_size) ||
        !load_client_ca(identity->context, files->client_ca, error, error_size))
        tls_identity_release(&identity);
    ERR_clear_error();
    return identity;
}

struct tls_identity *tls_identity_keep(struct tls_identity *identity)
{
    atomic_fetch_add_explicit(&identity->users, 1, memory_order_relaxed);
    return identity;
}

void tls_identity_release(struct tls_identity **identity_at)
{
    struct tls_identity *identity = *identity_at;
    *identity_at = NULL;
    if (!identity || atomic_fetch_sub_explicit(&identity->users, 1, memory_order_acq_rel) > 1)
        return;
    SSL_CTX_free(identity->context);
    tls_tickets_end(&identity->tickets);
    free(identity);
}

int64_t tls_identity_ends_s(const struct tls_identity *identity)
{
    return identity->ends_s;
}
