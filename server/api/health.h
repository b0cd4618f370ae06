/* SPDX-License-Identifier: MIT */
/* Answers about the service itself: is it alive, is it ready. */
#ifndef SERVER_API_HEALTH_H
#define SERVER_API_HEALTH_H

struct call;

void health_live(struct call *call);
void health_ready(struct call *call);

#endif
