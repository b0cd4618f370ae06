/* SPDX-License-Identifier: MIT */
/* Answers about holds: place, capture, release, read. */
#ifndef SERVER_API_HOLDS_H
#define SERVER_API_HOLDS_H

struct request;
struct response;

void holds_post(struct request *request, struct response *response);
void holds_capture(struct request *request, struct response *response);
void holds_release(struct request *request, struct response *response);
void holds_get(struct request *request, struct response *response);

#endif
