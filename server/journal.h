/* SPDX-License-Identifier: MIT */
/* Answers from the journal: its pages, an account's statement, the live stream, the audit. */
#ifndef SERVER_JOURNAL_H
#define SERVER_JOURNAL_H

struct api;
struct request;
struct response;

void journal_list(struct api *api, struct request *request, struct response *response);
void journal_statement(struct api *api, struct request *request, struct response *response);
void journal_events(struct api *api, struct request *request, struct response *response);
void journal_audit(struct api *api, struct request *request, struct response *response);

#endif
