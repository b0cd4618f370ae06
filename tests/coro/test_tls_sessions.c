/* SPDX-License-Identifier: MIT */
/* Sessions that a client takes up again: with whom, and with whom not. */
#include <stdio.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/go.h"
#include "coro/net.h"
#include "coro/tls/co_tls_private.h"
#include "tests/coro/certificates.h"
#include "tests/coro/suites.h"

/* A listener, and what serves on it: one connection at a time, which is greeted. */
struct host {
    int listener;
    struct co_tls_config *server;
    bool was_resumed;
    struct co_waitgroup serving;
};

CO_GO_FUNCTION(greet_one, (struct host *, host))
{
    struct co_context *context = co_context_background();
    struct co_tls *tls =
        co_tls_accept(context, host->server, co_net_accept(context, host->listener), NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(tls);
    host->was_resumed = co_tls_is_resumed(tls);
    CU_ASSERT_EQUAL(co_tls_write(context, tls, "hello", 5), 5);
    co_tls_close(&tls);
}

static struct co_tls_config *server_of(const struct certificates *files, bool asks)
{
    struct co_tls_config *server =
        co_tls_server(&(struct co_tls_server_options){.certificate_file = files->good,
                          .key_file = files->key,
                          .clients_trust_file = asks ? files->authority : NULL},
            NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(server);
    return server;
}

/* Is a connection to that name a session of before? */
static bool is_resumed(struct host *host, struct co_tls_config *client, const char *name)
{
    struct co_context *context = co_context_background();
    char address[60], text[20];
    snprintf(address, sizeof address, "%s:%d", name, co_net_port(host->listener));
    CU_ASSERT(co_waitgroup_go(&host->serving, greet_one, host));
    struct co_tls *tls = co_tls_dial(context, client, address, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(tls);
    /* Tickets of TLS 1.3 come behind the handshake, with what is read. */
    CU_ASSERT_EQUAL(co_tls_read(context, tls, text, sizeof text), 5);
    bool resumed = co_tls_is_resumed(tls);
    co_tls_close(&tls);
    co_waitgroup_wait(&host->serving);
    CU_ASSERT_EQUAL(host->was_resumed, resumed);
    return resumed;
}

/* With the same configuration and the same name, also where the client shows a certificate; not
 * once the server has other keys. */
static void taken_up_with_the_same(bool asks)
{
    struct certificates files;
    certificates_make(&files);
    struct co_tls_client_options options = {.trust_file = files.authority};
    if (asks) {
        options.certificate_file = files.good;
        options.key_file = files.key;
    }
    struct host host = {.listener = co_net_listen(co_context_background(), "127.0.0.1:0"),
        .server = server_of(&files, asks)};
    struct co_tls_config *client = co_tls_client(&options, NULL),
                         *other = co_tls_client(&options, NULL);
    CU_ASSERT_FATAL(host.listener >= 0 && client && other);
    CU_ASSERT_FALSE(is_resumed(&host, client, "localhost"));
    CU_ASSERT(is_resumed(&host, client, "localhost"));
    CU_ASSERT(is_resumed(&host, client, "localhost"));
    CU_ASSERT_FALSE(is_resumed(&host, client, "127.0.0.1"));
    CU_ASSERT_FALSE(is_resumed(&host, other, "localhost"));
    co_tls_config_free(&host.server);
    host.server = server_of(&files, asks);
    CU_ASSERT_FALSE(is_resumed(&host, client, "localhost"));
    CU_ASSERT(is_resumed(&host, client, "localhost"));
    co_tls_config_free(&other);
    co_tls_config_free(&client);
    co_tls_config_free(&host.server);
    co_net_close(&host.listener);
    certificates_remove(&files);
}

static void with_anyone(void)
{
    taken_up_with_the_same(false);
}

static void with_clients_who_are_known(void)
{
    taken_up_with_the_same(true);
}

/* Two servers that know each other's tickets, at two ports of a host: the one's are not offered to
 * the other, which may be anybody. */
static void not_at_another_port(void)
{
    struct certificates files;
    certificates_make(&files);
    struct co_tls_config *server = server_of(&files, false),
                         *client = co_tls_client(
                             &(struct co_tls_client_options){.trust_file = files.authority}, NULL);
    struct host hosts[2];
    for (size_t i = 0; i < 2; i++) {
        hosts[i] = (struct host){
            .listener = co_net_listen(co_context_background(), "127.0.0.1:0"), .server = server};
        CU_ASSERT_FATAL(hosts[i].listener >= 0 && client);
        CU_ASSERT_FALSE(is_resumed(&hosts[i], client, "localhost"));
    }
    for (size_t i = 0; i < 2; i++) {
        CU_ASSERT(is_resumed(&hosts[i], client, "localhost"));
        co_net_close(&hosts[i].listener);
    }
    co_tls_config_free(&client);
    co_tls_config_free(&server);
    certificates_remove(&files);
}

static void make_older(struct co_tls_config *client, int64_t ns)
{
    for (size_t i = 0; i < CO_TLS_SESSIONS; i++)
        client->sessions[i].seen_ns -= ns;
}

/* Sessions that follow one another without a pause do not make a certificate any younger. */
static void an_hour_after_the_certificate(void)
{
    struct certificates files;
    certificates_make(&files);
    struct host host = {.listener = co_net_listen(co_context_background(), "127.0.0.1:0"),
        .server = server_of(&files, false)};
    struct co_tls_config *client =
        co_tls_client(&(struct co_tls_client_options){.trust_file = files.authority}, NULL);
    CU_ASSERT_FATAL(host.listener >= 0 && client);
    CU_ASSERT_FALSE(is_resumed(&host, client, "localhost"));
    for (int quarters = 1; quarters < 4; quarters++) {
        make_older(client, 900 * CO_CLOCK_S);
        CU_ASSERT(is_resumed(&host, client, "localhost"));
    }
    make_older(client, 900 * CO_CLOCK_S);
    CU_ASSERT_FALSE(is_resumed(&host, client, "localhost"));
    CU_ASSERT(is_resumed(&host, client, "localhost"));
    co_tls_config_free(&client);
    co_tls_config_free(&host.server);
    co_net_close(&host.listener);
    certificates_remove(&files);
}

static const struct unit_test tests[] = {
    {"with_anyone", with_anyone},
    {"with_clients_who_are_known", with_clients_who_are_known},
    {"not_at_another_port", not_at_another_port},
    {"an_hour_after_the_certificate", an_hour_after_the_certificate},
    {NULL, NULL},
};

const struct unit_suite suite_tls_sessions = {.name = "tls_sessions", .tests = tests};
