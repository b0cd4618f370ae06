/* SPDX-License-Identifier: MIT */
/*
 * The library's names without their prefix, for whoever wants them: with this header, included
 * before or after others, chan_send() is co_chan_send() and CHAN_OK is CO_CHAN_OK. No other header
 * includes it.
 *
 * They are macros. What is named by a single word keeps its prefix, because a macro of that name
 * would change variables and members, too: struct co_mutex. So does what co.h declares, where co is
 * the word that the names begin with, and what is there for other headers' sake (wait.h, lock.h) or
 * to tell versions. In C++, where coro.hpp has words of its own, the macros of go.h and chan_of.h
 * are left out, as those headers are.
 */
#ifndef CORO_SHORT_H
#define CORO_SHORT_H

#include "coro/short_channels.h"
#include "coro/short_runtime.h"
#include "coro/short_sync.h"

#endif
