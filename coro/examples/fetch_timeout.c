/* SPDX-License-Identifier: MIT */
/*
 * A call with three ends: a result, an error, or neither in time. Whoever makes the call selects
 * among a channel for each.
 *
 *     select {
 *     case page := <-result: fmt.Println(page)
 *     case err := <-failed:  fmt.Println("error:", err)
 *     case <-time.After(50 * time.Millisecond): fmt.Println("timeout")
 *     }
 *
 * The channels have room for one item: a fetch that nobody waits for any more can leave its answer
 * there and end. Without that room it would wait forever.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "coro/chan_of.h"
#include "coro/clock.h"
#include "coro/examples/slow_server.h"
#include "coro/go.h"
#include "coro/net.h"
#include "coro/runtime.h"

struct page {
    char text[200];
};
CHAN_OF_NAMED(page, struct page)
CHAN_OF(int)

/* `failed` gets an errno. */
GO_FUNCTION(fetch, (struct context *, context), (const char *, address), (SENDER(page), result),
    (SENDER(int), failed))
{
    static const char request[] = "GET / HTTP/1.0\r\n\r\n";
    struct page page = {""};
    int fd = net_dial(context, address);
    bool ok = fd >= 0 && net_write(context, fd, request, strlen(request)) > 0 &&
              net_read(context, fd, page.text, sizeof page.text - 1) > 0;
    int error = errno;
    ensure((ok ? CHAN_SEND(result, page) : CHAN_SEND(failed, error)) == CHAN_OK);
    net_close(&fd);
}

static void fetch_with_timeout(const char *what, const char *address, int64_t timeout_ns)
{
    struct context *context = context_with_cancel(context_background());
    struct waitgroup ended = {0};
    CHAN(page) result = CHAN_MAKE(page, 1);
    CHAN(int) failed = CHAN_MAKE(int, 1);
    struct page page;
    int error;
    ensure(context && !CHAN_IS_NULL(result) && !CHAN_IS_NULL(failed));
    ensure(waitgroup_go(
        &ended, fetch, context, address, SENDER_OF(page, result), SENDER_OF(int, failed)));
    switch (
        select_timeout(CASES(RECV_CASE(result, &page), RECV_CASE(failed, &error)), timeout_ns)) {
    case 0:
        printf("%s: %.15s\n", what, page.text);
        break;
    case 1:
        printf("%s: error: %s\n", what, strerror(error));
        break;
    default:
        printf("%s: timeout\n", what);
    }
    context_cancel(context); /* what is still under way can stop */
    waitgroup_wait(&ended);
    context_release(&context);
    CHAN_FREE(&result);
    CHAN_FREE(&failed);
}

static void program(void *arg)
{
    (void)arg;
    struct slow_server quick = {.delay_ns = CLOCK_MS}, slow = {.delay_ns = 300 * CLOCK_MS};
    struct slow_server gone = {.delay_ns = 0};
    slow_server_start(&quick);
    slow_server_start(&slow);
    slow_server_start(&gone);
    slow_server_stop(&gone);
    fetch_with_timeout("quick", quick.address, 20 * CLOCK_S);
    fetch_with_timeout("gone", gone.address, 20 * CLOCK_S);
    fetch_with_timeout("slow", slow.address, 20 * CLOCK_MS);
    slow_server_stop(&quick);
    slow_server_stop(&slow);
}

int main(void)
{
    return runtime_run(NULL, program, NULL) == 0 ? 0 : 1;
}
