/* SPDX-License-Identifier: MIT */
#include "server/cmd/tls_keeper.h"

#include <stdio.h>
#include <string.h>

#include "coro/blocking.h"
#include "coro/clock.h"
#include "coro/co.h"
#include "coro/select.h"
#include "server/text/log.h"
#include "server/text/time_text.h"

enum { ERROR_TEXT = 500, DAY_S = 86400, WARN_DAYS = 21 };

static const int64_t look_every_ns = DAY_S * CO_CLOCK_S;

/* ---- reading ------------------------------------------------------------------------------- */

struct reading {
    const struct tls_files *files;
    struct tls_identity *identity;
    char error[ERROR_TEXT];
};

static void read_files(void *arg)
{
    struct reading *reading = arg;
    reading->identity = tls_identity_read(reading->files, reading->error, sizeof reading->error);
}

static int64_t now_s(void)
{
    return co_clock_wall_us() / 1000000;
}

/* Whoever reads the log gets to know of it in time. */
static void look_at_end(const struct tls_keeper *keeper, int64_t ends_s)
{
    int64_t left_s = ends_s - now_s();
    char at[TIME_TEXT];
    if (left_s > (int64_t)WARN_DAYS * DAY_S)
        return;
    time_text(ends_s > 0 ? ends_s * 1000000 : 0, at);
    if (left_s <= 0)
        log_error("the certificate in %s has expired, at %s: clients will refuse it",
            keeper->files.certificate, at);
    else
        log_error("the certificate in %s expires in %lld days, at %s", keeper->files.certificate,
            (long long)(left_s / DAY_S), at);
}

/* The lock is held. */
static void take(struct tls_keeper *keeper, struct tls_identity *identity)
{
    tls_identity_release(&keeper->identity);
    keeper->identity = identity;
    if (keeper->ends_s)
        atomic_store(keeper->ends_s, tls_identity_ends_s(identity));
    look_at_end(keeper, tls_identity_ends_s(identity));
}

void tls_keeper_reload(void *keeper_arg)
{
    struct tls_keeper *keeper = keeper_arg;
    struct reading reading = {.files = &keeper->files};
    char at[TIME_TEXT];
    co_mutex_lock(&keeper->lock);
    co_blocking_call(read_files, &reading);
    /* One that no client would take is no better than the one that there is. */
    if (reading.identity && tls_identity_ends_s(reading.identity) <= now_s()) {
        snprintf(reading.error, sizeof reading.error, "%s: the certificate has expired",
            keeper->files.certificate);
        tls_identity_release(&reading.identity);
    }
    if (!reading.identity) {
        log_error("TLS goes on with the certificate that it has: %s", reading.error);
    } else {
        take(keeper, reading.identity);
        if (keeper->http)
            http_set_identity(keeper->http, keeper->identity);
        time_text(tls_identity_ends_s(keeper->identity) * 1000000, at);
        log_info("TLS has a new certificate, which expires at %s", at);
    }
    co_mutex_unlock(&keeper->lock);
}

/* ---- watching ------------------------------------------------------------------------------ */

static void watch(void *arg)
{
    struct tls_keeper *keeper = arg;
    struct co_select_case end = {.op = CO_SELECT_RECV, .chan = co_context_done(keeper->life)};
    while (co_select_timeout(&end, 1, look_every_ns) == CO_SELECT_NONE) {
        co_mutex_lock(&keeper->lock);
        look_at_end(keeper, tls_identity_ends_s(keeper->identity));
        co_mutex_unlock(&keeper->lock);
    }
    co_waitgroup_done(&keeper->watching);
}

bool tls_keeper_begin(struct tls_keeper *keeper, char *error, size_t error_size)
{
    struct reading reading = {.files = &keeper->files};
    if (!keeper->files.certificate)
        return true;
    co_blocking_call(read_files, &reading);
    if (!reading.identity) {
        snprintf(error, error_size, "%s", reading.error);
        return false;
    }
    take(keeper, reading.identity);
    keeper->life = co_context_with_cancel(co_context_background());
    co_ensure(keeper->life);
    co_waitgroup_add(&keeper->watching, 1);
    co_ensure(co_spawn(watch, keeper));
    return true;
}

void tls_keeper_end(struct tls_keeper *keeper)
{
    if (!keeper->identity)
        return;
    co_context_cancel(keeper->life);
    co_waitgroup_wait(&keeper->watching);
    co_context_release(&keeper->life);
    tls_identity_release(&keeper->identity);
}

void tls_keeper_serve(struct tls_keeper *keeper, struct http *http)
{
    co_mutex_lock(&keeper->lock);
    keeper->http = http;
    co_mutex_unlock(&keeper->lock);
}
