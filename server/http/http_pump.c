/* SPDX-License-Identifier: MIT */
/* Driving libmicrohttpd. */
#include "coro/clock.h"
#include "server/http/http_private.h"

/* libmicrohttpd does what is ready now. If it has more to do, that is after the coroutines have had
 * a turn. */
void http_pump(void *arg)
{
    struct http_worker *worker = arg;
    MHD_UNSIGNED_LONG_LONG timeout_ms;
    co_ensure(MHD_run(worker->daemon) == MHD_YES);
    if (MHD_get_timeout(worker->daemon, &timeout_ms) == MHD_YES && timeout_ms == 0)
        http_pump_soon(worker);
}

static void pump_again(void *arg)
{
    struct http_worker *worker = arg;
    worker->again_started = false;
    http_pump(worker);
}

void http_pump_soon(struct http_worker *worker)
{
    if (worker->again_started)
        return;
    worker->again_started = true;
    co_timer_start(&worker->again, co_clock_now_ns(), pump_again, worker);
}
