/* SPDX-License-Identifier: MIT */
/* Both sides over real sockets: what is trusted, what is refused, and each way in which it ends. */
#include "coro/tls/co_tls.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "coro/clock.h"
#include "coro/go.h"
#include "coro/net.h"
#include "tests/coro/certificates.h"
#include "tests/coro/suites.h"

static struct certificates files;

/* A listener, a configuration of each side, and one connection, the server's end of it. */
struct pair {
    int listener;
    char address[40], named[40]; /* by number, and as localhost */
    struct co_tls_config *server, *client;
    struct co_tls *accepted; /* NULL: it failed, */
    int error;               /* with this */
    struct co_stream_why why;
    struct co_waitgroup serving;
};

static void pair_open(struct pair *pair, const char *certificate, const char *trust)
{
    struct co_stream_why why = {""};
    *pair = (struct pair){.listener = co_net_listen(co_context_background(), "127.0.0.1:0")};
    CU_ASSERT_FATAL(pair->listener >= 0);
    snprintf(pair->address, sizeof pair->address, "127.0.0.1:%d", co_net_port(pair->listener));
    snprintf(pair->named, sizeof pair->named, "localhost:%d", co_net_port(pair->listener));
    pair->server = co_tls_server(
        &(struct co_tls_server_options){
            .certificate_file = certificate, .key_file = files.key, .protocols = "http/1.1"},
        &why);
    CU_ASSERT_STRING_EQUAL(why.text, "");
    pair->client = co_tls_client(
        &(struct co_tls_client_options){.trust_file = trust, .protocols = "h2,http/1.1"}, &why);
    CU_ASSERT_PTR_NOT_NULL_FATAL(pair->server);
    CU_ASSERT_PTR_NOT_NULL_FATAL(pair->client);
}

CO_GO_FUNCTION(accept_one, (struct pair *, pair))
{
    int fd = co_net_accept(co_context_background(), pair->listener);
    co_ensure(fd >= 0);
    pair->accepted = co_tls_accept(co_context_background(), pair->server, fd, &pair->why);
    pair->error = errno;
}

static struct co_tls *pair_connect(
    struct pair *pair, const char *address, struct co_stream_why *why)
{
    CU_ASSERT(co_waitgroup_go(&pair->serving, accept_one, pair));
    struct co_tls *tls = co_tls_dial(co_context_background(), pair->client, address, why);
    int error = errno;
    co_waitgroup_wait(&pair->serving);
    errno = error;
    return tls;
}

static void pair_close(struct pair *pair)
{
    co_tls_close(&pair->accepted);
    co_tls_config_free(&pair->client);
    co_tls_config_free(&pair->server);
    co_net_close(&pair->listener);
}

/* --- what is trusted -------------------------------------------------------------------------- */

static void says_hello(struct co_tls *from, struct co_tls *to)
{
    char text[20];
    CU_ASSERT_EQUAL(co_tls_write(co_context_background(), from, "hello", 5), 5);
    CU_ASSERT_EQUAL(co_tls_read(co_context_background(), to, text, sizeof text), 5);
    CU_ASSERT_EQUAL(memcmp(text, "hello", 5), 0);
}

static void names_and_numbers_are_trusted(void)
{
    struct pair pair;
    pair_open(&pair, files.good, files.authority);
    const char *const addresses[] = {pair.named, pair.address};
    for (int i = 0; i < 2; i++) {
        struct co_stream_why why = {"something"};
        struct co_tls *tls = pair_connect(&pair, addresses[i], &why);
        CU_ASSERT_PTR_NOT_NULL_FATAL(tls);
        CU_ASSERT_PTR_NOT_NULL_FATAL(pair.accepted);
        CU_ASSERT_STRING_EQUAL(why.text, "");
        CU_ASSERT_STRING_EQUAL(co_tls_version(tls), "TLSv1.3");
        CU_ASSERT_STRING_EQUAL(co_tls_protocol(tls), "http/1.1");
        CU_ASSERT_STRING_EQUAL(co_tls_protocol(pair.accepted), "http/1.1");
        const char *name = co_tls_server_name(pair.accepted);
        CU_ASSERT(i == 0 ? name && strcmp(name, "localhost") == 0 : name == NULL);
        says_hello(tls, pair.accepted);
        says_hello(pair.accepted, tls);
        co_tls_close(&tls);
        CU_ASSERT_PTR_NULL(tls);
        co_tls_close(&pair.accepted);
    }
    pair_close(&pair);
}

