/* SPDX-License-Identifier: MIT */
/*
 * Two coroutines for each connection, one for each direction, both on one worker: they share the
 * struct wire without locks. Each direction waits on descriptors of its own, because one coroutine
 * at a time may wait for a descriptor. The last one that ends frees it all.
 */
#include "tests/faults/proxy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "coro/poller.h"

struct message {
    unsigned char *bytes; /* type, length of the rest, the rest */
    size_t length, capacity;
};

struct wire {
    struct proxy *proxy;
    int client_in, client_out, server_in, server_out;
    int directions;      /* that still run */
    bool batch;          /* between its BEGIN and its end */
    bool committed;      /* its COMMIT has been answered */
    bool marked;         /* of the proxy's marks */
    bool deaf;           /* what the program sends goes nowhere any more */
    bool mute;           /* what the server sends goes nowhere any more */
    int copies, answers; /* of the batch: COPYs whose end is to come; answers that came */
    struct message up, down;
};

/* --- bytes ------------------------------------------------------------------------------------ */

static bool read_all(int fd, unsigned char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t got = recv(fd, bytes, length, 0);
        if (got > 0) {
            bytes += got;
            length -= (size_t)got;
        } else if (got == 0 || (errno != EAGAIN && errno != EINTR) ||
                   co_poller_wait(co_context_background(), fd, CO_POLLER_READ) != CO_POLLER_READY) {
            return false;
        }
    }
    return true;
}

static bool write_all(int fd, const void *from, size_t length)
{
    const unsigned char *bytes = from;
    while (length > 0) {
        ssize_t put = send(fd, bytes, length, MSG_NOSIGNAL);
        if (put > 0) {
            bytes += put;
            length -= (size_t)put;
        } else if ((errno != EAGAIN && errno != EINTR) ||
                   co_poller_wait(co_context_background(), fd, CO_POLLER_WRITE) !=
                       CO_POLLER_READY) {
            return false;
        }
    }
    return true;
}

static void set_length(struct message *message, size_t head)
{
    uint32_t rest = htonl((uint32_t)(message->length - head));
    memcpy(message->bytes + head, &rest, sizeof rest);
}

/* head: 1 with a type before the length, 0 for the first message of all. */
static bool read_message(int fd, struct message *message, size_t head)
{
    unsigned char start[5];
    uint32_t rest;
    if (!read_all(fd, start, head + 4))
        return false;
    memcpy(&rest, start + head, sizeof rest);
    message->length = head + ntohl(rest);
    if (message->length + 8 > message->capacity) {
        message->capacity = message->length * 2 + 64;
        message->bytes = realloc(message->bytes, message->capacity);
        co_ensure(message->bytes);
    }
    memcpy(message->bytes, start, head + 4);
    message->bytes[message->length] = '\0';
    return read_all(fd, message->bytes + head + 4, message->length - head - 4);
}

/* --- the faults ------------------------------------------------------------------------------- */

static bool take(struct wire *wire, enum proxy_fault fault)
{
    if (wire->proxy->fault != fault)
        return false;
    wire->proxy->fault = PROXY_NONE;
    return true;
}

/* The program sees a lost connection now, the server sees COMMIT later. */
static bool rise_again(struct wire *wire)
{
    wire->mute = true;
    shutdown(wire->client_out, SHUT_RDWR);
    co_sleep(wire->proxy->at * CO_CLOCK_MS);
    (void)write_all(wire->server_out, wire->up.bytes, wire->up.length);
    co_sleep(200 * CO_CLOCK_MS);
    return false;
}

static void begin_batch(struct wire *wire)
{
    static const char word[] = "COMMIT";
    const char *text = (const char *)wire->up.bytes + 5;
    wire->batch = strncmp(text, "BEGIN;", 6) == 0;
    wire->committed = false;
    wire->copies = wire->answers = 0;
    if (!wire->batch)
        return;
    for (const char *at = text; (at = strstr(at, "COPY ")); at++)
        wire->copies++;
    unsigned char *end = wire->up.bytes + wire->up.length - sizeof word;
    if (memcmp(end, word, sizeof word) == 0 && take(wire, PROXY_ROLLBACK)) {
        memcpy(end, "ROLLBACK", 9);
        wire->up.length += 2;
        set_length(&wire->up, 1);
    }
}

