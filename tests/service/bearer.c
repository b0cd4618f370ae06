/* SPDX-License-Identifier: MIT */
#include "tests/service/bearer.h"

#include "tests/unit.h"

void bearer_read(struct bearer *bearer, struct visit *visit)
{
    CU_ASSERT_FATAL(json_view_integer(json_view_member(visit->body, "id"), &bearer->id));
    CU_ASSERT_FATAL(json_view_copy(
        json_view_member(visit->body, "token"), bearer->token, sizeof bearer->token));
}

struct service bearer_service(const struct service *service, const char *token)
{
    struct service other = *service;
    co_ensure(target_make(service->url, token, &other.target) == NULL);
    return other;
}

int bearer_status(const struct service *service, const char *token, const struct request *request)
{
    struct service other = bearer_service(service, token);
    struct visit visit;
    visit_begin(&visit, &other);
    visit_call(&visit, request);
    int status = visit.response.status;
    visit_end(&visit);
    return status;
}
