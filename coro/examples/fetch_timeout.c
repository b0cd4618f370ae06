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
#include "coro/http/co_http.h"
#include "coro/runtime.h"

struct page {
    char text[200];
};
CO_CHAN_OF_NAMED(page, struct page)
CO_CHAN_OF(int)

/* `failed` gets an errno. */
CO_GO_FUNCTION(fetch, (struct co_context *, context), (const char *, url),
    (CO_SENDER(page), result), (CO_SENDER(int), failed))
{
    struct page page = {""};
    struct co_http_answer answer;
    bool ok = co_http_get(context, NULL, url, &answer) == CO_HTTP_ANSWERED;
    int error = errno;
    snprintf(page.text, sizeof page.text, "%d, %s", answer.head.status, answer.body);
    co_ensure((ok ? CO_CHAN_SEND(result, page) : CO_CHAN_SEND(failed, error)) == CO_CHAN_OK);
    co_http_answer_free(&answer);
}

static void fetch_with_timeout(const char *what, const char *url, int64_t timeout_ns)
{
    struct co_context *context = co_context_with_cancel(co_context_background());
    struct co_waitgroup ended = {0};
    CO_CHAN(page) result = CO_CHAN_MAKE(page, 1);
    CO_CHAN(int) failed = CO_CHAN_MAKE(int, 1);
    struct page page;
    int error;
    co_ensure(context && !CO_CHAN_IS_NULL(result) && !CO_CHAN_IS_NULL(failed));
    co_ensure(co_waitgroup_go(
        &ended, fetch, context, url, CO_SENDER_OF(page, result), CO_SENDER_OF(int, failed)));
    switch (co_select_timeout(
        CO_CASES(CO_RECV_CASE(result, &page), CO_RECV_CASE(failed, &error)), timeout_ns)) {
    case 0:
        printf("%s: %s\n", what, page.text);
        break;
    case 1:
        printf("%s: error: %s\n", what, strerror(error));
        break;
    default:
        printf("%s: timeout\n", what);
    }
    co_context_cancel(context); /* what is still under way can stop */
    co_waitgroup_wait(&ended);
    co_context_release(&context);
    CO_CHAN_FREE(&result);
    CO_CHAN_FREE(&failed);
}

static void program(void *arg)
{
    (void)arg;
    struct slow_server quick = {.delay_ns = CO_CLOCK_MS}, slow = {.delay_ns = 300 * CO_CLOCK_MS};
    struct slow_server gone = {.delay_ns = 0};
    slow_server_start(&quick);
    slow_server_start(&slow);
    slow_server_start(&gone);
    slow_server_stop(&gone);
    fetch_with_timeout("quick", quick.url, 20 * CO_CLOCK_S);
    fetch_with_timeout("gone", gone.url, 20 * CO_CLOCK_S);
    fetch_with_timeout("slow", slow.url, 20 * CO_CLOCK_MS);
    slow_server_stop(&quick);
    slow_server_stop(&slow);
}

int main(void)
{
    return co_runtime_run(NULL, program, NULL) == 0 ? 0 : 1;
}
