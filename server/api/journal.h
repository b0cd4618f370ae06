/* SPDX-License-Identifier: MIT */
/* Answers from the journal: its pages, an account's statement, the live stream. */
#ifndef SERVER_API_JOURNAL_H
#define SERVER_API_JOURNAL_H

struct request;
struct response;

void journal_list(struct request *request, struct response *response);
void journal_statement(struct request *request, struct response *response);
void journal_events(struct request *request, struct response *response);

#endif
