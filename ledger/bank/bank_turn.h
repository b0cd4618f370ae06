/* SPDX-License-Identifier: MIT */
/* Does everything go round? */
#ifndef LEDGER_BANK_BANK_TURN_H
#define LEDGER_BANK_BANK_TURN_H

#include "ledger/bank/bank.h"

/*
 * Have each ledger that is open here run a section over all of its accounts, which goes the way of
 * every change (over the owner's channel, or through all mutexes), and then wait until the
 * committer has come round. Parks for as long as that takes: a database that is away or slow keeps
 * the committer a few seconds a turn; if one of the two hangs it is for good.
 */
void bank_turn(struct bank *bank);

#endif
