/* SPDX-License-Identifier: MIT */
/* The files that the program carries in itself: the dashboard and the OpenAPI document. */
#ifndef SERVER_API_FILES_H
#define SERVER_API_FILES_H

struct request;
struct response;

void files_get(struct request *request, struct response *response);
void files_openapi(struct request *request, struct response *response);

#endif
