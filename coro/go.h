/* SPDX-License-Identifier: MIT */
/*
 * Go's `go f(a, b)`: a coroutine whose function has arguments of any type, copied when it is
 * started and checked by the compiler like those of an ordinary call. At file level
 *     CO_GO_FUNCTION(fetch, (const char *, url), (CO_CHAN(int), sizes)) { ... url ... sizes ... }
 * makes an ordinary static function, which may be called, and which
 *     co_go(fetch, "/a", sizes)                     go fetch("/a", sizes)
 *     co_waitgroup_go(&all, fetch, "/a", sizes)     all.Go(func() { fetch("/a", sizes) })
 * start as a coroutine. Both are false when the runtime's limit of coroutines is reached or memory
 * is short: nothing was started then, and the wait group is as before. Neither parks; from any
 * coroutine or worker callback. A function without arguments: CO_GO_FUNCTION(tick) { ... },
 * co_go(tick).
 *
 * The copies live on the heap until the coroutine begins; what they point to stays the caller's.
 * Up to eight arguments; an array is passed by a pointer, as to any function. C++ has coro.hpp.
 */
#ifndef CORO_GO_H
#define CORO_GO_H

#include <stdlib.h>

#include "coro/co.h"
#include "coro/waitgroup.h"

#ifdef __cplusplus
#error "in C++ include coro/coro.hpp"
#endif

#define co_go(function, ...) function##_go(CO_SITE(#function), NULL, ##__VA_ARGS__)
#define co_waitgroup_go(group, function, ...)                                                      \
    function##_go(CO_SITE(#function), (group), ##__VA_ARGS__)

#define CO_GO_FUNCTION(function, ...)                                                              \
    static void function(CO_GO_PARAMETERS_(__VA_ARGS__));                                          \
    struct function##_go {                                                                         \
        struct co_waitgroup *group_;                                                               \
        CO_GO_EACH_(CO_GO_FIELD_, ##__VA_ARGS__)                                                   \
    };                                                                                             \
    static void function##_go_main(void *arg_)                                                     \
    {                                                                                              \
        struct function##_go go_ = *(struct function##_go *)arg_;                                  \
        free(arg_);                                                                                \
        function(CO_GO_LIST_(CO_GO_VALUE_, ##__VA_ARGS__));                                        \
        if (go_.group_)                                                                            \
            co_waitgroup_done(go_.group_);                                                         \
    }                                                                                              \
    CO_MUST_CHECK __attribute__((unused)) static bool function##_go(const struct co_site *site_,   \
        struct co_waitgroup *group_ CO_GO_EACH_(CO_GO_MORE_, ##__VA_ARGS__))                       \
    {                                                                                              \
        struct function##_go *go_ = (struct function##_go *)malloc(sizeof *go_);                   \
        if (!go_)                                                                                  \
            return false;                                                                          \
        *go_ = (struct function##_go){group_ CO_GO_EACH_(CO_GO_NAME_, ##__VA_ARGS__)};             \
        if (group_)                                                                                \
            co_waitgroup_add(group_, 1);                                                           \
        if (co_spawn_at(site_, function##_go_main, go_))                                           \
            return true;                                                                           \
        if (group_)                                                                                \
            co_waitgroup_done(group_);                                                             \
        free(go_);                                                                                 \
        return false;                                                                              \
    }                                                                                              \
    static void function(CO_GO_PARAMETERS_(__VA_ARGS__))

/* --- what becomes of a (type, name) pair ------------------------------------------------------ */
#define CO_GO_FIELD_(type, name) type name;
#define CO_GO_MORE_(type, name) , type name
#define CO_GO_NAME_(type, name) , name
#define CO_GO_PARAMETER_(type, name) type name
#define CO_GO_VALUE_(type, name) go_.name

/* The number of arguments; a macro applied to each of them, side by side or with commas between. */
#define CO_GO_NTH_(zero, a, b, c, d, e, f, g, h, nth, ...) nth
#define CO_GO_COUNT_(...) CO_GO_NTH_(0, ##__VA_ARGS__, 8, 7, 6, 5, 4, 3, 2, 1, 0)
#define CO_GO_ANY_(...) CO_GO_NTH_(0, ##__VA_ARGS__, N, N, N, N, N, N, N, N, 0)
#define CO_GO_JOIN_(a, b) CO_GO_JOIN_TWO_(a, b)
#define CO_GO_JOIN_TWO_(a, b) a##b
#define CO_GO_EACH_(macro, ...)                                                                    \
    CO_GO_JOIN_(CO_GO_EACH_, CO_GO_COUNT_(__VA_ARGS__))(macro, ##__VA_ARGS__)
#define CO_GO_LIST_(macro, ...)                                                                    \
    CO_GO_JOIN_(CO_GO_LIST_, CO_GO_COUNT_(__VA_ARGS__))(macro, ##__VA_ARGS__)
#define CO_GO_PARAMETERS_(...) CO_GO_JOIN_(CO_GO_PARAMETERS_, CO_GO_ANY_(__VA_ARGS__))(__VA_ARGS__)
#define CO_GO_PARAMETERS_0() void
#define CO_GO_PARAMETERS_N(...) CO_GO_LIST_(CO_GO_PARAMETER_, __VA_ARGS__)
#define CO_GO_EACH_0(macro)
#define CO_GO_EACH_1(macro, one) macro one
#define CO_GO_EACH_2(macro, one, ...) macro one CO_GO_EACH_1(macro, __VA_ARGS__)
#define CO_GO_EACH_3(macro, one, ...) macro one CO_GO_EACH_2(macro, __VA_ARGS__)
#define CO_GO_EACH_4(macro, one, ...) macro one CO_GO_EACH_3(macro, __VA_ARGS__)
#define CO_GO_EACH_5(macro, one, ...) macro one CO_GO_EACH_4(macro, __VA_ARGS__)
#define CO_GO_EACH_6(macro, one, ...) macro one CO_GO_EACH_5(macro, __VA_ARGS__)
#define CO_GO_EACH_7(macro, one, ...) macro one CO_GO_EACH_6(macro, __VA_ARGS__)
#define CO_GO_EACH_8(macro, one, ...) macro one CO_GO_EACH_7(macro, __VA_ARGS__)
#define CO_GO_LIST_0(macro)
#define CO_GO_LIST_1(macro, one) macro one
#define CO_GO_LIST_2(macro, one, ...) macro one, CO_GO_LIST_1(macro, __VA_ARGS__)
#define CO_GO_LIST_3(macro, one, ...) macro one, CO_GO_LIST_2(macro, __VA_ARGS__)
#define CO_GO_LIST_4(macro, one, ...) macro one, CO_GO_LIST_3(macro, __VA_ARGS__)
#define CO_GO_LIST_5(macro, one, ...) macro one, CO_GO_LIST_4(macro, __VA_ARGS__)
#define CO_GO_LIST_6(macro, one, ...) macro one, CO_GO_LIST_5(macro, __VA_ARGS__)
#define CO_GO_LIST_7(macro, one, ...) macro one, CO_GO_LIST_6(macro, __VA_ARGS__)
#define CO_GO_LIST_8(macro, one, ...) macro one, CO_GO_LIST_7(macro, __VA_ARGS__)

#endif
