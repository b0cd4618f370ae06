/* SPDX-License-Identifier: MIT */
/*
 * Invariants:
 * - libmicrohttpd is given a head only when it is whole and good, and nothing behind its request;
 * - what is held is what was read and is not given: the rest of a head, of a body, the next head;
 * - edges are told once, so `unread` stays until a read has found less than it asked for, and if
 *   the client has hung up, until the end was read.
 */
#include "server/http/http_wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "coro/sanitize.h"
#include "server/http/http_private.h"

/* A read takes a head of any size in one. */
enum { SCRATCH = 32768, GIVEN_MAX = 160, FIRST_FDS = 1024 };
_Static_assert((int)HTTP_HEAD_MAX < (int)SCRATCH, "a whole head fits");

/* Of this thread, which is a worker's: which connection has which descriptor, and memory to read
 * into. All servers of the process share it. */
static _Thread_local struct {
    size_t users, fd_count;
    struct http_peer **by_fd;
    char *scratch;
} here;

bool http_wire_open(void)
{
    here.users++;
    if (!here.scratch)
        here.scratch = malloc(SCRATCH);
    return here.scratch != NULL;
}

void http_wire_close(void)
{
    if (--here.users > 0)
        return;
    free(here.scratch);
    free(here.by_fd);
    here.scratch = NULL;
    here.by_fd = NULL;
    here.fd_count = 0;
}

/* Room in the table for that descriptor. */
static bool make_place(size_t fd)
{
    size_t count = here.fd_count ? here.fd_count : FIRST_FDS;
    while (count <= fd)
        count *= 2;
    /* Indexed by descriptor: recv() is called so often that a search would show. */
    if (count > here.fd_count) {
        struct http_peer **more = realloc(here.by_fd, count * sizeof *more);
        if (!more)
            return false;
        memset(more + here.fd_count, 0, (count - here.fd_count) * sizeof *more);
        here.by_fd = more;
        here.fd_count = count;
    }
    return true;
}

bool http_wire_add(struct http_peer *peer)
{
    struct tls_identity *identity = peer->worker->identity;
    if (!make_place((size_t)peer->fd))
        return false;
    if (identity && !(peer->wire.tls = tls_begin(identity, peer->fd)))
        return false;
    here.by_fd[peer->fd] = peer;
    /* Bytes may have come before it was watched. */
    peer->wire.unread = true;
    return true;
}

/* Also asked by coroutines for connections of their own (libpq's): the table is this thread's, and
 * no coroutine is between a read and a write of it; but each is a fiber to ThreadSanitizer. */
CO_UNSANITIZED struct http_peer *http_wire_of(int fd)
{
    return fd >= 0 && (size_t)fd < here.fd_count ? here.by_fd[fd] : NULL;
}

static void drop_held(struct http_wire *wire)
{
    free(wire->held);
    wire->held = NULL;
    wire->held_from = wire->held_length = wire->held_room = 0;
}

void http_wire_remove(struct http_peer *peer)
{
    drop_held(&peer->wire);
    if (peer->wire.tls)
        tls_say_end(peer->wire.tls);
    tls_end(&peer->wire.tls);
    here.by_fd[peer->fd] = NULL;
}

/* ---- the socket, and what was read of it ---------------------------------------------------- */

/* As take(), of what a client means that should speak TLS. */
static ssize_t take_secret(struct http_peer *peer, char *to, size_t size)
{
    struct http_wire *wire = &peer->wire;
    ssize_t got = tls_read(wire->tls, to, size);
    wire->unread = got >= 0 ? wire->hung_up || tls_has_more(wire->tls) : errno != EAGAIN;
    if (got >= 0 || errno != EPROTO)
        return got;
    /* It speaks plain HTTP, and so is told why nobody answers. */
    tls_end(&wire->tls);
    http_wire_refuse_problem(peer, &problem_bad_request, "This port is for https:// only.");
    wire->unread = false;
    errno = EAGAIN;
    return -1;
}

/* As recv(2), and remembers whether there may be more. */
static ssize_t take(struct http_peer *peer, char *to, size_t size)
{
    struct http_wire *wire = &peer->wire;
    ssize_t got;
    if (wire->tls)
        return take_secret(peer, to, size);
    do
        got = recvfrom(peer->fd, to, size, 0, NULL, NULL);
    while (got < 0 && errno == EINTR);
    /* A short read has emptied the socket; but if the client has hung up, no further edge tells of
     * the end. */
    if (got < 0)
        wire->unread = errno != EAGAIN && errno != EWOULDBLOCK;
    else if ((size_t)got < size)
        wire->unread = wire->hung_up;
    else
        wire->unread = true;
    return got;
}

