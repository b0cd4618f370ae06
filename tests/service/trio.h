/* SPDX-License-Identifier: MIT */
/*
 * Three programs on one database, of which the first has all ledgers until others take some. The
 * database is lent by a fourth, which has nothing to do with them. All of it parks.
 */
#ifndef TESTS_SERVICE_TRIO_H
#define TESTS_SERVICE_TRIO_H

#include "tests/service/standby.h"
#include "tests/service/visit.h"

enum { TRIO_SERVERS = 3, TRIO_PATH = 80 };

struct trio {
    struct service host; /* lends its PostgreSQL */
    struct service first;
    struct standby others[TRIO_SERVERS - 1];
    struct service *servers[TRIO_SERVERS];
    char url[STANDBY_URL];
};

/* The first one runs; the others are prepared. `arguments` are for all three; NULL: none. */
void trio_begin(struct trio *trio, const char *strategy, const char *const *arguments);

/* The others run, too: they are the servers 2 and 3, and answer for the ledgers of the first. */
void trio_come(struct trio *trio);

/* Until it answers for ledgers, whoever has them; false: not within a minute. */
CO_MUST_CHECK bool trio_answers(const struct service *service);

/* The ledgers PREFIX-0, PREFIX-1, …, each with an account "saver" without money; asked of the
 * first. */
void trio_make_ledgers(const struct trio *trio, const char *prefix, int count);

/* The path of one of them, and what is below it. */
void trio_path(char path[TRIO_PATH], const char *prefix, int ledger, const char *below);

/* Which of the three is reached at that URL? 0 if none is. */
int trio_at(const struct trio *trio, struct json_view url);

void trio_end(struct trio *trio);

#endif
