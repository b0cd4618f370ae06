/* SPDX-License-Identifier: MIT */
/* Answers in gzip: those that are large, change, and hold no secret. */
#ifndef SERVER_API_PACKING_H
#define SERVER_API_PACKING_H

#include "server/api/call.h"

/* The body of the answer, which is whole, is sent in gzip if the client takes that and it becomes
 * shorter. Never parks. */
void packing_apply(struct call *call);

#endif
