/* SPDX-License-Identifier: MIT */
/* Whom proxies speak for, when they are honest, when their client is not, and when it is both. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/http/http_client.h"
#include "server/http/forwarded.h"
#include "tests/server/suites.h"

enum { HEAD = 30000 };

/* What was found, as text: "-" nothing, "?" unclear, or the address; and "s" if it is secret. */
static void read_lines(const char *lines, char found[ADDRESS_TEXT + 8])
{
    static char bytes[HEAD];
    struct http_head head = {.at = 0};
    struct forwarded forwarded;
    struct address_ranges proxies;
    CU_ASSERT(address_ranges_read(&proxies, "10.0.0.0/8,127.0.0.1,fd00::/8"));
    int length = snprintf(bytes, sizeof bytes, "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n", lines);
    CU_ASSERT_EQUAL_FATAL(http_head_scan(&head, bytes, (size_t)length), HTTP_HEAD_WHOLE);
    forwarded_read(&forwarded, &proxies, &head, bytes);
    char text[ADDRESS_TEXT] = "?";
    if (forwarded.said == FORWARDED_CLIENT)
        address_write(forwarded.client, text);
    snprintf(found, ADDRESS_TEXT + 8, "%s%s", forwarded.said == FORWARDED_NOTHING ? "-" : text,
        forwarded.is_secret ? " s" : "");
}

#define XFF(text) "X-Forwarded-For: " text "\r\n"
#define XFP(text) "X-Forwarded-Proto: " text "\r\n"
#define FWD(text) "Forwarded: " text "\r\n"

static const struct {
    const char *lines, *found;
} lists[] = {
    {"", "-"},
    /* An address, in each of its forms. */
    {XFF("192.0.2.1"), "192.0.2.1"},
    {XFF("192.0.2.1:4711"), "192.0.2.1"},
    {XFF("2001:db8::1"), "2001:db8::1"},
    {XFF("[2001:db8::1]"), "2001:db8::1"},
    {XFF("[2001:DB8::1]:443"), "2001:db8::1"},
    {XFF("::ffff:192.0.2.1"), "192.0.2.1"},
    {FWD("for=192.0.2.1"), "192.0.2.1"},
    {FWD("For=\"192.0.2.1:80\""), "192.0.2.1"},
    {FWD("for=192.0.2.1:80"), "192.0.2.1"},
    {FWD("for=\"[2001:db8::1]\""), "2001:db8::1"},
    {FWD("for=\"[2001:db8::1]:4711\""), "2001:db8::1"},
    {FWD("for=\"[2001:db8::1]:_gazonk\""), "2001:db8::1"},
    {FWD("by=10.0.0.1; for=192.0.2.1;proto=http ;host=\"a;b,for=192.0.2.9\""), "192.0.2.1"},
    {FWD("by=10.0.0.1;for=192.0.2.1;"), "192.0.2.1"},
    /* Chains: the last that is not ours; if all are, the first. */
    {XFF("192.0.2.9, 192.0.2.1"), "192.0.2.1"},
    {XFF("192.0.2.9,192.0.2.1 , 10.1.2.3,fd00::7"), "192.0.2.1"},
    {XFF("10.9.9.9, 10.0.0.1"), "10.9.9.9"},
    {XFF("192.0.2.9") XFF("192.0.2.1, 10.0.0.1") XFF("127.0.0.1"), "192.0.2.1"},
    {XFF(",192.0.2.1,, 10.0.0.1,"), "192.0.2.1"},
    {FWD("for=192.0.2.9, for=192.0.2.1;proto=https, for=10.0.0.1;proto=http"), "192.0.2.1 s"},
    {FWD("for=192.0.2.1;proto=http, for=10.0.0.1;proto=https"), "192.0.2.1"},
    {FWD("for=10.0.0.2, for=\"[fd00::1]\""), "10.0.0.2"},
    {FWD("for=192.0.2.9") FWD("for=192.0.2.1"), "192.0.2.1"},
    {FWD(", for=192.0.2.1, ,for=10.0.0.1,"), "192.0.2.1"},
    /* Hidden ones, and what is no address: nobody, until an address comes behind it. */
    {FWD("for=unknown"), "?"},
    {FWD("for=_hidden"), "?"},
    {FWD("for=\"_SEVKISEK\", for=10.0.0.1"), "?"},
    {FWD("for=192.0.2.9, for=unknown, for=10.0.0.1"), "?"},
    {FWD("for=unknown, for=192.0.2.1"), "192.0.2.1"},
    {FWD("by=10.0.0.1"), "?"},
    {FWD("proto=https"), "? s"},
    {XFF("unknown"), "?"},
    {XFF("somebody, 10.0.0.1"), "?"},
    {XFF("192.0.2.1.5"), "?"},
    {XFF("192.0.2.256"), "?"},
    {XFF("[192.0.2.1]"), "?"},
    {XFF("[2001:db8::1"), "?"},
    {XFF("[2001:db8::1]443"), "?"},
    {XFF("192.0.2.1:"), "?"},
    {XFF("192.0.2.1:port"), "?"},
    {XFF("192.0.2.1:123456"), "?"},
    {XFF("fe80::1%eth0"), "?"},
    {XFF("192.0.2.1/32"), "?"},
    {XFF("garbage, 192.0.2.1"), "192.0.2.1"},
    /* What cannot be read hides what comes behind it in its line, and no other line. */
    {FWD("for=\"192.0.2.9, for=192.0.2.1"), "?"},
    {FWD("for=\"192.0.2.9\\"), "?"},
    {FWD("for=\"") FWD("for=192.0.2.1"), "192.0.2.1"},
    {FWD("for"), "?"},
    {FWD("=192.0.2.1"), "?"},
    {FWD("for=192.0.2.1;for=192.0.2.9"), "?"},
    {FWD("for=\"192.0.2.1\"x"), "?"},
    {FWD("for=192.0.2.1 \"x\""), "?"},
    /* Both headers: only what they agree on. */
    {FWD("for=192.0.2.1;proto=https") XFF("192.0.2.1"), "192.0.2.1 s"},
    {FWD("for=192.0.2.9") XFF("192.0.2.1"), "?"},
    {FWD("for=192.0.2.1") XFF("unknown"), "?"},
    {FWD("for=_a") XFF("unknown"), "?"},
    /* How the client came. */
    {XFF("192.0.2.1") XFP("https"), "192.0.2.1 s"},
    {XFF("192.0.2.1") XFP("HTTPS"), "192.0.2.1 s"},
    {XFF("192.0.2.1") XFP("https, http"), "192.0.2.1"},
    {XFF("192.0.2.1") XFP("http,https"), "192.0.2.1 s"},
    {XFP("https"), "- s"},
    {XFP("httpss"), "-"},
};

