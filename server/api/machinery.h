/* SPDX-License-Identifier: MIT */
/* What the machinery of a ledger is doing now: its strategy, its commits, and the coroutines. */
#ifndef SERVER_API_MACHINERY_H
#define SERVER_API_MACHINERY_H

struct call;

void machinery_get(struct call *call);

#endif