/* Room behind what is held; NULL: no memory. */
static char *make_room(struct http_wire *wire, size_t more)
{
    size_t needed = wire->held_length + more;
    /* What was given away makes room in front. */
    if (wire->held_from > 0) {
        memmove(wire->held, wire->held + wire->held_from, wire->held_length);
        wire->held_from = 0;
    }
    if (needed > wire->held_room) {
        char *held = realloc(wire->held, needed);
        if (!held)
            return NULL;
        wire->held = held;
        wire->held_room = needed;
    }
    return wire->held + wire->held_length;
}

/* Keep bytes for later, behind those that are held. False: no memory. */
static bool hold(struct http_wire *wire, const char *bytes, size_t length)
{
    char *to = length ? make_room(wire, length) : NULL;
    if (to)
        memcpy(to, bytes, length);
    wire->held_length += to ? length : 0;
    return to || length == 0;
}

/* `length` of the bytes that are held are given away. */
static void let_go(struct http_wire *wire, size_t length)
{
    wire->held_from += length;
    wire->held_length -= length;
    if (wire->held_length == 0)
        drop_held(wire);
}

/* ---- the head ------------------------------------------------------------------------------- */

static void refuse_head(struct http_peer *peer, enum http_head_verdict verdict, const char *bytes)
{
    static const struct problem *const kinds[] = {[HTTP_HEAD_BAD] = &problem_bad_request,
        [HTTP_HEAD_LONG_TARGET] = &problem_long_target,
        [HTTP_HEAD_EXPECTATION] = &problem_expectation,
        [HTTP_HEAD_LARGE_FIELDS] = &problem_large_headers,
        [HTTP_HEAD_OTHER_VERSION] = &problem_http_version};
    http_peer_look(peer, &peer->wire.head, bytes);
    http_wire_refuse_problem(peer, kinds[verdict], peer->wire.head.fault);
}

/* A head has come, or a part of one: `bytes` are all from its first one on, and held or not. */
static void look(struct http_peer *peer, const char *bytes, size_t length)
{
    struct http_wire *wire = &peer->wire;
    enum http_head_verdict verdict = http_head_scan(&wire->head, bytes, length);
    /* The time limit for a head starts with its first byte. */
    if (verdict == HTTP_HEAD_MORE) {
        bool waits = peer->phase == HTTP_CONNECTED || peer->phase == HTTP_IDLE;
        if (waits && http_head_has_begun(&wire->head))
            http_peer_enter(peer, HTTP_HEADERS);
        return;
    }
    if (verdict != HTTP_HEAD_WHOLE) {
        refuse_head(peer, verdict, bytes);
        return;
    }
    /* From here on bytes belong to the body, then to the next request. */
    wire->state = HTTP_WIRE_GIVE;
    wire->left = wire->head.content_length;
    wire->chunks = (struct http_chunks){.digits = 0};
    peer->worker->begin(peer, bytes); /* which may refuse it */
}

/* Read into the worker's memory, which does for most heads; what is not used of it is held. */
static ssize_t fill_afresh(struct http_peer *peer)
{
    struct http_wire *wire = &peer->wire;
    char *scratch = here.scratch;
    ssize_t got = take(peer, scratch, SCRATCH);
    if (got <= 0)
        return got;
    look(peer, scratch, (size_t)got);
    if (wire->state == HTTP_WIRE_REFUSED)
        return got;
    /* Behind the head a part of the body may stand, or another request. */
    size_t used = wire->state == HTTP_WIRE_GIVE ? wire->head.size : 0;
    if (!hold(wire, scratch + used, (size_t)got - used))
        http_wire_refuse_problem(peer, &problem_overloaded, NULL);
    return got;
}

/* Read behind the part of a head that is held. */
static ssize_t fill_on(struct http_peer *peer)
{
    struct http_wire *wire = &peer->wire;
    /* Small steps at first: a client that sends a head byte by byte holds little. */
    size_t more = wire->held_length < HTTP_HEAD_MAX / 8 ? HTTP_HEAD_MAX / 8 : HTTP_HEAD_MAX;
    char *to = make_room(wire, more);
    if (!to) {
        http_wire_refuse_problem(peer, &problem_overloaded, NULL);
        return 1;
    }
    ssize_t got = take(peer, to, more);
    wire->held_length += got > 0 ? (size_t)got : 0;
    return got;
}

/* Look at what is held. */
static void look_at_held(struct http_peer *peer)
{
    struct http_wire *wire = &peer->wire;
    look(peer, wire->held + wire->held_from, wire->held_length);
    if (wire->state == HTTP_WIRE_GIVE)
        let_go(wire, wire->head.size);
}