static void test_whom_they_speak_for(void)
{
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        char found[ADDRESS_TEXT + 8];
        read_lines(lists[i].lines, found);
        if (strcmp(found, lists[i].found) != 0) {
            printf("\n    %s    found %s, not %s ", lists[i].lines, found, lists[i].found);
            CU_FAIL("read otherwise");
        }
    }
}

/* Whatever stands there, it is read to its end and no further, and nothing else comes of it: the
 * bytes stand at the end of their memory, which the sanitizer guards. */
static void test_anything(void)
{
    static const char letters[] = "\"\\,;= for.:[]_1aF%\t";
    struct address_ranges proxies;
    uint32_t state = 1;
    CU_ASSERT(address_ranges_read(&proxies, "10.0.0.0/8"));
    for (int round = 0; round < 20000; round++) {
        char *bytes = malloc(64);
        struct http_head head = {.known_count = 1};
        struct forwarded forwarded;
        co_ensure(bytes);
        for (int i = 0; i < 64; i++) {
            state = state * 1103515245 + 12345;
            bytes[i] = letters[(state >> 16) % (sizeof letters - 1)];
        }
        uint32_t from = state % 64;
        head.known[0] = (struct http_head_line){
            round % 2 ? HTTP_FIELD_FORWARDED : HTTP_FIELD_X_FORWARDED_FOR, {from, 64 - from}};
        forwarded_read(&forwarded, &proxies, &head, bytes);
        CU_ASSERT(forwarded.said <= FORWARDED_CLIENT);
        free(bytes);
    }
}

/* Who is limited: nobody that is trusted, no proxy for itself, all that one hides. */
static void test_who_is_limited(void)
{
    static const struct {
        const char *from, *lines;
        bool limited;
        const char *client;
    } rows[] = {
        {"192.0.2.7", "", true, "192.0.2.7"},
        {"192.0.2.7", XFF("192.0.2.1"), true, "192.0.2.7"},
        {"127.0.0.1", XFF("192.0.2.1"), false, "127.0.0.1"},
        {"10.0.0.1", "", false, "10.0.0.1"},
        {"10.0.0.1", XFF("192.0.2.1"), true, "192.0.2.1"},
        {"10.0.0.1", XFF("127.0.0.1"), false, "127.0.0.1"},
        {"10.0.0.1", XFF("10.0.0.2"), false, "10.0.0.2"},
        {"10.0.0.1", XFF("unknown"), true, "10.0.0.1"},
        {"10.0.0.1", FWD("for=\""), true, "10.0.0.1"},
    };
    struct http_client_rules rules;
    CU_ASSERT(address_ranges_read(&rules.trusted, "127.0.0.0/8"));
    CU_ASSERT(address_ranges_read(&rules.proxies, "10.0.0.0/8"));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char bytes[400], text[ADDRESS_TEXT];
        struct http_head head = {.at = 0};
        struct http_client peer, client;
        struct sockaddr_in from = {.sin_family = AF_INET};
        CU_ASSERT_EQUAL(inet_pton(AF_INET, rows[i].from, &from.sin_addr), 1);
        int length =
            snprintf(bytes, sizeof bytes, "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n", rows[i].lines);
        CU_ASSERT_EQUAL(http_head_scan(&head, bytes, (size_t)length), HTTP_HEAD_WHOLE);
        http_client_of_peer(&peer, &rules, (const struct sockaddr *)&from);
        http_client_of_head(&client, &peer, &rules, &head, bytes);
        address_write(client.address, text);
        CU_ASSERT_STRING_EQUAL(text, rows[i].client);
        CU_ASSERT_EQUAL(client.is_limited, rows[i].limited);
        /* Before anything has come it is the other side of the connection. */
        http_client_of_head(&client, &peer, &rules, NULL, NULL);
        CU_ASSERT_EQUAL(client.is_limited, peer.is_limited);
    }
    struct http_client nobody;
    http_client_of_peer(&nobody, &rules, NULL);
    CU_ASSERT_FALSE(nobody.is_known || nobody.is_limited);
}

const struct unit_suite forwarded_suite = {"forwarded", 1,
    (const struct unit_test[]){{"whom_they_speak_for", test_whom_they_speak_for},
        {"anything", test_anything}, {"who_is_limited", test_who_is_limited}, {0}}};
