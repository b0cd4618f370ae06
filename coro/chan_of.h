/* SPDX-License-Identifier: MIT */
/*
 * Channels whose items have a type, on top of chan.h and at no cost: a channel of int is the
 * pointer that chan_make() returned, in a union that remembers `int`. What does not fit (a double
 * sent into a channel of int, a receive into another type, a channel of long passed for one of int,
 * a receive from an end that only sends) does not compile, in gcc and clang.
 *
 * At file level, once for each type:
 *     CHAN_OF(int)
 * and then
 *     CHAN(int) ch = CHAN_MAKE(int, 0);              ch := make(chan int)
 *     if (CHAN_IS_NULL(ch)) ...                      (memory was short)
 *     CHAN_SEND(ch, 3)                               ch <- 3
 *     CHAN_RECV(ch, &item)                           item, ok := <-ch
 *     CHAN_RANGE (int, item, ch) { ... }             for item := range ch { ... }
 *     CHAN_CLOSE(ch)                                 close(ch)
 *     SENDER(int) in = SENDER_OF(int, ch);           var in chan<- int = ch
 *     RECEIVER(int) out = RECEIVER_OF(int, ch);      var out <-chan int = ch
 *     select_wait(CASES(RECV_CASE(ch, &item), SEND_CASE(other, &text)))
 *
 * What parks, statuses and thread-safety are those of the functions of chan.h that are called:
 * `.chan` is the channel that they take. C++ has coro.hpp.
 */
#ifndef CORO_CHAN_OF_H
#define CORO_CHAN_OF_H

#include <stdbool.h>

#include "coro/chan.h"
#include "coro/select.h"

#ifdef __cplusplus
#error "in C++ include coro/coro.hpp"
#endif

/* The three views of a channel of a type: each one pointer, passed by value; none owns the channel.
 * CHAN_OF_NAMED gives a name to a type of several words: CHAN_OF_NAMED(text, const char *). */
#define CHAN_OF(T) CHAN_OF_NAMED(T, T)
#define CHAN_OF_NAMED(T, type)                                                                     \
    union chan_of_##T {                                                                            \
        struct chan *chan;                                                                         \
        type *sends; /* this and the next for their type alone */                                  \
        type *receives;                                                                            \
    };                                                                                             \
    union sender_of_##T {                                                                          \
        struct chan *chan;                                                                         \
        type *sends;                                                                               \
    };                                                                                             \
    union receiver_of_##T {                                                                        \
        struct chan *chan;                                                                         \
        type *receives;                                                                            \
    };
#define CHAN(T) union chan_of_##T
#define SENDER(T) union sender_of_##T
#define RECEIVER(T) union receiver_of_##T

