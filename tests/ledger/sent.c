/* SPDX-License-Identifier: MIT */
/* The linker hands us libpq's ways to send (--wrap). */
#include "tests/ledger/sent.h"

#include <ctype.h>
#include <libpq-fe.h>
#include <pthread.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "coro/ensure.h"
#include "ledger/db/pg.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void *texts; /* of tsearch() */
static size_t count;
static bool paused;

/* Connections that work as the service's role, of tsearch(). */
static void *services;

/* As strcmp(), but that a row of digits is as good as any other one. */
static int compare(const void *left, const void *right)
{
    const char *a = left, *b = right;
    for (;;) {
        if (isdigit((unsigned char)*a) && isdigit((unsigned char)*b)) {
            a += strspn(a, "0123456789");
            b += strspn(b, "0123456789");
        } else if (*a != *b || !*a) {
            return (unsigned char)*a - (unsigned char)*b;
        } else {
            a++;
            b++;
        }
    }
}

static int compare_places(const void *left, const void *right)
{
    return (left > right) - (left < right);
}

/* Each session begins with its settings, and among them its role. What tests ask on their own they
 * ask as the owner. */
static void note_role(const PGconn *conn, const char *text)
{
    if (!strstr(text, "synchronous_commit = "))
        return;
    tdelete(conn, &services, compare_places);
    if (strstr(text, "ROLE \"" PG_APP_ROLE "\""))
        co_ensure(tsearch(conn, &services, compare_places));
}

static void note(const PGconn *conn, const char *text)
{
    pthread_mutex_lock(&lock);
    note_role(conn, text);
    if (!paused && tfind(conn, &services, compare_places) && !tfind(text, &texts, compare)) {
        char *copy = strdup(text);
        co_ensure(copy && tsearch(copy, &texts, compare));
        count++;
    }
    pthread_mutex_unlock(&lock);
}

size_t sent_count(void)
{
    pthread_mutex_lock(&lock);
    size_t texts_sent = count;
    pthread_mutex_unlock(&lock);
    return texts_sent;
}

void sent_by_test(bool by_test)
{
    pthread_mutex_lock(&lock);
    paused = by_test;
    pthread_mutex_unlock(&lock);
}

struct visit {
    void (*look)(const char *text, void *arg);
    void *arg;
};

static void visit_node(const void *node, VISIT order, void *arg)
{
    const struct visit *visit = arg;
    if (order == postorder || order == leaf)
        visit->look(*(const char *const *)node, visit->arg);
}

void sent_each(void (*look)(const char *text, void *arg), void *arg)
{
    struct visit visit = {look, arg};
    twalk_r(texts, visit_node, &visit);
}

/* ---- what the linker puts in libpq's place -------------------------------------------------- */

int __real_PQsendQuery(PGconn *conn, const char *text);
int __wrap_PQsendQuery(PGconn *conn, const char *text);
int __wrap_PQsendQuery(PGconn *conn, const char *text)
{
    note(conn, text);
    return __real_PQsendQuery(conn, text);
}

int __real_PQsendPrepare(
    PGconn *conn, const char *name, const char *text, int count, const Oid *types);
int __wrap_PQsendPrepare(
    PGconn *conn, const char *name, const char *text, int parameters, const Oid *types);
int __wrap_PQsendPrepare(
    PGconn *conn, const char *name, const char *text, int parameters, const Oid *types)
{
    note(conn, text);
    return __real_PQsendPrepare(conn, name, text, parameters, types);
}
