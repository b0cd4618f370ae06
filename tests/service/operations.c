/* SPDX-License-Identifier: MIT */
#include "tests/service/operations.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit.h"

enum { PATH = 200, LEAST = 40 };

bool operations_have(const struct operation *operation, const char *status)
{
    struct json_view responses = json_view_member(operation->described, "responses");
    return json_view_member(responses, status).at != NULL;
}

bool operations_are_of_servers(const struct operation *operation)
{
    return strstr(operation->path, "/arrivals") != NULL;
}

/* A path of the description, with something in its places. */
static void fill(struct json_view path, char to[PATH])
{
    size_t length = 0;
    for (size_t i = 0; i < path.length && length + 20 < PATH; i++) {
        const char *in = path.at + i;
        if (*in != '{') {
            to[length++] = *in;
            continue;
        }
        const char *what = strncmp(in, "{ledger}", 8) == 0    ? "main"
                           : strncmp(in, "{account}", 9) == 0 ? "no-1"
                                                              : "999999";
        length += (size_t)snprintf(to + length, PATH - length, "%s", what);
        while (path.at[i] != '}')
            i++;
    }
    to[length] = '\0';
}

/* Also where one may ask only now and then; to be freed. */
static char *read_description(struct visit *visit, size_t *length)
{
    int tries = 100;
    do
        visit_get(visit, "/openapi.json");
    while (visit->response.status == 429 && --tries > 0);
    EXPECT_STATUS(visit, 200);
    *length = visit->response.body_length;
    char *copy = malloc(*length);
    CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
    memcpy(copy, visit->response.body, *length);
    return copy;
}

void operations_walk(
    struct visit *visit, void (*fn)(const struct operation *operation, void *arg), void *arg)
{
    static const char *const methods[][2] = {
        {"get", "GET"}, {"post", "POST"}, {"delete", "DELETE"}};
    size_t length, count = 0;
    char *document = read_description(visit, &length), path[PATH];
    struct json_view_walk paths = {
        .rest = json_view_member(json_view_read(document, length), "paths")};
    struct json_view name, item;
    while (json_view_next_member(&paths, &name, &item))
        for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
            const struct operation operation = {
                json_view_member(item, methods[i][0]), methods[i][1], path};
            fill(name, path);
            if (operation.described.at)
                fn(&operation, arg);
            count += operation.described.at != NULL;
        }
    CU_ASSERT(count > LEAST);
    free(document);
}
