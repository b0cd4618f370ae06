/* SPDX-License-Identifier: MIT */
/* What things cost, as `make costs` measured it: a file of lines "NAME NUMBER", where "#" begins a
 * comment. Processor time is in microseconds of one core. */
#ifndef LOADTEST_SIMULATION_COSTS_H
#define LOADTEST_SIMULATION_COSTS_H

#include <stdbool.h>
#include <stdio.h>

struct costs {
    double teller_us; /* of a teller, for a transfer; */
    double hop_us;    /* and of two of them, for what one passes on to the other, beyond that */
    double commit_us; /* of PostgreSQL: for a transaction of a committer, */
    double part_us;   /* for each ledger in it, */
    double entry_us;  /* and for each entry */
    double beat_us;   /* of PostgreSQL, for a turn of a server's lease that beats, */
    double look_us;   /* and for one that only looks: */
    double claim_us;  /* more, with a beat for each ledger that it has open, with a look at most
                         for each that it follows, */
    double peer_us;   /* and with a look for each server that there is */
    double follow_us; /* of a teller, for an entry that it follows, */
    double read_us;   /* and of PostgreSQL, which it reads */
    double open_us;   /* of a teller, for a ledger that is opened, and closed later; */
    double load_us;   /* and of PostgreSQL */
    double fold_us;   /* of a teller, for each account of a ledger that it takes */
    double commit_ms; /* how long a commit takes, in which what comes gathers for the next */
    double wal_commit_bytes, wal_part_bytes, wal_entry_bytes;
    /* Of a teller's memory: for an account, an open ledger, and one that is not open. */
    double account_bytes, ledger_bytes, known_bytes;
    double hot_rate; /* transfers a second that one ledger ends at */
};

/* All of them, each once, none negative, `commit_ms` and `hot_rate` above 0. False: the reason,
 * with its line, goes to `problems`. */
bool costs_read(struct costs *costs, FILE *from, FILE *problems);

#endif
