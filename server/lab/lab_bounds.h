/* SPDX-License-Identifier: MIT */
/* How long an experiment may go on. In a file of its own, as the tests' program with planted faults
 * has shorter ones in its place. */
#ifndef SERVER_LAB_LAB_BOUNDS_H
#define SERVER_LAB_LAB_BOUNDS_H

struct lab_bounds {
    unsigned processor_s; /* of all its threads together */
    unsigned time_s;      /* by the clock: it gets only what others leave */
    unsigned rest_s;      /* so much longer if it has had to rest, or to wait for a processor */
};

extern const struct lab_bounds lab_bounds;

#endif
