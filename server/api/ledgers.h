/* SPDX-License-Identifier: MIT */
/* Answers about ledgers: make, read, list. */
#ifndef SERVER_API_LEDGERS_H
#define SERVER_API_LEDGERS_H

#include "ledger/ledger_figures.h"

struct ledger;
struct call;

void ledgers_post(struct call *call);
void ledgers_get(struct call *call);
void ledgers_list(struct call *call);

/* 200 with the call's ledger as it is. */
void ledgers_answer(struct call *call);

const char *ledgers_state_name(enum ledger_state state); /* "running" */

#endif
