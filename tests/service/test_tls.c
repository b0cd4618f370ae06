/* SPDX-License-Identifier: MIT */
/* TLS of the service's own: what is spoken, who is let in, certificates that change and expire, and
 * that over it all is as it is in plain. The other suites can be run over it too: secret.h. */
#include "tests/service/suites.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/waitgroup.h"
#include "tests/service/raw.h"
#include "tests/service/secret.h"
#include "tests/service/sse.h"
#include "tests/service/visit.h"

enum { TEXT = 200, BODY = 300000, PATIENCE_S = 30 };

/* One for the tests that change nothing of it. */
static struct service *bank(void)
{
    static struct service service;
    if (service.pid == 0)
        CU_ASSERT_FATAL(secret_make(&service, "owner", NULL));
    return &service;
}

/* ---- other programs ------------------------------------------------------------------------- */

/* A shell's line in the folder of the certificates, $PORT being where TLS is spoken. */
static int shell(const struct service *service, struct command *command, const char *line)
{
    char script[2000], folder[SERVICE_PROGRAM];
    secret_path(service, "", folder);
    snprintf(script, sizeof script, "cd %s && PORT=%d && TOKEN=%s && %s", folder, service->inner,
        service->target.token, line);
    command_free(command);
    command_run(command, (const char *const[]){"/bin/bash", "-c", script, NULL});
    return command->exit_code;
}

static bool says(const struct service *service, const char *line, const char *words)
{
    struct command command = {.exit_code = 0};
    (void)shell(service, &command, line);
    bool said = strstr(command.out, words) != NULL;
    if (!said)
        printf("\n    %s: no \"%s\" in: %s %s\n    ", line, words, command.out, command.error);
    command_free(&command);
    return said;
}

#define CURL "curl -sS --max-time 20 --cacert ca.pem "
#define TALK(flags)                                                                                \
    "openssl s_client -CAfile ca.pem -connect 127.0.0.1:$PORT " flags " </dev/null 2>&1"

/* A request over TLS of that version, beginning with a session of before: $1; keeping its own. */
#define SESSION(version, more)                                                                     \
    "(printf 'GET /livez HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\n\\r\\n'; sleep 0.3) | " \
    "openssl s_client -CAfile ca.pem -connect 127.0.0.1:$PORT -ign_eof " version " " more " 2>&1"

/* ---- what is spoken ------------------------------------------------------------------------- */

