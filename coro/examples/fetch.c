/* SPDX-License-Identifier: MIT */
/*
 * Fetch many slow pages: one after another takes the sum of all delays, all together about as long
 * as one. The sockets do not block; a coroutine that must wait for one parks, and its worker goes
 * on with the others.
 *
 *     for _, url := range urls { wg.Add(1); go func() { defer wg.Done(); http.Get(url) }() }
 *     wg.Wait()
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/examples/slow_server.h"
#include "coro/poller.h"
#include "coro/runtime.h"

enum { PAGES = 20 };

struct fetch {
    const struct slow_server *from;
    struct waitgroup *all;
    bool ok;
};

static bool get(struct context *context, int fd, const struct sockaddr_in *address)
{
    static const char request[] = "GET / HTTP/1.0\r\n\r\n";
    char page[200] = "";
    if (connect(fd, (const struct sockaddr *)address, sizeof *address) < 0 && errno != EINPROGRESS)
        return false;
    return poller_wait(context, fd, POLLER_WRITE) == POLLER_READY &&
           write(fd, request, strlen(request)) == (ssize_t)strlen(request) &&
           poller_wait(context, fd, POLLER_READ) == POLLER_READY &&
           read(fd, page, sizeof page - 1) > 0 && strstr(page, "200 OK");
}

static void fetch(void *arg)
{
    struct fetch *fetch = arg;
    struct context *context = context_with_timeout(context_background(), 20 * CLOCK_S);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    ensure(context && fd >= 0);
    fetch->ok = get(context, fd, &fetch->from->address);
    poller_forget(fd);
    close(fd);
    context_release(&context);
    waitgroup_done(fetch->all);
}

/* How long it took, in delays of the server. */
static double fetch_all(const struct slow_server *server, bool at_once)
{
    struct fetch fetches[PAGES];
    struct waitgroup all = {0};
    int64_t start_ns = clock_now_ns();
    int fetched = 0;
    waitgroup_add(&all, PAGES);
    for (int i = 0; i < PAGES; i++) {
        fetches[i] = (struct fetch){server, &all, false};
        if (at_once)
            ensure(co_spawn(fetch, &fetches[i]));
        else
            fetch(&fetches[i]);
    }
    waitgroup_wait(&all);
    for (int i = 0; i < PAGES; i++)
        fetched += fetches[i].ok;
    printf("%s: %d pages in the time of ", at_once ? "all at once" : "one after another", fetched);
    return (double)(clock_now_ns() - start_ns) / (double)server->delay_ns;
}

static void program(void *arg)
{
    (void)arg;
    struct slow_server server = {.delay_ns = 30 * CLOCK_MS};
    slow_server_start(&server);
    puts(fetch_all(&server, false) >= PAGES ? "20 delays" : "less than 20 delays");
    puts(fetch_all(&server, true) < PAGES / 3. ? "a few delays" : "many delays");
    slow_server_stop(&server);
}

int main(void)
{
    return runtime_run(NULL, program, NULL) == 0 ? 0 : 1;
}
