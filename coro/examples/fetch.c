/* SPDX-License-Identifier: MIT */
/*
 * Fetch many slow pages: one after another takes the sum of all delays, all together about as long
 * as one. No thread waits for a socket: the coroutine parks, and its worker goes on with others.
 *
 *     start := time.Now()
 *     for _, url := range urls { fetch(url) }
 *     fmt.Println("one after another:", time.Since(start))
 *     for _, url := range urls { wg.Go(func() { fetch(url) }) }
 *     wg.Wait()
 */
#include <stdatomic.h>
#include <stdio.h>

#include "coro/clock.h"
#include "coro/examples/slow_server.h"
#include "coro/go.h"
#include "coro/http/co_http.h"
#include "coro/runtime.h"

enum { PAGES = 20 };

static atomic_int fetched;

CO_GO_FUNCTION(fetch, (const char *, url))
{
    struct co_http_answer page;
    struct co_context *context = co_context_with_timeout(co_context_background(), 20 * CO_CLOCK_S);
    co_ensure(context);
    if (co_http_get(context, NULL, url, &page) == CO_HTTP_ANSWERED && page.head.status == 200)
        fetched++;
    co_http_answer_free(&page);
    co_context_release(&context);
}

static void say(const char *how, int64_t start_ns)
{
    printf("%s: %d pages in %d ms\n", how, fetched,
        (int)((co_clock_now_ns() - start_ns) / CO_CLOCK_MS));
    fetched = 0;
}

static void program(void *arg)
{
    (void)arg;
    struct slow_server server = {.delay_ns = 30 * CO_CLOCK_MS};
    struct co_waitgroup all = {0};
    slow_server_start(&server);

    int64_t start_ns = co_clock_now_ns();
    for (int i = 0; i < PAGES; i++)
        fetch(server.url);
    int64_t in_sequence_ns = co_clock_now_ns() - start_ns;
    say("one after another", start_ns);

    start_ns = co_clock_now_ns();
    for (int i = 0; i < PAGES; i++)
        co_ensure(co_waitgroup_go(&all, fetch, server.url));
    co_waitgroup_wait(&all);
    int64_t together_ns = co_clock_now_ns() - start_ns;
    say("all together", start_ns);
    puts(together_ns < in_sequence_ns / 3 ? "which is far quicker" : "which is hardly quicker");
    slow_server_stop(&server);
}

int main(void)
{
    return co_runtime_run(NULL, program, NULL) == 0 ? 0 : 1;
}
