/* SPDX-License-Identifier: MIT */
/* Answers from the journal: its pages, an account's statement, the live stream. */
#ifndef SERVER_API_JOURNAL_PAGES_H
#define SERVER_API_JOURNAL_PAGES_H

struct call;

void journal_list(struct call *call);
void journal_statement(struct call *call);
void journal_events(struct call *call);

#endif
