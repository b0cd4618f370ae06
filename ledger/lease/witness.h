/* SPDX-License-Identifier: MIT */
/*
 * How far each ledger had come when something in it was last acknowledged, kept in a file of the
 * data folder, apart from the database: so that a database which has gone back in time (restored
 * from a backup, or a standby that was behind and was promoted) does not pass for the whole truth.
 * A line for each ledger: name, epoch, batch, seq, hash of the batch; of several the last counts.
 */
#ifndef LEDGER_LEASE_WITNESS_H
#define LEDGER_LEASE_WITNESS_H

#include "ledger/lease/lease.h"

struct witness;

/* Read the file; one that is not there is empty. NULL, with the reason: memory is short, or it
 * cannot be read, or says something else. Blocks. */
CO_MUST_CHECK struct witness *witness_open(const char *path, char *error, size_t size);
void witness_close(struct witness **witness);

/* False: it says nothing of that ledger. Thread-safe, as is all below; never parks. */
bool witness_find(struct witness *witness, const char *ledger, struct lease_place *place);

/* *line: of the same ledger, as the call before has left it, or 0: it is found sooner there. */
void witness_note(
    struct witness *witness, const char *ledger, const struct lease_place *place, int *line);

/* Write what was noted since the last time, if anything was. The file is the old one or the new one
 * at any moment, or ends within what was being added, which then counts as not noted. False: errno
 * says why. Blocks; one at a time. */
CO_MUST_CHECK bool witness_save(struct witness *witness);

#endif