/* Park until the link, which is as fast as it is set, has taken that many bytes more. */
static void take_time(struct proxy *proxy, size_t bytes)
{
    int64_t now_ns = co_clock_now_ns();
    int64_t begin_ns = proxy->free_ns > now_ns ? proxy->free_ns : now_ns;
    proxy->free_ns = begin_ns + (int64_t)bytes * CO_CLOCK_S / proxy->pace;
    co_sleep(proxy->free_ns - now_ns);
}

/* To the server, at the pace that is set. */
static bool write_up(struct wire *wire, const unsigned char *bytes, size_t length)
{
    enum { PIECE = 1500 };
    for (size_t at = 0, part; at < length; at += part) {
        bool is_slow = wire->proxy->pace > 0;
        part = is_slow && length - at > PIECE ? PIECE : length - at;
        if (is_slow)
            take_time(wire->proxy, part);
        if (!write_all(wire->server_out, bytes + at, part))
            return false;
    }
    return true;
}

/* Does the link swallow, from now on, whatever comes on this connection? */
static void look_for_swallowing(struct wire *wire)
{
    struct proxy *proxy = wire->proxy;
    if (wire->mute || !(proxy->swallows || (proxy->swallows_marked && wire->marked)))
        return;
    wire->deaf = wire->mute = true;
    proxy->swallowed++;
}

/* A text, or one to be prepared, or one that was: is it the one at which the database dies? */
static void count_statement(struct proxy *proxy, unsigned char type)
{
    if (type && strchr("QPB", type) && proxy->cut_at > 0 && --proxy->cut_at == 0)
        proxy->is_cut = true;
}

/* Pass on what the program said. False: cut. */
static bool pass_up(struct wire *wire)
{
    const struct message *message = &wire->up;
    int at = wire->proxy->at;
    count_statement(wire->proxy, *message->bytes);
    if (wire->proxy->is_cut)
        return false;
    const char *marks = wire->proxy->marks;
    if (marks && memmem(message->bytes, message->length, marks, strlen(marks)))
        wire->marked = true;
    look_for_swallowing(wire);
    if (wire->deaf)
        return true;
    if (*message->bytes == 'Q')
        begin_batch(wire);
    if (wire->batch && *message->bytes == 'd' && wire->copies == 1 && at < 0 &&
        take(wire, PROXY_CUT_REQUEST)) {
        (void)write_all(wire->server_out, message->bytes, message->length - (size_t)-at);
        return false;
    }
    if (wire->batch && *message->bytes == 'c' && --wire->copies == 0) {
        if (take(wire, PROXY_ZOMBIE))
            return rise_again(wire);
        if (at >= 0 && take(wire, PROXY_CUT_REQUEST)) {
            (void)write_all(wire->server_out, message->bytes, (size_t)at);
            return false;
        }
    }
    return write_up(wire, message->bytes, message->length);
}

/* The server's side ends, which rolls its work back; the program is told of an error. */
static bool tell_error(struct wire *wire)
{
    unsigned char bytes[64] = {'E'};
    struct message error = {.bytes = bytes};
    error.length = 5 + (size_t)snprintf((char *)bytes + 5, sizeof bytes - 5,
                           "SERROR%cVERROR%cC%s%cMon purpose%c", 0, 0, wire->proxy->sqlstate, 0, 0);
    error.length++; /* the empty field that ends it */
    set_length(&error, 1);
    wire->deaf = true;
    return write_all(wire->client_out, bytes, error.length) &&
           write_all(wire->client_out, "Z\0\0\0\5I", 6);
}

/* Pass on what the server said. False: cut. */
static bool pass_down(struct wire *wire)
{
    const struct message *message = &wire->down;
    size_t before = 0;
    if (wire->proxy->is_cut)
        return false;
    look_for_swallowing(wire);
    if (wire->mute)
        return true;
    if (wire->batch && !wire->committed && wire->answers++ == wire->proxy->at &&
        take(wire, PROXY_ERROR))
        return tell_error(wire) && false;
    if (wire->batch && *message->bytes == 'C' && strcmp((char *)message->bytes + 5, "COMMIT") == 0)
        wire->committed = true;
    else if (wire->committed)
        before = 12; /* of COMMIT's answer */
    if (wire->batch && wire->committed && wire->proxy->fault == PROXY_CUT_REPLY &&
        (size_t)wire->proxy->at < before + message->length) {
        size_t part = (size_t)wire->proxy->at - before;
        (void)take(wire, PROXY_CUT_REPLY);
        (void)write_all(wire->client_out, message->bytes, part);
        return false;
    }
    if (*message->bytes == 'Z')
        wire->batch = wire->committed = false;
    return write_all(wire->client_out, message->bytes, message->length);
}

