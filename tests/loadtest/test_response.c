/* SPDX-License-Identifier: MIT */
#include "tests/loadtest/suites.h"

#include <string.h>

#include "loadtest/response_head.h"

static bool parse(const char *text, struct response *response)
{
    struct co_http_head head;
    return co_http_head_read(text, strlen(text), &head) && response_read_head(&head, response);
}

static void good_heads(void)
{
    struct response response;
    CU_ASSERT(parse("HTTP/1.1 201 Created\r\nContent-Length: 12\r\nledger-seq:77\r\n"
                    "IDEMPOTENCY-REPLAYED: true\r\nLocation:  /v1/x \r\n\r\n",
        &response));
    CU_ASSERT_EQUAL(response.status, 201);
    CU_ASSERT_EQUAL(response.seq, 77);
    CU_ASSERT(response.replayed);
    CU_ASSERT_FALSE(response.chunked);
    char value[8];
    CU_ASSERT(response_header(&response, "location", value, sizeof value));
    CU_ASSERT_STRING_EQUAL(value, "/v1/x");

    CU_ASSERT(parse("HTTP/1.1 204 No Content\r\nIdempotency-Replayed: no\r\n\r\n", &response));
    CU_ASSERT_EQUAL(response.seq, -1);
    CU_ASSERT_FALSE(response.replayed);

    CU_ASSERT(parse("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", &response));
    CU_ASSERT(response.chunked);
}

static void bad_heads(void)
{
    struct response response;
    CU_ASSERT_FALSE(parse("HTTP/1.1 200 OK\r\nLedger-Seq: high\r\n\r\n", &response));
    CU_ASSERT_FALSE(parse("HTTP/1.1 200 OK\r\nLedger-Seq:\r\n\r\n", &response));
}

const struct unit_suite response_suite = {"response", 1,
    (const struct unit_test[]){{"good_heads", good_heads}, {"bad_heads", bad_heads}, {0}}};
