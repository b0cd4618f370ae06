/* SPDX-License-Identifier: MIT */
/* What pages of others have a browser send: nothing of it may move money. */
#include "tests/service/suites.h"

#include <stdio.h>
#include <string.h>

#include "tests/service/visit.h"

static const char local[] = "127.0.0.1"; /* as a Host: with the port of the service */

struct sender {
    const char *host; /* NULL: that of the service */
    const char *headers;
    int without_tokens, with_tokens; /* the status that it gets */
};

static const struct sender senders[] = {
    /* Programs that are not browsers, and the service's own page. */
    {NULL, "", 201, 201},
    {"localhost:1", "", 201, 201},
    {"LOCALHOST", "", 201, 201},
    {"[::1]:8080", "", 201, 201},
    {NULL, "Sec-Fetch-Site: same-origin\r\nOrigin: http://%s\r\n", 201, 201},
    {NULL, "Sec-Fetch-Site: none\r\n", 201, 201},
    {NULL, "Origin: http://%s\r\n", 201, 201},
    /* Behind a proxy that says another Host, and speaks TLS. */
    {NULL, "Sec-Fetch-Site: same-origin\r\nOrigin: https://bank.example\r\n", 201, 201},
    /* Pages from elsewhere. */
    {NULL, "Sec-Fetch-Site: cross-site\r\nOrigin: https://evil.example\r\n", 403, 403},
    {NULL, "Sec-Fetch-Site: cross-site\r\n", 403, 403},
    {NULL, "Sec-Fetch-Site: same-site\r\nOrigin: http://localhost:3000\r\n", 403, 403},
    {NULL, "Sec-Fetch-Site: cross-site\r\nOrigin: http://%s\r\n", 403, 403},
    {NULL, "Sec-Fetch-Site: \r\n", 403, 403},
    {NULL, "Origin: https://evil.example\r\n", 403, 201},
    {NULL, "Origin: http://%s.evil.example\r\n", 403, 201},
    {NULL, "Origin: null\r\n", 403, 201},
    {NULL, "Origin: http://localhost:3000\r\n", 403, 201},
    /* A name that was pointed here. */
    {"evil.example", "", 403, 201},
    {"evil.example", "Sec-Fetch-Site: same-origin\r\nOrigin: http://evil.example\r\n", 403, 201},
    {"localhost.evil.example:8080", "", 403, 201},
    {"127.0.0.1.evil.example", "", 403, 201},
};

/* A deposit of 1 (or a GET) with those headers, on a connection of its own. */
static int send_deposit(struct visit *visit, const struct service *service,
    const struct sender *sender, const char *method, const char *path)
{
    char own[40], lines[300], text[1000];
    snprintf(own, sizeof own, "%s:%d", local, service->port);
    const char *mark = strstr(sender->headers, "%s");
    size_t before = mark ? (size_t)(mark - sender->headers) : strlen(sender->headers);
    snprintf(lines, sizeof lines, "%.*s%s%s", (int)before, sender->headers, mark ? own : "",
        mark ? mark + 2 : "");
    int length = snprintf(text, sizeof text,
        "%s %s HTTP/1.1\r\nHost: %s\r\n%s"
        "Authorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: "
        "%d\r\n\r\n%s",
        method, path, sender->host ? sender->host : own, lines,
        service->target.token[0] ? service->target.token : "none", *method == 'P' ? 12 : 0,
        *method == 'P' ? "{\"amount\":1}" : "");
    client_close(visit->client);
    CU_ASSERT_FATAL(length > 0 && (size_t)length < sizeof text);
    CU_ASSERT_EQUAL_FATAL(client_connect(visit->client), CLIENT_ANSWERED);
    CU_ASSERT_EQUAL_FATAL(client_send_bytes(visit->client, text, (size_t)length), CLIENT_ANSWERED);
    visit->got = client_receive(visit->client, &visit->response);
    return visit->got == CLIENT_ANSWERED ? visit->response.status : 0;
}

static void check_senders(const struct service *service, bool tokens)
{
    struct visit visit;
    visit_begin(&visit, service);
    CU_ASSERT(visit_fund(&visit, "origin", 1));
    int64_t wanted = 1;
    for (size_t i = 0; i < sizeof senders / sizeof senders[0]; i++) {
        const struct sender *sender = &senders[i];
        int status = tokens ? sender->with_tokens : sender->without_tokens;
        int got = send_deposit(
            &visit, service, sender, "POST", "/v1/ledgers/main/accounts/origin/deposit");
        if (got != status)
            printf("\n    Host: %s, %s -> %d ", sender->host ? sender->host : "own",
                sender->headers, got);
        CU_ASSERT_EQUAL(got, status);
        wanted += got == 201;
        CU_ASSERT(visit_balance_is(&visit, "origin", wanted));
    }
    visit_end(&visit);
}

static void with_tokens(void)
{
    const struct service *service = service_shared("owner");
    CU_ASSERT_PTR_NOT_NULL_FATAL(service);
    check_senders(service, true);
}

/* Without tokens every browser on the machine could move money, for any page that it shows. */
static void without_tokens(void)
{
    static const struct sender evil = {"evil.example", "", 0, 0};
    struct service service;
    struct visit visit;
    CU_ASSERT_FATAL(service_make(&service, "owner", (const char *const[]){"--auth", "off", NULL}));
    check_senders(&service, false);
    visit_begin(&visit, &service);
    CU_ASSERT_EQUAL(send_deposit(&visit, &service, &evil, "GET", "/v1/ledgers/main/journal"), 403);
    CU_ASSERT_EQUAL(send_deposit(&visit, &service, &evil, "GET", "/metrics"), 403);
    CU_ASSERT_EQUAL(send_deposit(&visit, &service, &evil, "GET", "/"), 403);
    CU_ASSERT_EQUAL(send_deposit(&visit, &service, &evil, "GET", "/livez"), 200);
    CU_ASSERT_EQUAL(send_deposit(&visit, &service, &evil, "GET", "/readyz"), 200);
    visit_end(&visit);
    service_remove(&service);
}

const struct unit_suite origin_suite = {"origin", 2,
    (const struct unit_test[]){
        {"with_tokens", with_tokens}, {"without_tokens", without_tokens}, {0}}};