static void versions_and_ciphers(void)
{
    static const struct {
        const char *line, *words;
    } rows[] = {
        {TALK("-tls1_3"), "New, TLSv1.3, Cipher is TLS_AES_"},
        {TALK("-tls1_3"), "Verify return code: 0 (ok)"},
        {TALK("-tls1_2"), "New, TLSv1.2, Cipher is ECDHE-ECDSA-AES"},
        {TALK("-tls1_1 -cipher DEFAULT@SECLEVEL=0"), "alert protocol version"},
        {TALK("-tls1 -cipher DEFAULT@SECLEVEL=0"), "alert protocol version"},
        {TALK("-tls1_2 -cipher ECDHE-ECDSA-AES128-SHA256"), "alert handshake failure"},
        {TALK("-tls1_2 -cipher AES128-GCM-SHA256"), "alert handshake failure"},
        {TALK("-tls1_2 -cipher ECDHE-ECDSA-CHACHA20-POLY1305"), "Cipher is ECDHE-ECDSA-CHACHA20"},
        {TALK("-alpn h2,http/1.1"), "ALPN protocol: http/1.1"},
        {TALK("-alpn h2"), "alert no application protocol"},
        {TALK(""), "No ALPN negotiated"},
        {TALK("-tls1_2"), "Secure Renegotiation IS supported"},
        {"printf 'R\\n' | timeout 5 openssl s_client -tls1_2 -CAfile ca.pem "
         "-connect 127.0.0.1:$PORT 2>&1",
            "no renegotiation"},
        /* Plain HTTP where TLS is spoken: somebody is told what is the matter. */
        {CURL "http://127.0.0.1:$PORT/livez", "This port is for https:// only."},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        CU_ASSERT(says(bank(), rows[i].line, rows[i].words));
}

static void headers_and_cookies(void)
{
    struct visit visit;
    visit_begin(&visit, bank());
    visit_get(&visit, "/livez");
    CU_ASSERT(visit_header_is(&visit, "Strict-Transport-Security", "max-age=31536000"));
    visit_call(&visit, &(struct request){.method = "POST", .path = "/v1/session"});
    EXPECT_STATUS(&visit, 204);
    char cookie[400] = "";
    CU_ASSERT(response_header(&visit.response, "Set-Cookie", cookie, sizeof cookie));
    CU_ASSERT_PTR_NOT_NULL(strstr(cookie, "; Secure"));
    visit_end(&visit);
    /* Without TLS a browser would throw such a cookie away. */
    if (secret_is_asked_for())
        return;
    visit_begin_shared(&visit, "owner");
    visit_call(&visit, &(struct request){.method = "POST", .path = "/v1/session"});
    CU_ASSERT(response_header(&visit.response, "Set-Cookie", cookie, sizeof cookie));
    CU_ASSERT_PTR_NULL(strstr(cookie, "Secure"));
    CU_ASSERT_FALSE(
        response_header(&visit.response, "Strict-Transport-Security", cookie, sizeof cookie));
    visit_end(&visit);
}

/* ---- as in plain ---------------------------------------------------------------------------- */

static void keys_and_bodies(void)
{
    static char body[BODY];
    struct visit visit;
    visit_begin(&visit, bank());
    CU_ASSERT(visit_fund(&visit, "secret", 100));
    for (int i = 0; i < 3; i++) {
        visit_post(&visit, "/accounts/secret/withdraw", "tls-1", "{\"amount\":80}");
        EXPECT_STATUS(&visit, 201);
    }
    CU_ASSERT(visit_balance_is(&visit, "secret", 20));
    CU_ASSERT(says(bank(), CURL "-I https://localhost:$PORT/livez", "Content-Length: 18"));
    /* Of many records; too large for one thing, and not for the other. */
    memset(body, ' ', sizeof body);
    const struct request large = {
        .path = "/accounts/secret/withdraw", .body = body, .body_length = sizeof body};
    visit_call(&visit, &large);
    EXPECT_PROBLEM(&visit, 413, "payload_too_large");
    memcpy(body, "{\"amount\":1}", 12);
    const struct request fits = {
        .path = "/accounts/secret/deposit", .body = body, .body_length = 262144};
    visit_call(&visit, &fits);
    EXPECT_STATUS(&visit, 201);
    /* An answer of many records. */
    visit_get(&visit, "/openapi.json");
    EXPECT_STATUS(&visit, 200);
    CU_ASSERT(visit.response.body_length > 100000);
    visit_end(&visit);
}

/* Several heads in one record, and one of many records. */
static void heads_in_records(void)
{
    static struct raw raw;
    static const char three[] = "GET /livez HTTP/1.1\r\nHost: h\r\n\r\n"
                                "HEAD /livez HTTP/1.1\r\nHost: h\r\n\r\n"
                                "GET /livez HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    raw_ask(bank(), three, sizeof three - 1, &raw);
    CU_ASSERT_EQUAL(raw.answers, 3);
    CU_ASSERT(raw.closed);
    CU_ASSERT(says(bank(),
        "(for c in G E T ' ' / l i v e z ' ' HTTP/1.1; do printf '%s' \"$c\"; sleep 0.02; done; "
        "printf '\\r\\nHost: h\\r\\nConnection: close\\r\\n\\r\\n'; sleep 1) | "
        "openssl s_client -quiet -CAfile ca.pem -connect 127.0.0.1:$PORT 2>/dev/null",
        "HTTP/1.1 200 OK"));
    /* The end is said before the connection ends, so nobody takes a cut for an answer's end. */
    CU_ASSERT(says(bank(),
        "(printf 'GET /livez HTTP/1.0\\r\\n\\r\\n'; sleep 0.5) | openssl s_client -msg -CAfile "
        "ca.pem "
        "-connect 127.0.0.1:$PORT 2>/dev/null",
        "<<< TLS 1.3, Alert [length 0002], warning close_notify"));
}

static void events(void)
{
    static struct sse sse;
    static struct sse_event event;
    struct visit visit;
    visit_begin(&visit, bank());
    CU_ASSERT(visit_fund(&visit, "events", 1));
    CU_ASSERT(visit_is_alone(&visit)); /* those of other tests may still be ending */
    CU_ASSERT(sse_open(&sse, bank(), -1, 0));
    CU_ASSERT(visit_fund(&visit, "events", 5));
    int64_t last = visit.response.seq, id = 0;
    while (id < last && sse_next(&sse, &event))
        id = event.id >= 0 ? event.id : id;
    CU_ASSERT_EQUAL(id, last);
    CU_ASSERT(visit_figure_becomes(&visit, "teller_event_streams", 1));
    sse_close(&sse);
    CU_ASSERT(visit_is_alone(&visit));
    visit_end(&visit);
}

/* ---- who is let in -------------------------------------------------------------------------- */

static void clients_have_certificates(void)
{
    struct service service;
    char ca[SERVICE_PROGRAM];
    const char *arguments[] = {"--tls-client-ca", ca, NULL};
    service_prepare(&service, "owner", arguments);
    service.secret = true;
    secret_path(&service, "ca.pem", ca);
    CU_ASSERT_FATAL(service_run(&service));
    static const struct {
        const char *flags, *words;
    } rows[] = {
        {"", "certificate required"},
        {"--tls-max 1.2", "handshake failure"},
        {"--cert stranger.pem --key stranger.key", "unknown ca"},
        {"--cert client.pem --key client.key", "401"},
        {"--cert client.pem --key client.key -H \"Authorization: Bearer $TOKEN\"", "200"},
        {"--tls-max 1.2 --cert client.pem --key client.key -H \"Authorization: Bearer $TOKEN\"",
            "200"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char line[600];
        snprintf(line, sizeof line,
            CURL "%s -o /dev/null -w '%%{http_code}' https://127.0.0.1:$PORT/v1/ledgers 2>&1",
            rows[i].flags);
        CU_ASSERT(says(&service, line, rows[i].words));
    }
    /* Each is asked for its certificate each time: there is no session to take up again. */
    CU_ASSERT(says(&service,
        SESSION("-tls1_3", "-cert client.pem -key client.key -sess_out s") "; ls s 2>&1",
        "cannot access 's'"));
    CU_ASSERT(says(&service,
        SESSION("-tls1_2", "-cert client.pem -key client.key -sess_out s") "; ls s 2>&1",
        "cannot access 's'"));
    service_remove(&service);
}

/* ---- certificates --------------------------------------------------------------------------- */

/* Does it end with this complaint, before it does anything? */
static void expect_refused(struct service *service, const char *words)
{
    service->quiet = true;
    CU_ASSERT_FALSE(service_run(service));
    CU_ASSERT_EQUAL(service->exit_code, 1);
    CU_ASSERT(service_logged(service, "error", words));
}

static void bad_files_at_the_start(void)
{
    struct service service;
    char key[SERVICE_PROGRAM], certificate[SERVICE_PROGRAM];
    struct command command = {.exit_code = 0};
    service_prepare(&service, "owner", NULL);
    service.secret = true;
    service_reserve(&service);
    CU_ASSERT_FATAL(secret_prepare(&service));
    secret_path(&service, "server.key", key);
    secret_path(&service, "server.pem", certificate);
    CU_ASSERT_EQUAL(chmod(key, 0644), 0);
    expect_refused(&service, "server.key: others may read or change the key (mode 0644)");
    CU_ASSERT_EQUAL(chmod(key, 0600), 0);
    CU_ASSERT_EQUAL(shell(&service, &command, "cp server.key own && cp next.key server.key"), 0);
    expect_refused(&service, "server.key: no key of that certificate");
    CU_ASSERT_EQUAL(
        shell(&service, &command, "openssl ec -in own -aes128 -passout pass:x -out server.key"), 0);
    expect_refused(&service, "without a passphrase");
    CU_ASSERT_EQUAL(shell(&service, &command, "cp own server.key; : >server.pem"), 0);
    expect_refused(&service, "server.pem: no certificate can be read from it");
    CU_ASSERT_EQUAL(unlink(key), 0);
    expect_refused(&service, "server.key: No such file");
    command_free(&command);
    service_remove(&service);
}

/* Requests over connections old and new, while certificates change. */
struct traffic {
    const struct service *service;
    _Atomic bool stop;
    _Atomic size_t answered, lost;
    struct co_waitgroup running;
};

static void keep_asking(void *arg)
{
    struct traffic *traffic = arg;
    struct visit old, new;
    visit_begin(&old, traffic->service);
    while (!traffic->stop) {
        visit_get(&old, "/livez");
        traffic->lost += old.response.status != 200;
        visit_begin(&new, traffic->service);
        visit_get(&new, "/livez");
        traffic->lost += new.response.status != 200;
        visit_end(&new);
        traffic->answered += 2;
    }
    visit_end(&old);
    co_waitgroup_done(&traffic->running);
}

static void await_traffic(struct traffic *traffic)
{
    size_t upto = traffic->answered + 50;
    int64_t until = co_clock_now_ns() + PATIENCE_S * CO_CLOCK_S;
    while (traffic->answered < upto && co_clock_now_ns() < until)
        co_sleep(5 * CO_CLOCK_MS);
    CU_ASSERT(traffic->answered >= upto);
}

static void await_log(const struct service *service, const char *level, const char *words)
{
    int64_t until = co_clock_now_ns() + PATIENCE_S * CO_CLOCK_S;
    while (!service_logged(service, level, words) && co_clock_now_ns() < until)
        co_sleep(5 * CO_CLOCK_MS);
    CU_ASSERT(service_logged(service, level, words));
}

/* Put files in their place, send SIGHUP, and wait for what is said of them. */
static void change(struct service *service, const char *line, const char *level, const char *words)
{
    struct command command = {.exit_code = 0};
    CU_ASSERT_EQUAL(shell(service, &command, line), 0);
    command_free(&command);
    kill(service->pid, SIGHUP);
    await_log(service, level, words);
}

/* Does whoever comes now see that certificate? */
static bool is_shown(const struct service *service, const char *name)
{
    char line[600];
    snprintf(line, sizeof line,
        "[ \"$(" TALK("") " | openssl x509 -noout -serial)\" = "
                          "\"$(openssl x509 -noout -serial -in %s)\" ] && echo the same",
        name);
    return says(service, line, "the same");
}

static void new_certificates(void)
{
    struct service service;
    struct traffic traffic = {.service = &service};
    struct visit visit;
    struct sse *sse = malloc(sizeof *sse);
    static struct sse_event event;
    co_ensure(sse);
    CU_ASSERT_FATAL(secret_make(&service, "owner", NULL));
    CU_ASSERT(sse_open(sse, &service, -1, 0));
    co_waitgroup_add(&traffic.running, 2);
    co_ensure(co_spawn(keep_asking, &traffic) && co_spawn(keep_asking, &traffic));
    CU_ASSERT(is_shown(&service, "server.pem"));
    change(&service, "cp server.pem first.pem && echo nonsense >server.pem", "error",
        "TLS goes on with the certificate that it has");
    CU_ASSERT(is_shown(&service, "first.pem"));
    change(&service, "cp over.pem server.pem && cp over.key server.key", "error",
        "server.pem: the certificate has expired");
    CU_ASSERT(is_shown(&service, "first.pem"));
    await_traffic(&traffic);
    change(&service, "cp next.pem server.pem && cp next.key server.key", "info",
        "TLS has a new certificate");
    CU_ASSERT(is_shown(&service, "next.pem"));
    await_traffic(&traffic);
    /* One that ends soon is told of, in the log and to whoever watches. */
    change(
        &service, "cp soon.pem server.pem && cp soon.key server.key", "error", "expires in 4 days");
    CU_ASSERT(is_shown(&service, "soon.pem"));
    await_traffic(&traffic);
    traffic.stop = true;
    co_waitgroup_wait(&traffic.running);
    CU_ASSERT_EQUAL(traffic.lost, 0);
    /* The stream that began with the first certificate goes on. */
    visit_begin(&visit, &service);
    CU_ASSERT(visit_fund(&visit, "late", 0));
    int64_t id = 0;
    while (id < visit.response.seq && sse_next(sse, &event))
        id = event.id >= 0 ? event.id : id;
    CU_ASSERT_EQUAL(id, visit.response.seq);
    int64_t ends_s = visit_figure(&visit, "teller_tls_certificate_not_after_timestamp_seconds");
    int64_t left_s = ends_s - co_clock_wall_us() / 1000000;
    CU_ASSERT(left_s > 4 * 86400 && left_s <= 5 * 86400);
    visit_end(&visit);
    sse_close(sse);
    free(sse);
    CU_ASSERT_EQUAL(service_stop(&service), 0);
    service_remove(&service);
}

/* ---- sessions that are taken up again ------------------------------------------------------- */

/* Short handshakes with a ticket, until there is another certificate. */
static void sessions_are_taken_up_again(void)
{
    struct service service;
    CU_ASSERT_FATAL(secret_make(&service, "owner", NULL));
    CU_ASSERT(says(&service, SESSION("-tls1_3", "-sess_out s3"), "New, TLSv1.3"));
    CU_ASSERT(says(&service, SESSION("-tls1_2", "-sess_out s2"), "New, TLSv1.2"));
    CU_ASSERT(says(&service, SESSION("-tls1_3", "-sess_in s3 -sess_out s3"), "Reused, TLSv1.3"));
    CU_ASSERT(says(&service, SESSION("-tls1_2", "-sess_in s2"), "Reused, TLSv1.2"));
    CU_ASSERT(says(&service, SESSION("-tls1_3", "-sess_in s3"), "{\"status\":\"alive\"}"));
    CU_ASSERT(says(&service, SESSION("-tls1_2", "-sess_in s2"), "{\"status\":\"alive\"}"));
    change(&service, "cp next.pem server.pem && cp next.key server.key", "info",
        "TLS has a new certificate");
    CU_ASSERT(says(&service, SESSION("-tls1_3", "-sess_in s3"), "New, TLSv1.3"));
    CU_ASSERT(says(&service, SESSION("-tls1_2", "-sess_in s2"), "New, TLSv1.2"));
    service_remove(&service);
}

/* ---- slow ones ------------------------------------------------------------------------------ */

/* A handshake has as long as the first byte of a head: whoever sends none of it, or a byte of it
 * now and then, is cut off. Eleven seconds: of the long form only. */
static void slow_handshakes(void)
{
    if (!secret_is_asked_for())
        return;
    static const char hello[] = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";
    struct service *service = bank();
    struct target inner = service->target;
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d", service->inner);
    co_ensure(target_make(url, NULL, &inner) == NULL);
    struct client *slow = client_make(&inner, PATIENCE_S * CO_CLOCK_S),
                  *silent = client_make(&inner, PATIENCE_S * CO_CLOCK_S);
    CU_ASSERT_EQUAL(client_connect(slow), CLIENT_ANSWERED);
    CU_ASSERT_EQUAL(client_connect(silent), CLIENT_ANSWERED);
    int64_t began_ns = co_clock_now_ns();
    for (size_t i = 0; i < sizeof hello - 1; i++) {
        if (client_send_bytes(slow, hello + i, 1) != CLIENT_ANSWERED)
            break;
        co_sleep(CO_CLOCK_S);
    }
    char piece[64];
    size_t length = 1;
    while (client_read(slow, piece, sizeof piece, &length) == CLIENT_ANSWERED && length > 0)
        length = 1;
    while (client_read(silent, piece, sizeof piece, &length) == CLIENT_ANSWERED && length > 0)
        length = 1;
    /* Cut by the service, and not by this client's own patience. */
    int64_t took_ns = co_clock_now_ns() - began_ns;
    CU_ASSERT(took_ns > 9 * CO_CLOCK_S && took_ns < PATIENCE_S * CO_CLOCK_S);
    client_free(&slow);
    client_free(&silent);
}

const struct unit_suite tls_suite = {"tls", 2,
    (const struct unit_test[]){{"versions_and_ciphers", versions_and_ciphers},
        {"headers_and_cookies", headers_and_cookies}, {"keys_and_bodies", keys_and_bodies},
        {"heads_in_records", heads_in_records}, {"events", events},
        {"clients_have_certificates", clients_have_certificates},
        {"bad_files_at_the_start", bad_files_at_the_start}, {"new_certificates", new_certificates},
        {"sessions_are_taken_up_again", sessions_are_taken_up_again},
        {"slow_handshakes", slow_handshakes}, {0}}};
