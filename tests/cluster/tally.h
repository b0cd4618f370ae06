/* SPDX-License-Identifier: MIT */
/*
 * What a whole run did: how often each kind of fault came about, how long nobody could write then,
 * and how that compares with what is promised. The long form says how far it is, a line for each
 * fault; the table comes at the end. With a file to keep it in (CLUSTER_NOTES) it is added there at
 * once, so that a run which is ended has its table, too. On one worker at a time.
 */
#ifndef TESTS_CLUSTER_TALLY_H
#define TESTS_CLUSTER_TALLY_H

#include <stdbool.h>
#include <stdint.h>

struct tally {
    unsigned long failovers, kills, freezes, partitions, moved; /* the last: handed over */
    unsigned long operations, violations, journals;             /* judged; the last: whole */
};
extern struct tally tally;

/* Is this the long form? (FAULTS=long) */
bool tally_is_long(void);

/*
 * How often a kind of fault is to be made: `percent` of what the variable says (CLUSTER_FAILOVERS),
 * or, in the long form, of `usual`; at least 1. In the short form, without the variable,
 * `short_form`.
 */
int tally_times(const char *variable, int usual, int percent, int short_form);

/* So many more of them will come: for the progress. */
void tally_expect(const char *what, int times);

/* One came, nobody could write for so long, and that is what is promised (0: nothing is). */
void tally_note(const char *what, int64_t gap_ms, int64_t bound_ms);

/* What a round of faults was judged by. */
void tally_judged(unsigned long operations, unsigned long violations);

/* What the file of another run has, as well. False: it cannot be read. */
bool tally_read(const char *path);

/* The table; not, if a file has what is in it. */
void tally_print(void);

#endif
