/* SPDX-License-Identifier: MIT */
/* Reads what the service adds to HTTP. See response_head.h. */
#include "loadtest/response_head.h"

#include <strings.h>

/* What a field means for us. */
static bool apply(const struct co_http_field *field, struct response *response)
{
    /* By the first letter: most fields of an answer are not looked at further. */
    switch (field->name[0] | 0x20) {
    case 'i':
        if (co_http_field_is(field, "idempotency-replayed"))
            response->replayed =
                field->value_length == 4 && strncasecmp(field->value, "true", 4) == 0;
        return true;
    case 'l':
        return !co_http_field_is(field, "ledger-seq") ||
               co_http_field_number(field, &response->seq);
    default:
        return true;
    }
}

bool response_read_head(const struct co_http_head *head, struct response *response)
{
    struct co_http_field field;
    *response = (struct response){
        .status = head->status, .chunked = head->chunked, .seq = -1, .head = *head};
    for (const char *at = NULL; co_http_head_next(head, &at, &field);)
        if (!apply(&field, response))
            return false;
    return true;
}

bool response_header(const struct response *response, const char *name, char *value, size_t size)
{
    return co_http_head_find(&response->head, name, value, size);
}
