/* SPDX-License-Identifier: MIT */
/* The files that the program carries in itself: the dashboard and the OpenAPI document. */
#ifndef SERVER_API_FILES_H
#define SERVER_API_FILES_H

struct call;

void files_get(struct call *call);
void files_openapi(struct call *call);

#endif
