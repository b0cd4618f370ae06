/* SPDX-License-Identifier: MIT */
/*
 * What the people who run a ledger should know, a line each: the database is away, another server
 * has the ledger, a clock is wrong. Nothing in ledger/ writes to a terminal or a log: lines are
 * handed to the listener of the process.
 *
 * It belongs to the process, as what is demanded of its database does (pg_demand()): a split brain
 * is found on any connection, below all ledgers.
 */
#ifndef LEDGER_NOTICE_H
#define LEDGER_NOTICE_H

enum { NOTICE_TEXT = 900 }; /* bytes of a line, with its end; what is longer is cut */

enum notice_grade {
    NOTICE_INFO,    /* it is so, or it is well again */
    NOTICE_TROUBLE, /* somebody may have to do something about it */
};

/*
 * The listener. hear() is called from any coroutine and any worker, by several simultaneously,
 * some of which hold a lock: it writes the line down, and neither parks nor calls what is in
 * ledger/. The text has no line end, is the caller's, and lasts until hear() returns.
 */
struct notice_listener {
    void (*hear)(void *arg, enum notice_grade grade, const char *text);
    void *arg;
};

/* From now on that one; without a function, nobody, as at first. While no ledger and no connection
 * is open. */
void notice_to(struct notice_listener listener);

/* As printf(). Never parks. */
__attribute__((format(printf, 2, 3))) void notice(enum notice_grade grade, const char *format, ...);

#endif
