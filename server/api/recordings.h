/* SPDX-License-Identifier: MIT */
/* The flight recorder of the service, for an administrator: records for a while, and answers. */
#ifndef SERVER_API_RECORDINGS_H
#define SERVER_API_RECORDINGS_H

struct call;

void recordings_get(struct call *call);

#endif
