/* SPDX-License-Identifier: MIT */
/*
 * A place in a database for one run: a schema with one table of accounts (sql/lab.sql), which no
 * other run uses meanwhile. All that is done there is done as the role teller_lab, which can reach
 * nothing else in the database. A place is given back when its connection ends, also by a crash.
 */
#ifndef LAB_SQL_SQL_PLACE_H
#define LAB_SQL_SQL_PLACE_H

#include <stdint.h>

#include "ledger/db/pg.h"

#define SQL_PLACE_ROLE "teller_lab"
enum { SQL_PLACES = 4, SQL_PLACE_WAIT_S = 60, SQL_PLACE_NAME = 64, SQL_PLACE_ERROR = 400 };

/* What a schedule begins with. */
struct sql_account {
    char name[SQL_PLACE_NAME];
    int64_t start;
};

struct sql_place;

/*
 * Take a place, and make the places first where there are none: that takes a user who may create a
 * role and schemas. While all are in use it waits, up to SQL_PLACE_WAIT_S. NULL: the reason is in
 * `error`. Parks.
 */
CO_MUST_CHECK struct sql_place *sql_place_take(
    struct co_context *context, const char *conninfo, char error[SQL_PLACE_ERROR]);
void sql_place_give(struct sql_place **place);

/* A further connection, for a lane. `durable`: its commits wait for the disk, as a bank's do, and
 * it looks for deadlocks soon, as all wait for the clock; else neither. *hurries: it may say when
 * that is. NULL: the reason is in `error`. Parks. */
CO_MUST_CHECK struct pg *sql_place_connect(struct co_context *context,
    const struct sql_place *place, bool durable, bool *hurries, char error[SQL_PLACE_ERROR]);

/* The connection of the place itself, for looking: a lane's statements never run on it. */
struct pg *sql_place_look(const struct sql_place *place);

/* These accounts, and no others. No lane may be in a transaction. False: see pg_message() of
 * sql_place_look(). Parks. */
CO_MUST_CHECK bool sql_place_fill(struct co_context *context, struct sql_place *place,
    const struct sql_account *accounts, size_t count);

/* Their balances as they are committed, one by one, numbered as they were filled. Parks. */
CO_MUST_CHECK bool sql_place_balances(struct co_context *context, struct sql_place *place,
    void (*take)(size_t no, int64_t balance, void *arg), void *arg);

/* Each account has again what it had when it was filled. Parks. */
CO_MUST_CHECK bool sql_place_reset(struct co_context *context, struct sql_place *place);

#endif
