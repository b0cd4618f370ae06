/* SPDX-License-Identifier: MIT */
/*
 * A rota: one coroutine that works for many, a piece for each in its turn. A piece says when the
 * next one is due. What is due first comes first, so whoever asks for less waits for no more than a
 * piece of each of the others. All zero is one that was not started.
 */
#ifndef CORO_ROTA_H
#define CORO_ROTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coro/chan.h"
#include "coro/context.h"
#include "coro/duty.h"
#include "coro/eventcount.h"
#include "coro/language.h"
#include "coro/lock.h"

CO_C_BEGIN

#define CO_ROTA_NEVER INT64_MAX

struct co_rota;

struct co_rota_place { /* lies in the memory of whoever has it; all zero before */
    struct co_rota *rota;
    struct co_context *running; /* ends when it leaves: for all that its work waits for */
    int64_t (*work)(void *arg); /* a piece; in how many ns the next one is due, or NEVER */
    void *arg;
    int64_t due_ns;
    size_t at; /* in the heap, from 1; 0: it is not there */
    bool leaves;
};

struct co_rota {
    struct co_duty duty;
    struct co_chan *news; /* something is due earlier than was known */

    struct co_lock lock;           /* guards what follows */
    struct co_rota_place **places; /* a heap by what is due first; room for all members */
    size_t count, members, room;
    struct co_rota_place *current; /* whose piece is being done */
    int64_t rests_until_ns;
    uint64_t pieces;

    struct co_eventcount done; /* of pieces */
};

/* Start its coroutine, under a name for reports. False: memory or coroutines are short, and nothing
 * was started. Never parks. */
#define co_rota_start(name, rota) co_rota_start_at(CO_SITE(name), (rota))
CO_MUST_CHECK bool co_rota_start_at(const struct co_site *site, struct co_rota *rota);

/* Park until it has ended; all have left. One that was not started is fine. */
void co_rota_stop(struct co_rota *rota);

/* From now on work(arg) is called in that coroutine, first in `first_ns` and then as it says.
 * False: memory is short. Never parks. */
CO_MUST_CHECK bool co_rota_enter(struct co_rota *rota, struct co_rota_place *place,
    int64_t first_ns, int64_t (*work)(void *arg), void *arg);

/* No more pieces: `running` ends, and one that is being done is waited for. A place that was not
 * entered is fine. Not from the work itself. Parks. */
void co_rota_leave(struct co_rota_place *place);

/* By the work alone: no piece of anybody begins for so long after this one. Never parks. */
void co_rota_rest(struct co_rota *rota, int64_t ns);

CO_C_END

#endif
