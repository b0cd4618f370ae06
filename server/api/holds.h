/* SPDX-License-Identifier: MIT */
/* Answers about holds: place, capture, release, read. */
#ifndef SERVER_API_HOLDS_H
#define SERVER_API_HOLDS_H

struct call;

void holds_post(struct call *call);
void holds_capture(struct call *call);
void holds_release(struct call *call);
void holds_get(struct call *call);

#endif
