/* SPDX-License-Identifier: MIT */
/* Where the coroutines of the service wait: for an administrator, in a service that runs. */
#ifndef SERVER_API_COROUTINES_H
#define SERVER_API_COROUTINES_H

struct call;

void coroutines_get(struct call *call);

#endif
