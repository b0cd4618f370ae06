/* SPDX-License-Identifier: MIT */
/*
 * What time it is for the database, as this server knows it without asking: the difference between
 * the database's clock and CLOCK_BOOTTIME, which nobody sets, measured again with each beat of the
 * lease. Entries get the time of this server's clock only while that is close to it, so a clock
 * that is set wrongly, at the start or between two beats, never gets into a journal. Nor does one
 * that is set together with the database's, as on one machine: against CLOCK_BOOTTIME that one has
 * jumped then, which is not believed.
 *
 * All of it is thread-safe, and never parks.
 */
#ifndef LEDGER_LEASE_DBTIME_H
#define LEDGER_LEASE_DBTIME_H

#include <stdatomic.h>
#include <stdint.h>

enum {
    DBTIME_APART_S = 60, /* how far a clock may be from the database's */
    DBTIME_TRIP_S = 2,   /* how long an answer that counts may take: it is right to half of that */
};

/* All zero: nothing is known yet, and this server's clock is taken as it is. */
struct dbtime {
    _Atomic int64_t jumped_us; /* by how much the last answer was off what it should have been; 0 */
    _Atomic int64_t ahead_us;  /* of the database's clock over CLOCK_BOOTTIME; 0: not known */
    /* Until when a moment that has been ended may be told, in microseconds since 1970: as a beat
     * has noted in the database (lease_beat.c); 0: none has. */
    _Atomic int64_t moments_until_us;
};

/* The database's clock was at `database_us` (since 1970) between asking and being answered, both by
 * co_clock_boot_ns(). An answer that took longer than DBTIME_TRIP_S is ignored. One that is off
 * what was known before by more than DBTIME_APART_S is not believed, but noted. */
void dbtime_note(struct dbtime *dbtime, int64_t database_us, int64_t asked_ns, int64_t answered_ns);

/* By how many seconds the database's clock has jumped, as of the last answer; 0: it has not. */
int64_t dbtime_jumped_s(struct dbtime *dbtime);

/* Believe the next answer, whatever it is: nothing in memory rests on what was known. */
void dbtime_forget(struct dbtime *dbtime);

/* The time for entries: this server's, or what the database's clock is by now if they differ by
 * more than DBTIME_APART_S. Microseconds since 1970. */
int64_t dbtime_now_us(struct dbtime *dbtime);

/* What the database's clock is by now; 0: not known. */
int64_t dbtime_estimate_us(struct dbtime *dbtime);

/* By how many seconds a time is ahead of the database's clock (below 0: behind), if that is more
 * than DBTIME_APART_S; otherwise, or if it is not known, 0. */
int64_t dbtime_apart_s(struct dbtime *dbtime, int64_t at_us);

#endif