static void refused(const char *certificate, const char *trust, const char *words)
{
    struct pair pair;
    struct co_stream_why why;
    pair_open(&pair, certificate, trust);
    CU_ASSERT_PTR_NULL(pair_connect(&pair, pair.named, &why));
    CU_ASSERT_EQUAL(errno, EKEYREJECTED);
    CU_ASSERT_STRING_EQUAL(why.text, words);
    CU_ASSERT_PTR_NULL(pair.accepted); /* it was told */
    CU_ASSERT_EQUAL(pair.error, EPROTO);
    CU_ASSERT(strstr(pair.why.text, "alert") != NULL);
    pair_close(&pair);
}

static void certificates_are_refused(void)
{
    refused(files.expired, files.authority, "certificate has expired");
    refused(files.other, files.authority, "hostname mismatch");
    refused(files.stranger, files.authority, "self-signed certificate");
    refused(files.good, NULL, "unable to get local issuer certificate");
}

static void anyone_if_so_told(void)
{
    struct pair pair;
    pair_open(&pair, files.stranger, files.authority);
    co_tls_config_free(&pair.client);
    pair.client = co_tls_client(&(struct co_tls_client_options){.trust_anyone = true}, NULL);
    struct co_tls *tls = pair_connect(&pair, pair.named, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(tls);
    CU_ASSERT_PTR_NULL(co_tls_protocol(tls));
    says_hello(pair.accepted, tls);
    co_tls_close(&tls);
    pair_close(&pair);
}

/* Each side shows a certificate. */
static void clients_are_asked_who_they_are(void)
{
    struct pair pair;
    pair_open(&pair, files.good, files.authority);
    co_tls_config_free(&pair.server);
    pair.server = co_tls_server(&(struct co_tls_server_options){.certificate_file = files.good,
                                    .key_file = files.key,
                                    .clients_trust_file = files.authority},
        NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(pair.server);
    char byte;
    struct co_tls *tls = pair_connect(&pair, pair.named, NULL);
    CU_ASSERT_PTR_NULL(pair.accepted);
    CU_ASSERT_EQUAL(pair.error, EPROTO);
    /* In TLS 1.3 a client learns it when it reads. */
    CU_ASSERT(!tls || co_tls_read(co_context_background(), tls, &byte, 1) < 0);
    co_tls_close(&tls);

    co_tls_config_free(&pair.client);
    pair.client = co_tls_client(
        &(struct co_tls_client_options){
            .trust_file = files.authority, .certificate_file = files.good, .key_file = files.key},
        NULL);
    tls = pair_connect(&pair, pair.named, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(tls);
    CU_ASSERT_PTR_NOT_NULL_FATAL(pair.accepted);
    says_hello(tls, pair.accepted);
    co_tls_close(&tls);
    pair_close(&pair);
}

static void no_configuration(const struct co_tls_server_options *options, int error)
{
    struct co_stream_why why = {""};
    CU_ASSERT_PTR_NULL(co_tls_server(options, &why));
    CU_ASSERT_EQUAL(errno, error);
    CU_ASSERT_STRING_NOT_EQUAL(why.text, "");
}

static void files_that_do_not_fit(void)
{
    no_configuration(&(struct co_tls_server_options){0}, EINVAL);
    no_configuration(
        &(struct co_tls_server_options){.certificate_file = "/nowhere", .key_file = files.key},
        ENOENT);
    no_configuration(
        &(struct co_tls_server_options){.certificate_file = files.key, .key_file = files.key},
        EINVAL);
    no_configuration(
        &(struct co_tls_server_options){.certificate_file = files.authority, .key_file = files.key},
        EINVAL);
    /* Nor is anybody asked for its passphrase. */
    no_configuration(
        &(struct co_tls_server_options){.certificate_file = files.good, .key_file = files.locked},
        EINVAL);
    no_configuration(
        &(struct co_tls_server_options){
            .certificate_file = files.good, .key_file = files.key, .clients_trust_file = files.key},
        EINVAL);
    no_configuration(
        &(struct co_tls_server_options){
            .certificate_file = files.good, .key_file = files.key, .protocols = "a,,b"},
        EINVAL);
    CU_ASSERT_PTR_NULL(
        co_tls_client(&(struct co_tls_client_options){.trust_file = "/nowhere"}, NULL));
    CU_ASSERT_EQUAL(errno, ENOENT);
}

/* --- to and fro ------------------------------------------------------------------------------- */

enum { LONG = 1 << 20 };

static char sent[LONG];

CO_GO_FUNCTION(send_long, (struct co_tls *, tls))
{
    CU_ASSERT_EQUAL(co_tls_write(co_context_background(), tls, sent, LONG), LONG);
    CU_ASSERT_EQUAL(co_tls_end(co_context_background(), tls), 0);
    CU_ASSERT_EQUAL(co_tls_write(co_context_background(), tls, "x", 1), -1);
    CU_ASSERT_EQUAL(errno, EPIPE);
}

static void receive_long(struct co_tls *tls)
{
    char buffer[3000];
    size_t got = 0;
    bool same = true;
    ssize_t n;
    while ((n = co_tls_read(co_context_background(), tls, buffer, sizeof buffer)) > 0)
        for (ssize_t i = 0; i < n; i++, got++)
            same = same && buffer[i] == (char)(got * 7);
    CU_ASSERT_EQUAL(n, 0); /* a farewell, not a cut */
    CU_ASSERT_EQUAL(got, LONG);
    CU_ASSERT(same);
}

CO_GO_FUNCTION(receive_there, (struct co_tls *, tls))
{
    receive_long(tls);
}

/* On one connection, both ways at the same time: more than any buffer holds, so all wait. */
static void a_reader_and_a_writer_each(void)
{
    struct pair pair;
    struct co_waitgroup all = {0};
    for (size_t i = 0; i < LONG; i++)
        sent[i] = (char)(i * 7);
    pair_open(&pair, files.good, files.authority);
    struct co_tls *tls = pair_connect(&pair, pair.address, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(tls);
    CU_ASSERT(co_waitgroup_go(&all, send_long, tls));
    CU_ASSERT(co_waitgroup_go(&all, send_long, pair.accepted));
    CU_ASSERT(co_waitgroup_go(&all, receive_there, pair.accepted));
    receive_long(tls);
    co_waitgroup_wait(&all);
    co_tls_close(&tls);
    pair_close(&pair);
}

/* --- endings ---------------------------------------------------------------------------------- */

/* The end of the stream without a farewell is not the end of what was said. */
static void a_cut_is_an_error(void)
{
    struct pair pair;
    char text[20];
    pair_open(&pair, files.good, files.authority);
    struct co_tls *tls = pair_connect(&pair, pair.address, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(tls);
    says_hello(pair.accepted, tls);
    struct co_stream stream = co_tls_stream(pair.accepted);
    pair.accepted = NULL;
    CU_ASSERT_EQUAL(co_net_end(stream.fd), 0); /* below TLS */
    CU_ASSERT_EQUAL(co_tls_read(co_context_background(), tls, text, sizeof text), -1);
    CU_ASSERT_EQUAL(errno, ECONNRESET);
    CU_ASSERT_EQUAL(co_tls_write(co_context_background(), tls, "x", 1), -1);
    co_tls_close(&tls);
    co_stream_close(&stream);
    pair_close(&pair);
}

static void a_farewell_is_the_end(void)
{
    struct pair pair;
    char text[20];
    pair_open(&pair, files.good, files.authority);
    struct co_tls *tls = pair_connect(&pair, pair.address, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(tls);
    CU_ASSERT_EQUAL(co_tls_end(co_context_background(), pair.accepted), 0);
    CU_ASSERT_EQUAL(co_tls_read(co_context_background(), tls, text, sizeof text), 0);
    says_hello(tls, pair.accepted); /* the other half is open */
    co_tls_close(&tls);
    CU_ASSERT_EQUAL(co_tls_read(co_context_background(), pair.accepted, text, sizeof text), 0);
    pair_close(&pair);
}

/* What a peer says instead of a greeting, and then leaves. */
CO_GO_FUNCTION(greet_badly, (struct pair *, pair), (const char *, bytes), (size_t, length))
{
    char some[100];
    int fd = co_net_accept(co_context_background(), pair->listener);
    co_ensure(fd >= 0);
    if (length > 0)
        CU_ASSERT(co_net_write(co_context_background(), fd, bytes, length) > 0);
    CU_ASSERT_EQUAL(co_net_end(fd), 0);
    while (co_net_read(co_context_background(), fd, some, sizeof some) > 0)
        continue;
    co_net_close(&fd);
}

static void cut_after(const char *bytes, size_t length, int error)
{
    struct pair pair;
    struct co_waitgroup serving = {0};
    struct co_stream_why why;
    pair_open(&pair, files.good, files.authority);
    CU_ASSERT(co_waitgroup_go(&serving, greet_badly, &pair, bytes, length));
    CU_ASSERT_PTR_NULL(co_tls_dial(co_context_background(), pair.client, pair.address, &why));
    CU_ASSERT_EQUAL(errno, error);
    CU_ASSERT_STRING_NOT_EQUAL(why.text, "");
    co_waitgroup_wait(&serving);
    pair_close(&pair);
}

static void handshakes_that_are_cut(void)
{
    static const char half_a_hello[] = "\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03";
    cut_after("", 0, ECONNRESET);
    cut_after(half_a_hello, sizeof half_a_hello - 1, ECONNRESET);
    cut_after("HTTP/1.1 400 Bad Request\r\n\r\n", 28, EPROTO);
}

/* Whoever accepts meets one that knows no TLS, or leaves. */
static void accept_refuses(const char *bytes, size_t length, int error)
{
    struct pair pair;
    pair_open(&pair, files.good, files.authority);
    CU_ASSERT(co_waitgroup_go(&pair.serving, accept_one, &pair));
    int fd = co_net_dial(co_context_background(), pair.address);
    CU_ASSERT_FATAL(fd >= 0);
    if (length > 0)
        CU_ASSERT(co_net_write(co_context_background(), fd, bytes, length) > 0);
    CU_ASSERT_EQUAL(co_net_end(fd), 0);
    co_waitgroup_wait(&pair.serving);
    CU_ASSERT_PTR_NULL(pair.accepted);
    CU_ASSERT_EQUAL(pair.error, error);
    co_net_close(&fd);
    pair_close(&pair);
}

static void those_who_know_no_tls(void)
{
    accept_refuses("GET / HTTP/1.1\r\n\r\n", 18, EPROTO);
    accept_refuses("", 0, ECONNRESET);
    accept_refuses("\x16\x03\x01", 3, ECONNRESET);
}

CO_GO_FUNCTION(cancel_soon, (struct co_context *, context))
{
    co_sleep(5 * CO_CLOCK_MS);
    co_context_cancel(context);
}

/* The other side accepts, and says nothing. */
static void a_context_ends_each_wait(void)
{
    struct pair pair;
    char byte;
    static char full[16 * LONG];
    pair_open(&pair, files.good, files.authority);
    struct co_context *soon = co_context_with_timeout(co_context_background(), 20 * CO_CLOCK_MS);
    CU_ASSERT_PTR_NULL(co_tls_dial(soon, pair.client, pair.address, NULL));
    CU_ASSERT_EQUAL(errno, ETIMEDOUT);
    co_context_release(&soon);
    int fd = co_net_accept(co_context_background(), pair.listener); /* that one */
    CU_ASSERT(fd >= 0);
    co_net_close(&fd);

    struct co_waitgroup canceller = {0};
    soon = co_context_with_cancel(co_context_background());
    CU_ASSERT(co_waitgroup_go(&canceller, cancel_soon, soon));
    CU_ASSERT_PTR_NULL(co_tls_dial(soon, pair.client, pair.address, NULL));
    CU_ASSERT_EQUAL(errno, ECANCELED);
    co_waitgroup_wait(&canceller);
    co_context_release(&soon);
    fd = co_net_accept(co_context_background(), pair.listener);
    co_net_close(&fd);

    struct co_tls *tls = pair_connect(&pair, pair.address, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(tls);
    soon = co_context_with_timeout(co_context_background(), 20 * CO_CLOCK_MS);
    CU_ASSERT_EQUAL(co_tls_read(soon, tls, &byte, 1), -1);
    CU_ASSERT_EQUAL(errno, ETIMEDOUT);
    says_hello(pair.accepted, tls); /* a read that was given up does no harm */
    CU_ASSERT_EQUAL(co_tls_write(soon, tls, full, sizeof full), -1);
    CU_ASSERT_EQUAL(errno, ETIMEDOUT);
    co_context_release(&soon);
    co_tls_close(&tls);
    pair_close(&pair);
}

/* Each test has its own, so that it can run alone. */
static void with_files(void (*run)(void))
{
    certificates_make(&files);
    run();
    certificates_remove(&files);
}

static void trusted(void)
{
    names_and_numbers_are_trusted();
    anyone_if_so_told();
    clients_are_asked_who_they_are();
}

static void what_is_trusted(void)
{
    with_files(trusted);
}

static void what_is_refused(void)
{
    with_files(certificates_are_refused);
}

static void what_is_no_configuration(void)
{
    with_files(files_that_do_not_fit);
}

static void both_ways(void)
{
    with_files(a_reader_and_a_writer_each);
}

static void endings(void)
{
    a_cut_is_an_error();
    a_farewell_is_the_end();
}

static void how_it_ends(void)
{
    with_files(endings);
}

static void greetings(void)
{
    handshakes_that_are_cut();
    those_who_know_no_tls();
}

static void what_is_no_greeting(void)
{
    with_files(greetings);
}

static void deadlines(void)
{
    with_files(a_context_ends_each_wait);
}

static const struct unit_test tests[] = {
    {"what_is_trusted", what_is_trusted},
    {"what_is_refused", what_is_refused},
    {"what_is_no_configuration", what_is_no_configuration},
    {"both_ways", both_ways},
    {"how_it_ends", how_it_ends},
    {"what_is_no_greeting", what_is_no_greeting},
    {"deadlines", deadlines},
    {NULL, NULL},
};

const struct unit_suite suite_tls = {.name = "tls", .tests = tests};
