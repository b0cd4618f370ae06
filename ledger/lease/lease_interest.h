/* SPDX-License-Identifier: MIT */
/*
 * In a ledger that another server has: each look of the lease asks how far it has come. Whoever is
 * interested says which of its batches are there already. So it is woken only by a look that tells
 * of something new, and what is known is as of the last look all the same.
 */
#ifndef LEDGER_LEASE_LEASE_INTEREST_H
#define LEDGER_LEASE_LEASE_INTEREST_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "coro/context.h"
#include "coro/eventcount.h"

struct lease;
struct lease_row;

struct lease_interest { /* lies in the memory of whoever is interested */
    struct lease_interest *next;
    int ledger;
    uint64_t has;             /* the last batch that is there; 0: none */
    bool asked;               /* the look that is under way asks for it */
    int64_t told_ns;          /* when the last look was sent that told of it; 0: none has yet */
    _Atomic int64_t known_ns; /* the same, of those that told of no batch that is not there */
    uint64_t moves;
    struct co_eventcount moved; /* to `moves` */
};

/* From now on. What it has was all there was at known_ns (co_clock_boot_ns()). Never parks. */
void lease_interest(struct lease *lease, struct lease_interest *interest, int ledger, uint64_t has,
    int64_t known_ns);
void lease_interest_end(struct lease *lease, const struct lease_interest *interest);

/* The ledger as the last look tells of it, and when that was sent; false: none has yet. Never
 * parks. */
bool lease_interest_told(struct lease *lease, const struct lease_interest *interest,
    struct lease_row *row, int64_t *told_ns);

/* Its batches are there up to that one; those that a look of known_ns told of, or 0: not all of
 * any. Never parks. */
void lease_interest_has(
    struct lease *lease, struct lease_interest *interest, uint64_t batch, int64_t known_ns);

/* When a look was sent that told of no batch that is not there, or of whatever else was said to be
 * all (co_clock_boot_ns()). It never goes back. Never parks. */
int64_t lease_interest_known_ns(const struct lease_interest *interest);

/* Park until a look has told of something new after the n-th that did, which is in *seen; false:
 * the context ended first. */
CO_MUST_CHECK bool lease_interest_await(
    struct co_context *context, struct lease_interest *interest, uint64_t *seen);

#endif
