/* SPDX-License-Identifier: MIT */
/*
 * What the public headers say differently in C and in C++. Between CO_C_BEGIN and CO_C_END the
 * names are those of C, and the shared library exports them; an atomic has one layout in both.
 */
#ifndef CORO_LANGUAGE_H
#define CORO_LANGUAGE_H

#define CO_VISIBLE_ _Pragma("GCC visibility push(default)")
#define CO_VISIBLE_END_ _Pragma("GCC visibility pop")

#ifdef __cplusplus
#include <atomic>
#define CO_C_BEGIN                                                                                 \
    CO_VISIBLE_ extern "C"                                                                         \
    {
#define CO_C_END                                                                                   \
    }                                                                                              \
    CO_VISIBLE_END_
#define CO_ATOMIC(type) std::atomic<type>
#define CO_NORETURN [[noreturn]]
#else
#include <stdatomic.h>
#define CO_C_BEGIN CO_VISIBLE_
#define CO_C_END CO_VISIBLE_END_
#define CO_ATOMIC(type) _Atomic(type)
#define CO_NORETURN _Noreturn
#endif

#endif
