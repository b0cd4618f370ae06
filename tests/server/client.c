/* SPDX-License-Identifier: MIT */
#include "tests/server/client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "coro/clock.h"
#include "coro/poller.h"

static const int64_t patience_ns = 20 * CO_CLOCK_S;

static bool await(struct client *client, unsigned events)
{
    struct co_context *patience = co_context_with_timeout(co_context_background(), patience_ns);
    co_ensure(patience);
    bool ready = co_poller_wait(patience, client->fd, events) == CO_POLLER_READY;
    co_context_release(&patience);
    return ready;
}

bool client_open(struct client *client, int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
        .sin_port = htons((in_port_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    client->have = 0;
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (client->fd < 0)
        return false;
    if (connect(client->fd, (struct sockaddr *)&address, sizeof address) == 0)
        return true;
    int error = errno;
    socklen_t size = sizeof error;
    if (error == EINPROGRESS && await(client, CO_POLLER_WRITE) &&
        getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0)
        return true;
    client_close(client);
    return false;
}

void client_close(struct client *client)
{
    if (client->fd >= 0) {
        co_poller_forget(client->fd);
        close(client->fd);
    }
    client->fd = -1;
}

bool client_send(struct client *client, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(client->fd, bytes, length, MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN && await(client, CO_POLLER_WRITE))
            continue;
        if (sent <= 0)
            return false;
        bytes += sent;
        length -= (size_t)sent;
    }
    return true;
}

/* More bytes after those that are there. False: the connection ended, or the buffer is full. */
static bool fill(struct client *client)
{
    size_t room = sizeof client->bytes - 1 - client->have;
    while (room > 0) {
        ssize_t got = recv(client->fd, client->bytes + client->have, room, 0);
        if (got < 0 && errno == EAGAIN && await(client, CO_POLLER_READ))
            continue;
        if (got <= 0)
            return false;
        client->have += (size_t)got;
        client->bytes[client->have] = '\0';
        return true;
    }
    return false;
}

static void drop(struct client *client, size_t count)
{
    client->have -= count;
    memmove(client->bytes, client->bytes + count, client->have);
    client->bytes[client->have] = '\0';
}

size_t client_read_some(struct client *client)
{
    client->have = 0;
    return fill(client) ? client->have : 0;
}

bool client_read_until(struct client *client, const char *text)
{
    for (;;) {
        client->bytes[client->have] = '\0';
        char *at = strstr(client->bytes, text);
        if (at) {
            drop(client, (size_t)(at - client->bytes) + strlen(text));
            return true;
        }
        if (client->have == sizeof client->bytes - 1)
            drop(client, client->have - strlen(text));
        if (!fill(client))
            return false;
    }
}

void answer_clear(struct answer *answer)
{
    answer->status = 0;
    answer->length = 0;
    answer->headers[0] = answer->body[0] = '\0';
}

void client_read(struct client *client, bool headers_only, struct answer *answer)
{
    char value[256], *end;
    answer_clear(answer);
    client->bytes[client->have] = '\0';
    while (!(end = strstr(client->bytes, "\r\n\r\n")))
        if (!fill(client))
            return;
    size_t length = (size_t)(end - client->bytes) + 4;
    snprintf(answer->headers, sizeof answer->headers, "%.*s", (int)length, client->bytes);
    drop(client, length);
    int status = (int)strtol(answer->headers + 9, NULL, 10);
    answer->length =
        headers_only ? 0 : strtoul(answer_header(answer, "Content-Length", value), NULL, 10);
    while (client->have < answer->length)
        if (!fill(client))
            return;
    memcpy(answer->body, client->bytes, answer->length);
    answer->body[answer->length] = '\0';
    drop(client, answer->length);
    answer->status = status;
}

void client_call(struct client *client, const char *method, const char *path, const char *headers,
    const char *body, struct answer *answer)
{
    size_t size = strlen(path) + strlen(headers) + (body ? strlen(body) : 0) + 200;
    char *text = malloc(size), length[60] = "";
    co_ensure(text);
    if (body)
        snprintf(length, sizeof length, "Content-Length: %zu\r\n", strlen(body));
    int used = snprintf(text, size, "%s %s HTTP/1.1\r\nHost: localhost\r\n%s%s\r\n%s", method, path,
        headers, length, body ? body : "");
    answer_clear(answer);
    if (client_send(client, text, (size_t)used))
        client_read(client, strcmp(method, "HEAD") == 0, answer);
    free(text);
}

const char *answer_header(const struct answer *answer, const char *name, char value[256])
{
    size_t length = strlen(name);
    value[0] = '\0';
    for (const char *line = answer->headers; (line = strstr(line, "\r\n"));) {
        line += 2;
        if (strncasecmp(line, name, length) == 0 && line[length] == ':') {
            line += length + 1 + strspn(line + length + 1, " ");
            snprintf(value, 256, "%.*s", (int)strcspn(line, "\r"), line);
        }
    }
    return value;
}
