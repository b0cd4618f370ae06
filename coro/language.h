/* SPDX-License-Identifier: MIT */
/*
 * What the public headers say differently in C and in C++. Between CORO_C_BEGIN and CORO_C_END the
 * names are those of C; an atomic has one layout in both.
 */
#ifndef CORO_LANGUAGE_H
#define CORO_LANGUAGE_H

#ifdef __cplusplus
#include <atomic>
#define CORO_C_BEGIN extern "C" {
#define CORO_C_END }
#define CORO_ATOMIC(type) std::atomic<type>
#define CORO_NORETURN [[noreturn]]
#else
#include <stdatomic.h>
#define CORO_C_BEGIN
#define CORO_C_END
#define CORO_ATOMIC(type) _Atomic(type)
#define CORO_NORETURN _Noreturn
#endif

#endif
