/* SPDX-License-Identifier: MIT */
/* While somebody waits the timer is started, so that room which comes back, a rest that is over and
 * clients that have gone are seen. */
#include "server/http/http_turn.h"

#include "coro/clock.h"
#include "coro/co.h"
#include "server/http/http_private.h"
#include "server/http/prefer.h"

/* How often is looked for room; how long one waits for it; after how long a turn keeps the next one
 * no more; shorter turns need no rest after them. */
static const int64_t look_again_ns = 20 * CO_CLOCK_MS, wait_max_ns = 15 * CO_CLOCK_S,
                     turn_max_ns = 100 * CO_CLOCK_MS, short_ns = CO_CLOCK_MS;

struct http_turn_waiter {
    struct http_turn_waiter *next;
    struct http_exchange *exchange;
    struct co *co;
    int64_t until_ns;
    bool has_turn;
};

static bool has_room(const struct http *http)
{
    return atomic_load(&http->answer_bytes) + HTTP_ANSWER_RESERVED <=
           http->options.max_answer_bytes;
}

static bool may_begin(const struct http_worker *worker, int64_t now_ns)
{
    const struct http_turns *turns = &worker->turns;
    /* One that takes very long waits for something, and uses no processor meanwhile. */
    bool is_free = turns->running == 0 || now_ns - turns->begun_ns >= turn_max_ns;
    return is_free && now_ns >= turns->rest_ns && has_room(worker->http);
}

/* Room is reserved before the length is known, so that turns together cannot exceed the budget. */
static void begin(struct http_exchange *exchange, int64_t now_ns)
{
    struct http_turns *turns = &exchange->worker->turns;
    atomic_fetch_add(&exchange->worker->http->answer_bytes, HTTP_ANSWER_RESERVED);
    exchange->answer_bytes += HTTP_ANSWER_RESERVED;
    exchange->turn_ns = turns->begun_ns = now_ns;
    turns->running++;
}

/* Take the one behind `before` (NULL: the first) out of the queue. */
static struct http_turn_waiter *take_out(struct http_turns *turns, struct http_turn_waiter *before)
{
    struct http_turn_waiter **place = before ? &before->next : &turns->first, *waiter = *place;
    *place = waiter->next;
    if (turns->last == waiter)
        turns->last = before;
    turns->waiting--;
    return waiter;
}

/* Those that have waited for too long, and those whose clients have gone. */
static void send_away(struct http_turns *turns, int64_t now_ns)
{
    struct http_turn_waiter *before = NULL, *next;
    for (struct http_turn_waiter *waiter = turns->first; waiter; waiter = next) {
        next = waiter->next;
        /* Nobody would read the answer of one whose client has gone. */
        if (waiter->exchange->connection && now_ns < waiter->until_ns)
            before = waiter;
        else
            co_ready(take_out(turns, before)->co);
    }
}

static void look(void *worker);

/* Whose turn it is begins; for the others there is another look. */
static void go_on(struct http_worker *worker, int64_t now_ns)
{
    struct http_turns *turns = &worker->turns;
    while (turns->first && may_begin(worker, now_ns)) {
        struct http_turn_waiter *waiter = take_out(turns, NULL);
        waiter->has_turn = true;
        begin(waiter->exchange, now_ns);
        co_ready(waiter->co);
    }
    if (!turns->first || turns->timer_started)
        return;
    /* Nobody tells when room comes back, so it is looked for. */
    int64_t next_ns = now_ns + look_again_ns;
    /* The end of a rest is known exactly. */
    if (now_ns < turns->rest_ns && turns->rest_ns < next_ns)
        next_ns = turns->rest_ns;
    turns->timer_started = true;
    co_timer_start(&turns->timer, next_ns, look, worker);
}

static void look(void *worker_arg)
{
    struct http_worker *worker = worker_arg;
    int64_t now_ns = co_clock_now_ns();
    worker->turns.timer_started = false;
    send_away(&worker->turns, now_ns);
    go_on(worker, now_ns);
}

static bool queue_up(struct co *co, void *arg)
{
    struct http_turn_waiter *waiter = arg;
    waiter->co = co;
    return true;
}

/* How long one waits, and less if its client says that it does not wait so long. */
static int64_t patience_ns(const struct request *request)
{
    int64_t seconds;
    bool says = prefer_wait(request->prefer, &seconds) && seconds < wait_max_ns / CO_CLOCK_S;
    return says ? seconds * CO_CLOCK_S : wait_max_ns;
}

bool http_turn_begin(struct http_exchange *exchange)
{
    struct http_worker *worker = exchange->worker;
    struct http_turns *turns = &worker->turns;
    int64_t now_ns = co_clock_now_ns();
    /* Nobody is passed by: those in the queue come first. */
    if (!turns->first && may_begin(worker, now_ns)) {
        begin(exchange, now_ns);
        return true;
    }
    /* Only this worker wakes, and it does not before the coroutine has left its stack. */
    struct http_turn_waiter waiter = {
        .exchange = exchange, .until_ns = now_ns + patience_ns(&exchange->request)};
    if (turns->last)
        turns->last->next = &waiter;
    else
        turns->first = &waiter;
    turns->last = &waiter;
    turns->waiting++;
    go_on(worker, now_ns);
    co_park("turn for a list", queue_up, &waiter);
    exchange->request.waited_ns = co_clock_now_ns() - now_ns;
    return waiter.has_turn;
}

void http_turn_end(struct http_exchange *exchange)
{
    struct http_turns *turns = &exchange->worker->turns;
    int64_t now_ns = co_clock_now_ns(), took_ns = now_ns - exchange->turn_ns;
    turns->running--;
    if (!turns->first)
        return;
    /* Others get as much of the worker as the list just took. */
    if (took_ns > short_ns)
        turns->rest_ns = now_ns + (took_ns < turn_max_ns ? took_ns : turn_max_ns);
    if (turns->timer_started) /* it may be for later than the end of the rest */
        (void)co_timer_stop(&turns->timer);
    turns->timer_started = false;
    go_on(exchange->worker, now_ns);
}

void http_turn_end_all(struct http_worker *worker)
{
    co_ensure(!worker->turns.first);
    if (worker->turns.timer_started)
        (void)co_timer_stop(&worker->turns.timer);
    worker->turns.timer_started = false;
}
