/* SPDX-License-Identifier: MIT */
/* Two programs on one database, both of which answer: the first has the ledgers, and what the
 * second is asked about them it passes on. */
#ifndef TESTS_SERVICE_JOINT_H
#define TESTS_SERVICE_JOINT_H

#include "tests/service/cutter.h"
#include "tests/service/standby.h"

struct joint {
    struct service host; /* lends its PostgreSQL */
    struct service owner;
    struct standby second;
    struct service *other; /* the second */
    char url[STANDBY_URL], advertised[60], trusted[SERVICE_PROGRAM];
};

/* The other reaches the owner over the cutter, which becomes that one's; NULL: directly. False: one
 * of them does not come up. */
CO_MUST_CHECK bool joint_make(struct joint *joint, struct cutter *cutter);

/* The same, over TLS (secret.h): the other trusts the owner's authority, not the owner its. */
CO_MUST_CHECK bool joint_make_secret(struct joint *joint, struct cutter *cutter);

/* Park until the other knows that the owner has the ledgers, and can ask it. */
CO_MUST_CHECK bool joint_await(const struct joint *joint);

void joint_remove(struct joint *joint);

#endif
