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
#include <string.h>

#include "coro/clock.h"
#include "coro/examples/slow_server.h"
#include "coro/go.h"
#include "coro/net.h"
#include "coro/runtime.h"

enum { PAGES = 20 };

static atomic_int fetched;

GO_FUNCTION(fetch, (struct slow_server *, from))
{
    static const char request[] = "GET / HTTP/1.0\r\n\r\n";
    char page[200] = "";
    struct context *context = context_with_timeout(context_background(), 20 * CLOCK_S);
    ensure(context);
    int fd = net_dial(context, from->address);
    if (fd >= 0 && net_write(context, fd, request, strlen(request)) > 0 &&
        net_read(context, fd, page, sizeof page - 1) > 0 && strstr(page, "200 OK"))
        fetched++;
    net_close(&fd);
    context_release(&context);
}

static void say(const char *how, int64_t start_ns)
{
    printf("%s: %d pages in %d ms\n", how, fetched, (int)((clock_now_ns() - start_ns) / CLOCK_MS));
    fetched = 0;
}

static void program(void *arg)
{
    (void)arg;
    struct slow_server server = {.delay_ns = 30 * CLOCK_MS};
    struct waitgroup all = {0};
    slow_server_start(&server);

    int64_t start_ns = clock_now_ns();
    for (int i = 0; i < PAGES; i++)
        fetch(&server);
    int64_t in_sequence_ns = clock_now_ns() - start_ns;
    say("one after another", start_ns);

    start_ns = clock_now_ns();
    for (int i = 0; i < PAGES; i++)
        ensure(waitgroup_go(&all, fetch, &server));
    waitgroup_wait(&all);
    int64_t together_ns = clock_now_ns() - start_ns;
    say("all together", start_ns);
    puts(together_ns < in_sequence_ns / 3 ? "which is far quicker" : "which is hardly quicker");
    slow_server_stop(&server);
}

int main(void)
{
    return runtime_run(NULL, program, NULL) == 0 ? 0 : 1;
}
