/* SPDX-License-Identifier: MIT */
/*
 * What a TLS session that is taken up again saves: connections one after the other, each for one
 * request, with whole handshakes and with short ones by turns. HANDSHAKES=long (`make bench-tls`):
 * enough of them for figures, which are the time of one connection, and the processor time that it
 * takes on either side; otherwise a few, to see that sessions are taken up.
 */
#include "tests/service/suites.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/tls/co_tls_private.h"
#include "tests/service/beside.h"
#include "tests/service/secret.h"
#include "tests/unit.h"

enum { ROUNDS = 7, MANY = 1000, FEW = 10, ANSWER = 2048 };

static bool is_long(void)
{
    const char *given = getenv("HANDSHAKES");
    return given && strcmp(given, "long") == 0;
}

struct shaking {
    struct service service;
    struct co_tls_config *config;
    char address[40];
};

/* ---- one connection -------------------------------------------------------------------------- */

/* Did it begin with a session of before? */
static bool connect_once(const struct shaking *shaking)
{
    static const char asks[] =
        "GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    struct co_context *context = co_context_background();
    char answer[ANSWER];
    ssize_t length = 0, got = 1;
    struct co_tls *tls = co_tls_dial(context, shaking->config, shaking->address, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(tls);
    CU_ASSERT_EQUAL(co_tls_write(context, tls, asks, sizeof asks - 1), sizeof asks - 1);
    /* Tickets of TLS 1.3 come with what is read. */
    while (got > 0 && length < ANSWER) {
        got = co_tls_read(context, tls, answer + length, (size_t)(ANSWER - length));
        length += got > 0 ? got : 0;
    }
    CU_ASSERT(length > 12 && memcmp(answer, "HTTP/1.1 200", 12) == 0);
    bool resumed = co_tls_is_resumed(tls);
    co_tls_close(&tls);
    return resumed;
}

/* ---- figures --------------------------------------------------------------------------------- */

/* Of all threads of the process, so far; 0: it is not there. */
static int64_t processor_ns(pid_t pid)
{
    char path[300], text[80] = "";
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *folder = opendir(path);
    int64_t all_ns = 0;
    for (const struct dirent *task; folder && (task = readdir(folder));) {
        snprintf(path, sizeof path, "/proc/%d/task/%.20s/schedstat", (int)pid, task->d_name);
        FILE *file = task->d_name[0] == '.' ? NULL : fopen(path, "re");
        if (file && fgets(text, sizeof text, file))
            all_ns += strtoll(text, NULL, 10);
        if (file)
            fclose(file);
    }
    if (folder)
        closedir(folder);
    return all_ns;
}

/* Of one connection, in each round. */
struct costs {
    int64_t took_us[ROUNDS], server_us[ROUNDS], client_us[ROUNDS];
};

/* One round. The first connection is apart: it finds no session, or brings one. */
static void measure(const struct shaking *shaking, bool takes_up, size_t round, struct costs *costs)
{
    int64_t count = is_long() ? MANY : FEW;
    co_tls_sessions_end(shaking->config);
    (void)connect_once(shaking);
    int64_t server_ns = processor_ns(shaking->service.pid), client_ns = processor_ns(getpid()),
            began_ns = co_clock_now_ns();
    for (int64_t i = 0; i < count; i++) {
        if (!takes_up)
            co_tls_sessions_end(shaking->config);
        CU_ASSERT_EQUAL(connect_once(shaking), takes_up);
    }
    int64_t each = count * 1000;
    costs->took_us[round] = (co_clock_now_ns() - began_ns) / each;
    costs->server_us[round] = (processor_ns(shaking->service.pid) - server_ns) / each;
    costs->client_us[round] = (processor_ns(getpid()) - client_ns) / each;
}

static void show(const char *version, const char *what, struct costs *costs)
{
    printf("\n    %s, %s: %" PRId64 " us a connection; processor: server %" PRId64
           " us, client %" PRId64 " us",
        version, what, beside_median(costs->took_us, ROUNDS),
        beside_median(costs->server_us, ROUNDS), beside_median(costs->client_us, ROUNDS));
}

static void compare(const struct shaking *shaking, const char *version)
{
    struct costs whole, taken_up;
    for (size_t i = 0; i < ROUNDS; i++) {
        measure(shaking, false, i, &whole);
        measure(shaking, true, i, &taken_up);
    }
    if (!is_long())
        return;
    show(version, "whole handshakes", &whole);
    show(version, "sessions taken up", &taken_up);
}

static void whole_and_short(void)
{
    struct shaking shaking;
    char authority[SERVICE_PROGRAM];
    CU_ASSERT_FATAL(secret_make(&shaking.service, "owner", NULL));
    secret_path(&shaking.service, "ca.pem", authority);
    snprintf(shaking.address, sizeof shaking.address, "localhost:%d", shaking.service.inner);
    shaking.config = co_tls_client(&(struct co_tls_client_options){.trust_file = authority}, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(shaking.config);
    compare(&shaking, "TLS 1.3");
    SSL_CTX_set_max_proto_version(shaking.config->ctx, TLS1_2_VERSION);
    compare(&shaking, "TLS 1.2");
    co_tls_config_free(&shaking.config);
    CU_ASSERT_EQUAL(service_stop(&shaking.service), 0);
    service_remove(&shaking.service);
}

const struct unit_suite handshakes_suite = {
    "handshakes", 2, (const struct unit_test[]){{"whole_and_short", whole_and_short}, {0}}};
