/* SPDX-License-Identifier: MIT */
/* The body of POST /v1/lab/runs, held against what there is to run. */
#ifndef SERVER_API_LAB_REQUEST_H
#define SERVER_API_LAB_REQUEST_H

#include "server/api/call.h"
#include "server/lab/lab_runs.h"

/* Read it. False: the refusal is recorded. The order's texts live as long as the request. Parks. */
CO_MUST_CHECK bool lab_request_read(
    struct call *call, const struct lab_catalogue *catalogue, struct lab_order *order);

#endif