/* --- connections ------------------------------------------------------------------------------ */

static void drop(int fd)
{
    if (fd < 0)
        return;
    co_poller_forget(fd);
    close(fd);
}

/* A direction has ended: so does the other, unless it still has something to do. */
static void end_direction(struct wire *wire)
{
    shutdown(wire->server_out, SHUT_RDWR);
    if (!wire->deaf)
        shutdown(wire->client_out, SHUT_RDWR);
    if (--wire->directions > 0)
        return;
    struct proxy *proxy = wire->proxy;
    drop(wire->client_in);
    drop(wire->client_out);
    drop(wire->server_in);
    drop(wire->server_out);
    free(wire->up.bytes);
    free(wire->down.bytes);
    free(wire);
    co_waitgroup_done(&proxy->running);
}

static void run_up(void *arg)
{
    struct wire *wire = arg;
    size_t head = 0;
    while (read_message(wire->client_in, &wire->up, head) && pass_up(wire))
        head = 1;
    end_direction(wire);
}

static void run_down(void *arg)
{
    struct wire *wire = arg;
    while (read_message(wire->server_in, &wire->down, 1) && pass_down(wire))
        ;
    if (wire->mute && wire->directions == 2)
        wire->directions--; /* run_up() still has something to deliver, and then ends it all */
    else
        end_direction(wire);
}

static void open_wire(struct proxy *proxy, int client)
{
    struct wire *wire = calloc(1, sizeof *wire);
    co_ensure(wire);
    int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    *wire = (struct wire){.proxy = proxy, .client_in = client, .server_in = server};
    wire->client_out = dup(client);
    wire->server_out = dup(server);
    wire->directions = 2;
    co_waitgroup_add(&proxy->running, 1);
    if (proxy->is_cut ||
        connect(server, (struct sockaddr *)&proxy->upstream, sizeof proxy->upstream) != 0) {
        wire->directions = 1;
        end_direction(wire);
        return;
    }
    co_ensure(co_spawn_local(run_up, wire));
    co_ensure(co_spawn_local(run_down, wire));
}

static void accept_all(void *arg)
{
    struct proxy *proxy = arg;
    while (co_poller_wait(proxy->life, proxy->listener, CO_POLLER_READ) == CO_POLLER_READY) {
        int client = accept4(proxy->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (client < 0)
            continue;
        setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        open_wire(proxy, client);
    }
    drop(proxy->listener);
    co_waitgroup_done(&proxy->running);
}

bool proxy_start(struct proxy *proxy, const char *folder)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    *proxy = (struct proxy){.upstream.sun_family = AF_UNIX};
    snprintf(
        proxy->upstream.sun_path, sizeof proxy->upstream.sun_path, "%.80s/.s.PGSQL.5432", folder);
    proxy->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* What comes lies in the sender's buffers until it is taken, as on a link without a middleman.
     */
    setsockopt(proxy->listener, SOL_SOCKET, SO_RCVBUF, &(int){64 << 10}, sizeof(int));
    if (proxy->listener < 0 || bind(proxy->listener, (struct sockaddr *)&address, size) != 0 ||
        listen(proxy->listener, 64) != 0 ||
        getsockname(proxy->listener, (struct sockaddr *)&address, &size) != 0)
        return false;
    proxy->port = ntohs(address.sin_port);
    proxy->life = co_context_with_cancel(co_context_background());
    co_ensure(proxy->life);
    co_waitgroup_add(&proxy->running, 1);
    co_ensure(co_spawn_local(accept_all, proxy));
    return true;
}

void proxy_stop(struct proxy *proxy)
{
    co_context_cancel(proxy->life);
    co_waitgroup_wait(&proxy->running);
    co_context_release(&proxy->life);
}
