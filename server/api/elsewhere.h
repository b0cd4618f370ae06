/* SPDX-License-Identifier: MIT */
/*
 * Calls of a ledger that another server has: they are passed on to it (server/forward), and it is
 * decided what is to be told, or tried again, when that does not work:
 *
 * - It does not have the ledger any more, which it says (421): nothing was done, so the map is
 *   looked at again, and whoever has it by a newer look is asked; one that is on its way is waited
 *   for. If nobody has it: 503.
 * - It could not be reached: the same, as it may have stopped, and handed over what it had. While
 *   it beats it may be about to: it is dialled for two seconds.
 * - It has begun there, and goes on where the ledger is opened next, which it says too (504 with
 *   Teller-Moved): the same, but what cannot be asked for is not known then.
 * - It was sent, and no whole answer came: what only reads is asked of whoever has the ledger now,
 *   two times more at most, unless that one is silent; of all else the outcome is not known, 504,
 *   and its key settles that.
 * All of that lasts no longer than the owner may take itself and a moment, nor than the database
 * answers this server.
 */
#ifndef SERVER_API_ELSEWHERE_H
#define SERVER_API_ELSEWHERE_H

#include <stdbool.h>
#include <stdint.h>

#include "coro/ensure.h"
#include "ledger/bank/banks.h"

struct call;
struct forward_stream;

struct elsewhere {
    struct bank_owner owner;
    struct forward_stream *events; /* the answer, until elsewhere_end(); NULL: it is none */
};

/* The ledger of the path is not open here: call->elsewhere is the server that has it. False, and
 * refused: none that can be asked has. Never parks. */
CO_MUST_CHECK bool elsewhere_find(struct call *call);

/* Is there a ledger of that name, whoever has it? If nobody here knows it, the database is
 * asked: what another server has made a moment ago is there. False, and refused: there is none, or
 * that cannot be told now. Parks. */
CO_MUST_CHECK bool elsewhere_learn(struct call *call, const char *name);

/* Enter the ledger of the path, if it is open here; one that is being handed over from one
 * server to another is waited for. Or as above. Parks. */
CO_MUST_CHECK bool elsewhere_enter(struct call *call);
void elsewhere_leave(struct call *call); /* the ledger, if it has entered one; never parks */

/* Have it answer. `heeds_key`: with a key the request may be sent twice. True: meanwhile the ledger
 * was opened here, and is entered. Parks. */
CO_MUST_CHECK bool elsewhere_answer(struct call *call, bool heeds_key);
void elsewhere_end(struct call *call); /* the answer was sent, or will not be; never parks */

/* For struct forward_options; `arg` is a struct api. */
bool elsewhere_is_gone(void *arg, uint64_t server);
bool elsewhere_is_silent(void *arg, uint64_t server);

#endif
