/* SPDX-License-Identifier: MIT */
#include "tests/loadtest/suites.h"

#include <string.h>

#include "loadtest/response_head.h"

static bool parse(const char *head, struct response *response, int64_t *body_length)
{
    return response_read_head(head, strlen(head), response, body_length);
}

static void good_heads(void)
{
    struct response response;
    int64_t length;
    CU_ASSERT(parse("HTTP/1.1 201 Created\r\nContent-Length: 12\r\nledger-seq:77\r\n"
                    "IDEMPOTENCY-REPLAYED: true\r\nLocation:  /v1/x \r\n\r\n",
        &response, &length));
    CU_ASSERT_EQUAL(response.status, 201);
    CU_ASSERT_EQUAL(length, 12);
    CU_ASSERT_EQUAL(response.seq, 77);
    CU_ASSERT(response.replayed);
    CU_ASSERT_FALSE(response.closes);
    char value[8];
    CU_ASSERT(response_header(&response, "location", value, sizeof value));
    CU_ASSERT_STRING_EQUAL(value, "/v1/x");
    CU_ASSERT_FALSE(response_header(&response, "location", value, 5));
    CU_ASSERT_FALSE(response_header(&response, "locatio", value, sizeof value));

    CU_ASSERT(parse("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n", &response, &length));
    CU_ASSERT_EQUAL(length, 0);
    CU_ASSERT_EQUAL(response.seq, -1);
    CU_ASSERT(response.closes);

    CU_ASSERT(parse("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", &response, &length));
    CU_ASSERT(response.chunked);
    CU_ASSERT_EQUAL(length, -1);
}

static void bad_heads(void)
{
    static const char *const rows[] = {
        "HTTP/1.0 200 OK\r\n\r\n",
        "HTTP/1.1 99 Low\r\n\r\n",
        "HTTP/1.1 abc\r\nA: b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\nLedger-Seq: high\r\n\r\n",
    };
    struct response response;
    int64_t length;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        CU_ASSERT_FALSE(parse(rows[i], &response, &length));
}

const struct unit_suite response_suite = {"response", 1,
    (const struct unit_test[]){{"good_heads", good_heads}, {"bad_heads", bad_heads}, {0}}};
