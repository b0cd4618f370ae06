/* SPDX-License-Identifier: MIT */
/* Answers about ledgers: make, read, list. */
#ifndef SERVER_API_LEDGERS_H
#define SERVER_API_LEDGERS_H

#include "ledger/ledger_figures.h"

struct ledger;
struct request;
struct response;

void ledgers_post(struct request *request, struct response *response);
void ledgers_get(struct request *request, struct response *response);
void ledgers_list(struct request *request, struct response *response);

/* 200 with the ledger as it is. */
void ledgers_answer(struct request *request, struct response *response, struct ledger *ledger);

const char *ledgers_state_name(enum ledger_state state); /* "running" */

#endif
