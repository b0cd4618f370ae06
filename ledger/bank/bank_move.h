/* SPDX-License-Identifier: MIT */
/* Which server has a ledger next, and how it is given: for the files of the bank only. */
#ifndef LEDGER_BANK_BANK_MOVE_H
#define LEDGER_BANK_BANK_MOVE_H

#include "ledger/bank/bank_private.h"

/* It is on its way from one server that lives to another, or is not any more. */
void bank_set_moves(struct bank_slot *slot, bool moves);

/* The servers that live, as of the last look, and are not leaving; `count` of them. For the caller
 * to free; NULL: memory is short, or there are none. */
struct lease_peer *bank_list_servers(struct bank *bank, size_t *count);

/* Does that server live? 0 never does. */
bool bank_has_server(struct bank *bank, uint64_t server);

/* The server that an open ledger shall go to now; 0: it stays. */
uint64_t bank_next_owner(struct bank_slot *slot);

/* Does any other server live that is not leaving? */
bool bank_has_others(struct bank *bank);

/* By the last look: is it for this server to take the ledger now? */
bool bank_may_take(struct bank_slot *slot);

/*
 * Give the open ledger to that server, when it is its turn: it is closed, and what is asked for
 * meanwhile waits. False: nothing was done, as things have changed while it waited, or the bank is
 * to be closed. Parks, as the next does.
 */
CO_MUST_CHECK bool bank_give(struct bank_slot *slot, uint64_t next);

/* It has ended, and is not given to anybody: close it. False: it is not to be opened again. */
CO_MUST_CHECK bool bank_vacate(struct bank_slot *slot);

/* The same of one that is this server's, and is not open: it could not be, or not yet. */
void bank_give_unopened(struct bank_slot *slot, uint64_t next);

/* It is on its way no more if that is what the row says, or it has taken too long; NULL: in any
 * case. Then it is another one's turn. */
void bank_give_settle(struct bank_slot *slot, const struct lease_row *row);

/* Whom it is left to for a while, if it is free; 0: nobody but this server. */
uint64_t bank_heir(struct bank_slot *slot, const struct lease_row *row);

#endif