/* A channel for items of type T; it is null when memory is short. CHAN_FREE takes its address. */
#define CHAN_MAKE(T, capacity)                                                                     \
    ((union chan_of_##T){chan_make(sizeof *((union chan_of_##T *)0)->sends, (capacity))})
#define CHAN_IS_NULL(ch) (!(ch).chan)
#define CHAN_FREE(ch) chan_free(&(ch)->chan)

/* One end of it, of the same type, as the compiler checks. Only the sending end closes. */
#define SENDER_OF(T, ch)                                                                           \
    _Generic((ch).sends, __typeof__(((union sender_of_##T *)0)->sends)                             \
             : (union sender_of_##T){(ch).chan})
#define RECEIVER_OF(T, ch)                                                                         \
    _Generic((ch).receives, __typeof__(((union receiver_of_##T *)0)->receives)                     \
             : (union receiver_of_##T){(ch).chan})
#define CHAN_CLOSE(ch) ((void)(ch).sends, chan_close((ch).chan))

/* Send a value that fits: of the channel's type, or one that C widens to it without loss of range,
 * or an integer constant. The value is evaluated once. */
#define CHAN_SEND(ch, value) CHAN_SEND_(chan_send, ch, value)
#define CHAN_TRY_SEND(ch, value) CHAN_SEND_(chan_try_send, ch, value)

/* Receive into what `item` points to. */
#define CHAN_RECV(ch, item) CHAN_RECV_(chan_recv, ch, item)
#define CHAN_TRY_RECV(ch, item) CHAN_RECV_(chan_try_recv, ch, item)

/* The statement that follows runs for each item, until the channel is closed and drained. */
#define CHAN_RANGE(type, item, ch) for (type item; CHAN_RECV(ch, &item) == CHAN_OK;)

/* A case of a select. `item` is a pointer: read by a send, written by a receive. CASES() makes the
 * first two arguments of select_wait(), select_try() and select_timeout(); to tell a
 * received item from a close, name the array instead and look at its `status`. */
#define SEND_CASE(ch, item_)                                                                       \
    {                                                                                              \
        .op = SELECT_SEND, .chan = (ch).chan, .item = CHAN_POINTER_((ch).sends, item_)             \
    }
#define RECV_CASE(ch, item_)                                                                       \
    {                                                                                              \
        .op = SELECT_RECV, .chan = (ch).chan, .item = CHAN_POINTER_((ch).receives, item_)          \
    }
#define CASES(...)                                                                                 \
    (struct select_case[]){__VA_ARGS__},                                                           \
        sizeof((struct select_case[]){__VA_ARGS__}) / sizeof(struct select_case)

/* --- how it is done --------------------------------------------------------------------------- */

#define CHAN_CHECK_(condition, text)                                                               \
    ((void)sizeof(struct {                                                                         \
        _Static_assert(condition, text);                                                           \
        char nothing;                                                                              \
    }))
#define CHAN_SAME_(a, b) __builtin_types_compatible_p(__typeof__(a), __typeof__(b))

/* C's conditional operator finds the common type of two: if that is T, C widens the value to it.
 * A signed value does not become an unsigned one, nor an int a smaller type, unless it is a
 * constant, as in Go. */
#define CHAN_POINTS_(value) (__builtin_classify_type(((void)0, (value))) == 5)
#define CHAN_WIDENS_(T, value)                                                                     \
    (__builtin_types_compatible_p(T, __typeof__(1 ? (value) : *(T *)0)) &&                         \
        CHAN_POINTS_(value) == CHAN_POINTS_(*(T *)0))
#define CHAN_IS_(value, T) __builtin_types_compatible_p(__typeof__(((void)0, (value))), T)
#define CHAN_HAS_SIGN_(value)                                                                      \
    (CHAN_IS_(value, int) || CHAN_IS_(value, long) || CHAN_IS_(value, long long))
#define CHAN_NO_SIGN_(T)                                                                           \
    (CHAN_SAME_(T, unsigned) || CHAN_SAME_(T, unsigned long) || CHAN_SAME_(T, unsigned long long))
#define CHAN_IS_SMALL_(T)                                                                          \
    (CHAN_SAME_(T, bool) || CHAN_SAME_(T, char) || CHAN_SAME_(T, signed char) ||                   \
        CHAN_SAME_(T, unsigned char) || CHAN_SAME_(T, short) || CHAN_SAME_(T, unsigned short))
#define CHAN_FITS_(T, value)                                                                       \
    (CHAN_IS_(value, T) ||                                                                         \
        (CHAN_WIDENS_(T, value) && !(CHAN_NO_SIGN_(T) && CHAN_HAS_SIGN_(value))) ||                \
        ((CHAN_IS_SMALL_(T) || CHAN_NO_SIGN_(T)) && CHAN_HAS_SIGN_(value) &&                       \
            __builtin_constant_p(value)))

#define CHAN_SEND_(how, ch, value)                                                                 \
    ({                                                                                             \
        CHAN_CHECK_(CHAN_FITS_(__typeof__(*(ch).sends), value), "not an item of this channel");    \
        __typeof__(ch) to_ = (ch);                                                                 \
        __typeof__(*to_.sends) value_ = (value);                                                   \
        how(to_.chan, &value_);                                                                    \
    })
#define CHAN_RECV_(how, ch, item)                                                                  \
    (CHAN_CHECK_(CHAN_SAME_(*(ch).receives, *(item)), "not an item of this channel"),              \
        how((ch).chan, (item)))
#define CHAN_POINTER_(typed, item)                                                                 \
    (CHAN_CHECK_(CHAN_SAME_(*(typed), *(item)), "not an item of this channel"), (void *)(item))

#endif
