/* SPDX-License-Identifier: MIT */
#include "ledger/lease/dbtime.h"

#include <stdbool.h>
#include <stdlib.h>

#include "coro/clock.h"

enum { SECOND_US = 1000000 };

void dbtime_note(struct dbtime *dbtime, int64_t database_us, int64_t asked_ns, int64_t answered_ns)
{
    /* When in between the database looked at its clock is not known: after a long trip too little
     * is. */
    if (answered_ns - asked_ns > DBTIME_TRIP_S * CO_CLOCK_S)
        return;
    int64_t known_us = atomic_load(&dbtime->ahead_us);
    int64_t ahead_us = database_us - (asked_ns + (answered_ns - asked_ns) / 2) / CO_CLOCK_US;
    int64_t jumped_us = known_us == 0 ? 0 : ahead_us - known_us;
    /* Clocks drift, and are set right bit by bit: that is followed. More is a jump: the difference
     * that was known stays, until the clock is right again. */
    if (llabs(jumped_us) <= (int64_t)DBTIME_APART_S * SECOND_US) {
        jumped_us = 0;
        atomic_store(&dbtime->ahead_us, ahead_us);
    }
    atomic_store(&dbtime->jumped_us, jumped_us);
}

int64_t dbtime_jumped_s(struct dbtime *dbtime)
{
    return atomic_load_explicit(&dbtime->jumped_us, memory_order_relaxed) / SECOND_US;
}

void dbtime_forget(struct dbtime *dbtime)
{
    atomic_store(&dbtime->ahead_us, 0);
    atomic_store(&dbtime->jumped_us, 0);
}

int64_t dbtime_estimate_us(struct dbtime *dbtime)
{
    int64_t ahead_us = atomic_load_explicit(&dbtime->ahead_us, memory_order_relaxed);
    return ahead_us == 0 ? 0 : co_clock_boot_ns() / CO_CLOCK_US + ahead_us;
}

int64_t dbtime_apart_s(struct dbtime *dbtime, int64_t at_us)
{
    int64_t estimate_us = dbtime_estimate_us(dbtime);
    int64_t apart_us = estimate_us == 0 ? 0 : at_us - estimate_us;
    bool close = apart_us <= (int64_t)DBTIME_APART_S * SECOND_US &&
                 apart_us >= -(int64_t)DBTIME_APART_S * SECOND_US;
    return close ? 0 : apart_us / SECOND_US;
}

/* The clock is read before the estimate is made: whoever is held up in between for long has an old
 * time in hand, and takes the new one. */
int64_t dbtime_now_us(struct dbtime *dbtime)
{
    int64_t wall_us = co_clock_wall_us();
    return dbtime_apart_s(dbtime, wall_us) == 0 ? wall_us : dbtime_estimate_us(dbtime);
}