static void end_within_head(struct http_peer *peer)
{
    /* Some clients end a body with an empty line: it is not a request that wants an answer. */
    if (http_head_has_begun(&peer->wire.head))
        http_wire_refuse_problem(
            peer, &problem_bad_request, "The connection ended before the head of the request did.");
    peer->wire.state = HTTP_WIRE_OVER;
}

bool http_wire_fill(struct http_peer *peer)
{
    struct http_wire *wire = &peer->wire;
    /* A pipelined request: its head is here, and no edge will tell of it. */
    if (wire->state == HTTP_WIRE_HEAD && wire->head.at < wire->held_length)
        look_at_held(peer);
    while (wire->state == HTTP_WIRE_HEAD) {
        /* A head that comes in one read, nearly every one, is never copied. */
        bool afresh = wire->held_length == 0;
        ssize_t got = afresh ? fill_afresh(peer) : fill_on(peer);
        if (got == 0 || (got < 0 && wire->unread))
            end_within_head(peer);
        else if (got > 0 && !afresh && wire->state == HTTP_WIRE_HEAD)
            look_at_held(peer);
        if (!wire->unread)
            break;
    }
    return wire->state == HTTP_WIRE_GIVE || wire->state == HTTP_WIRE_OVER;
}

void http_wire_next(struct http_peer *peer)
{
    struct http_wire *wire = &peer->wire;
    if (wire->state != HTTP_WIRE_WAIT)
        return;
    wire->state = HTTP_WIRE_HEAD;
    wire->head = (struct http_head){.at = 0};
    peer->echo.id[0] = '\0';
}

bool http_wire_awaits(const struct http_peer *peer)
{
    enum http_wire_state state = peer->wire.state;
    return state == HTTP_WIRE_HEAD || state == HTTP_WIRE_BODY || state == HTTP_WIRE_REFUSED;
}

bool http_wire_has_more(const struct http_peer *peer)
{
    return peer->wire.unread || peer->wire.held_length > 0;
}

/* ---- what libmicrohttpd is given ------------------------------------------------------------ */

/* The head as libmicrohttpd is to see it. */
static size_t give_head(struct http_peer *peer, char *to, size_t size)
{
    struct http_wire *wire = &peer->wire;
    const struct http_head *head = &wire->head;
    /* A fixed path and Host: there is nothing in it that libmicrohttpd could misread. */
    char length[48] = "";
    if (head->has_length && head->content_length > 0)
        snprintf(length, sizeof length, "Content-Length: %llu\r\n",
            (unsigned long long)head->content_length);
    int given = snprintf(to, size, "%s / HTTP/1.%d\r\nHost: h\r\nConnection: %s\r\n%s%s%s\r\n",
        head->is_head ? "HEAD" : "POST", head->is_1_0 ? 0 : 1,
        head->keep_alive ? "keep-alive" : "close", length,
        head->chunked ? "Transfer-Encoding: chunked\r\n" : "",
        head->expects_continue ? "Expect: 100-continue\r\n" : "");
    co_ensure(given > 0 && (size_t)given < size && given <= GIVEN_MAX);
    /* Without a body the request ends here. */
    wire->state = wire->left > 0 || head->chunked ? HTTP_WIRE_BODY : HTTP_WIRE_WAIT;
    return (size_t)given;
}

/* As recv(2), from what is held or else from the socket. */
static ssize_t take_any(struct http_peer *peer, char *to, size_t size)
{
    struct http_wire *wire = &peer->wire;
    if (wire->held_length == 0)
        return take(peer, to, size);
    if (size > wire->held_length)
        size = wire->held_length;
    memcpy(to, wire->held + wire->held_from, size);
    return (ssize_t)size;
}

/* `used` of the bytes that take_any() gave are; false: no memory. */
static bool have_used(struct http_wire *wire, const char *bytes, size_t length, size_t used)
{
    if (wire->held_length == 0)
        return hold(wire, bytes + used, length - used);
    let_go(wire, used);
    return true;
}

/* Of the `length` bytes that came of a body, how many libmicrohttpd is to have. */
static size_t pass_body(struct http_peer *peer, char *bytes, size_t length)
{
    struct http_wire *wire = &peer->wire;
    size_t kept = length, used = length;
    /* Chunks stay chunks: libmicrohttpd takes them apart, and they are well-formed now. */
    if (!wire->head.chunked) {
        wire->left -= length;
    } else if (!http_chunks_pass(&wire->chunks, bytes, &kept, &used)) {
        http_wire_refuse_problem(peer, &problem_bad_request,
            "The body's chunks are malformed, or too much is said beside them.");
        return 0;
    }
    /* What came behind the body's end is the next request's. */
    if (!have_used(wire, bytes, length, used)) {
        http_wire_refuse_problem(peer, &problem_overloaded, NULL);
        return 0;
    }
    if (wire->head.chunked ? wire->chunks.state == HTTP_CHUNKS_OVER : wire->left == 0)
        wire->state = HTTP_WIRE_WAIT;
    return kept;
}

