/* SPDX-License-Identifier: MIT */
/* Ledgers that are opened when they are used, and closed when nobody uses them (README.md): for the
 * files of the bank only. */
#ifndef LEDGER_BANK_BANK_REST_H
#define LEDGER_BANK_BANK_REST_H

#include "ledger/bank/bank_private.h"

/* Is it open for as long as it is this server's, whether it is used or not? */
bool bank_rest_never(struct bank_slot *slot);

/* It is at rest: would it be opened here, if somebody asked for it? */
bool bank_rest_would_open(struct bank_slot *slot);

/* It was at rest at a server that has gone, and is to be opened here: its keeper, if it has one,
 * takes it with the next look. */
bool bank_rest_comes(struct bank_slot *slot, const struct lease_row *row);

/* Have it opened, if it is at rest, and to be opened here. True: it is on its way, and to be waited
 * for. *given_up: of the first time that the same caller asked. */
CO_MUST_CHECK bool bank_rest_ask(struct bank_slot *slot, bool is_first, unsigned *given_up);

/* Have room for one more that is open. False: all are in use. Parks. */
CO_MUST_CHECK bool bank_rest_take_room(struct bank_slot *slot);
void bank_rest_give_room(struct bank_slot *slot); /* the slot may have none */

/* Close the open ledger if nobody uses it. False: it stays open. Parks. */
CO_MUST_CHECK bool bank_rest_close(struct bank_slot *slot);

/* It is not to be closed any more, as it has been, or is in use. */
void bank_rest_forget(struct bank_slot *slot);

/* The keeper has nothing to do: by the last look another server has the ledger, or takes it. */
bool bank_rest_is_others(struct bank_slot *slot, const struct lease_row *row);

/* The keeper ends. False: somebody asks for the ledger, so it goes on. */
CO_MUST_CHECK bool bank_rest_begin(struct bank_slot *slot);

/* Give keepers to those at rest whose time has come. */
void bank_rest_wake_due(struct bank *bank);

/* The work of `rest_duty`. */
void bank_rest_look(void *bank);

#endif
