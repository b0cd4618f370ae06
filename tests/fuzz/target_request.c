/* SPDX-License-Identifier: MIT */
/* A whole request, as text: its head, and what stands behind it as the body. */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_call.h"

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t length)
{
    struct fuzz_call call = {.bytes = NULL};
    char *bytes = malloc(length + 1);
    co_ensure(bytes);
    if (length)
        memcpy(bytes, input, length);
    if (http_head_scan(&call.head, bytes, length) == HTTP_HEAD_WHOLE) {
        call.bytes = bytes;
        call.body = bytes + call.head.size;
        call.body_length = length - call.head.size;
        if (!call.head.chunked && call.body_length > call.head.content_length)
            call.body_length = call.head.content_length;
        fuzz_call(&call);
    }
    free(bytes);
    return 0;
}