/* As much of the body as there is, and there is room for. */
static size_t give_body(struct http_peer *peer, char *to, size_t size)
{
    struct http_wire *wire = &peer->wire;
    size_t given = 0;
    while (given < size && wire->state == HTTP_WIRE_BODY) {
        size_t wanted = size - given;
        /* Never a byte beyond the body: libmicrohttpd would take it for a head. */
        if (!wire->head.chunked && wanted > wire->left)
            wanted = (size_t)wire->left;
        ssize_t got = take_any(peer, to + given, wanted);
        if (got > 0) {
            given += pass_body(peer, to + given, (size_t)got);
        } else if (got == 0 || wire->unread) { /* the end, or an error */
            http_wire_refuse_problem(
                peer, &problem_bad_request, "The connection ended before the body did.");
            wire->state = HTTP_WIRE_OVER;
        }
        if (!http_wire_has_more(peer))
            break;
    }
    return given;
}

static ssize_t nothing(void)
{
    errno = EAGAIN;
    return -1;
}

ssize_t http_wire_give(struct http_peer *peer, char *to, size_t size)
{
    struct http_wire *wire = &peer->wire;
    size_t given = 0;
    if (wire->state == HTTP_WIRE_HEAD) {
        wire->unread = true; /* libmicrohttpd may have been told of it first */
        if (!http_wire_fill(peer))
            return nothing();
    }
    if (wire->state == HTTP_WIRE_GIVE)
        given = give_head(peer, to, size);
    /* Head and first bytes in one go, so a short request is one step. */
    if (wire->state == HTTP_WIRE_BODY)
        given += give_body(peer, to + given, size - given);
    if (wire->state == HTTP_WIRE_OVER)
        return 0;
    return given > 0 && wire->state != HTTP_WIRE_REFUSED ? (ssize_t)given : nothing();
}

/* ---- refusals ------------------------------------------------------------------------------- */

ssize_t http_wire_send(struct http_peer *peer, const struct msghdr *message, int flags)
{
    /* sendmsg() would come back here: http_calls.c. */
    if (!peer->wire.tls)
        return syscall(SYS_sendmsg, peer->fd, message, flags);
    return tls_send(peer->wire.tls, message->msg_iov, message->msg_iovlen);
}

void http_wire_refuse(struct http_peer *peer, const struct response *response)
{
    char head[HTTP_RESPONSE_HEAD];
    size_t length = (size_t)snprintf(head, sizeof head, "HTTP/1.1 %d %s\r\nContent-Length: %zu\r\n",
        response->status, MHD_get_reason_phrase_for((unsigned)response->status), response->length);
    length += http_response_lines(peer->worker, response, head + length, sizeof head - length);
    /* Head and body in one call, past libmicrohttpd, which has not begun to answer. */
    struct iovec parts[] = {{head, length},
        {http_response_body(response), peer->wire.head.is_head ? 0 : response->length}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    bool sent = http_wire_send(peer, &message, MSG_NOSIGNAL | MSG_DONTWAIT) > 0;
    if (peer->wire.tls)
        tls_say_end(peer->wire.tls);
    /* The client sees the answer's end; its own side stays open, lest a reset overtake the
     * answer. */
    (void)shutdown(peer->fd, SHUT_WR);
    http_response_count(peer->worker, peer->exchange ? &peer->exchange->request : NULL, response,
        sent ? parts[1].iov_len : 0);
    /* Not before the answer is sent and counted: it may stand in the exchange's memory. */
    peer->worker->lose(peer);
    drop_held(&peer->wire);
    peer->wire.state = sent ? HTTP_WIRE_REFUSED : HTTP_WIRE_OVER;
    http_peer_enter(peer, HTTP_LINGERING);
    if (sent)
        http_linger_begin(peer);
}

void http_wire_refuse_problem(
    struct http_peer *peer, const struct problem *problem, const char *detail)
{
    /* On the stack: this is what is said when memory is short. */
    char memory[1024];
    struct request request = {.body = NULL};
    bool has_begun = peer->phase == HTTP_HEADERS || peer->phase == HTTP_BODY;
    struct response response = {.began_ns = has_begun ? peer->since_ns : 0, .echo = &peer->echo};
    /* Nothing has come that has an id. */
    if (!peer->echo.id[0])
        http_peer_look(peer, NULL, NULL);
    arena_init(&request.arena, memory, sizeof memory);
    problem_answer(&request, &response, problem, detail);
    http_wire_refuse(peer, &response);
    arena_clear(&request.arena);
}
