/* SPDX-License-Identifier: MIT */
/* The keys of tickets: how long each seals and opens. */
#include "server/tls/tls_tickets.h"

#include <string.h>

#include "tests/server/suites.h"

static void each_has_its_time(void)
{
    struct tls_tickets tickets;
    struct tls_tickets_key first, second, third, found;
    tls_tickets_begin(&tickets);
    CU_ASSERT_FATAL(tls_tickets_seal(&tickets, 100, &first));
    CU_ASSERT_FATAL(tls_tickets_seal(&tickets, 100 + TLS_TICKETS_TURN_S - 1, &second));
    CU_ASSERT_EQUAL(memcmp(&first, &second, sizeof first), 0);
    CU_ASSERT_EQUAL(tls_tickets_open(&tickets, 200, first.name, &found), TLS_TICKETS_OF_NOW);
    CU_ASSERT_EQUAL(memcmp(&first, &found, sizeof first), 0);
    /* It opens for one turn more, while another seals. */
    CU_ASSERT_FATAL(tls_tickets_seal(&tickets, 100 + TLS_TICKETS_TURN_S, &third));
    CU_ASSERT_NOT_EQUAL(memcmp(first.name, third.name, sizeof first.name), 0);
    CU_ASSERT_NOT_EQUAL(memcmp(first.cipher, third.cipher, sizeof first.cipher), 0);
    CU_ASSERT_NOT_EQUAL(memcmp(first.mac, third.mac, sizeof first.mac), 0);
    CU_ASSERT_EQUAL(tls_tickets_open(&tickets, 99 + 2 * TLS_TICKETS_TURN_S, first.name, &found),
        TLS_TICKETS_FORMER);
    CU_ASSERT_EQUAL(memcmp(&first, &found, sizeof first), 0);
    CU_ASSERT_EQUAL(tls_tickets_open(&tickets, 100 + 2 * TLS_TICKETS_TURN_S, first.name, &found),
        TLS_TICKETS_UNKNOWN);
    tls_tickets_end(&tickets);
}

/* Nobody needs a key for a day: none of before opens anything then. */
static void none_outlives_a_pause(void)
{
    struct tls_tickets tickets, other;
    struct tls_tickets_key key, found;
    tls_tickets_begin(&tickets);
    tls_tickets_begin(&other);
    CU_ASSERT_FATAL(tls_tickets_seal(&tickets, 1, &key));
    CU_ASSERT_EQUAL(tls_tickets_open(&other, 1, key.name, &found), TLS_TICKETS_UNKNOWN);
    CU_ASSERT_EQUAL(tls_tickets_open(&tickets, 86400, key.name, &found), TLS_TICKETS_UNKNOWN);
    static const struct tls_tickets_key nothing;
    CU_ASSERT_EQUAL(memcmp(&tickets.now, &nothing, sizeof nothing), 0);
    CU_ASSERT_EQUAL(memcmp(&tickets.former, &nothing, sizeof nothing), 0);
    tls_tickets_end(&tickets);
    tls_tickets_end(&other);
}

const struct unit_suite tls_tickets_suite = {"tls_tickets", 0,
    (const struct unit_test[]){{"each_has_its_time", each_has_its_time},
        {"none_outlives_a_pause", none_outlives_a_pause}, {0}}};
