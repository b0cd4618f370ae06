/* SPDX-License-Identifier: MIT */
/* The files that the program carries in itself: the pages and the OpenAPI document. */
#ifndef SERVER_API_FILES_H
#define SERVER_API_FILES_H

struct call;

void files_get(struct call *call); /* /NAME, and / for the dashboard */
void files_lab(struct call *call); /* /lab, the race lab */
void files_lab_file(
    struct call *call);             /* /lab/NAME: its modules, and its pages without an ending */
void files_docs(struct call *call); /* /docs, which is at /docs/ */
void files_docs_file(struct call *call); /* /docs/NAME: the documentation */
void files_openapi(struct call *call);

#endif
