/* SPDX-License-Identifier: MIT */
#include "server/api/api.h"

void api_init(struct api *api)
{
    *api = (struct api){.outcomes = outcomes_make()};
    co_ensure(api->outcomes);
}

void api_free(struct api *api)
{
    audit_jobs_free(&api->audit_jobs);
    outcomes_free(&api->outcomes);
}
