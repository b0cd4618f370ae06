/* SPDX-License-Identifier: MIT */
/*
 * Channels whose items have a type, on top of chan.h and at no cost: a channel of int is the
 * pointer that co_chan_make() returned, in a union that remembers `int`. What does not fit (a
 * double sent into a channel of int, a receive into another type, a channel of long passed for one
 * of int, a receive from an end that only sends) does not compile, in gcc and clang.
 *
 * At file level, once for each type:
 *     CO_CHAN_OF(int)
 * and then
 *     CO_CHAN(int) ch = CO_CHAN_MAKE(int, 0);              ch := make(chan int)
 *     if (CO_CHAN_IS_NULL(ch)) ...                      (memory was short)
 *     CO_CHAN_SEND(ch, 3)                               ch <- 3
 *     CO_CHAN_RECV(ch, &item)                           item, ok := <-ch
 *     CO_CHAN_RANGE (int, item, ch) { ... }             for item := range ch { ... }
 *     CO_CHAN_CLOSE(ch)                                 close(ch)
 *     CO_SENDER(int) in = CO_SENDER_OF(int, ch);           var in chan<- int = ch
 *     CO_RECEIVER(int) out = CO_RECEIVER_OF(int, ch);      var out <-chan int = ch
 *     co_select_wait(CO_CASES(CO_RECV_CASE(ch, &item), CO_SEND_CASE(other, &text)))
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
 * CO_CHAN_OF_NAMED gives a name to a type of several words: CO_CHAN_OF_NAMED(text, const char
 * *). */
#define CO_CHAN_OF(T) CO_CHAN_OF_NAMED(T, T)
#define CO_CHAN_OF_NAMED(T, type)                                                                  \
    union co_chan_of_##T {                                                                         \
        struct co_chan *chan;                                                                      \
        type *sends; /* this and the next for their type alone */                                  \
        type *receives;                                                                            \
    };                                                                                             \
    union co_sender_of_##T {                                                                       \
        struct co_chan *chan;                                                                      \
        type *sends;                                                                               \
    };                                                                                             \
    union co_receiver_of_##T {                                                                     \
        struct co_chan *chan;                                                                      \
        type *receives;                                                                            \
    };
#define CO_CHAN(T) union co_chan_of_##T
#define CO_SENDER(T) union co_sender_of_##T
#define CO_RECEIVER(T) union co_receiver_of_##T

/* A channel for items of type T; it is null when memory is short. CO_CHAN_FREE takes its
 * address. */
#define CO_CHAN_MAKE(T, capacity)                                                                  \
    ((union co_chan_of_##T){co_chan_make(sizeof *((union co_chan_of_##T *)0)->sends, (capacity))})
#define CO_CHAN_IS_NULL(ch) (!(ch).chan)
#define CO_CHAN_FREE(ch) co_chan_free(&(ch)->chan)

/* One end of it, of the same type, as the compiler checks. Only the sending end closes. */
#define CO_SENDER_OF(T, ch)                                                                        \
    _Generic((ch).sends, __typeof__(((union co_sender_of_##T *)0)->sends)                          \
             : (union co_sender_of_##T){(ch).chan})
#define CO_RECEIVER_OF(T, ch)                                                                      \
    _Generic((ch).receives, __typeof__(((union co_receiver_of_##T *)0)->receives)                  \
             : (union co_receiver_of_##T){(ch).chan})
#define CO_CHAN_CLOSE(ch) ((void)(ch).sends, co_chan_close((ch).chan))

/* Send a value that fits: of the channel's type, or one that C widens to it without loss of range,
 * or an integer constant. The value is evaluated once. */
#define CO_CHAN_SEND(ch, value) CO_CHAN_SEND_(co_chan_send, ch, value)
#define CO_CHAN_TRY_SEND(ch, value) CO_CHAN_SEND_(co_chan_try_send, ch, value)

/* Receive into what `item` points to. */
#define CO_CHAN_RECV(ch, item) CO_CHAN_RECV_(co_chan_recv, ch, item)
#define CO_CHAN_TRY_RECV(ch, item) CO_CHAN_RECV_(co_chan_try_recv, ch, item)

/* The statement that follows runs for each item, until the channel is closed and drained. */
#define CO_CHAN_RANGE(type, item, ch) for (type item; CO_CHAN_RECV(ch, &item) == CO_CHAN_OK;)

/* A case of a select. `item` is a pointer: read by a send, written by a receive. CO_CASES() makes
 * the first two arguments of co_select_wait(), co_select_try() and co_select_timeout(); to tell a
 * received item from a close, name the array instead and look at its `status`. */
#define CO_SEND_CASE(ch, item_)                                                                    \
    {                                                                                              \
        .op = CO_SELECT_SEND, .chan = (ch).chan, .item = CO_CHAN_POINTER_((ch).sends, item_)       \
    }
#define CO_RECV_CASE(ch, item_)                                                                    \
    {                                                                                              \
        .op = CO_SELECT_RECV, .chan = (ch).chan, .item = CO_CHAN_POINTER_((ch).receives, item_)    \
    }
#define CO_CASES(...)                                                                              \
    (struct co_select_case[]){__VA_ARGS__},                                                        \
        sizeof((struct co_select_case[]){__VA_ARGS__}) / sizeof(struct co_select_case)

/* --- how it is done --------------------------------------------------------------------------- */

#define CO_CHAN_CHECK_(condition, text)                                                            \
    ((void)sizeof(struct {                                                                         \
        _Static_assert(condition, text);                                                           \
        char nothing;                                                                              \
    }))
#define CO_CHAN_SAME_(a, b) __builtin_types_compatible_p(__typeof__(a), __typeof__(b))

/* C's conditional operator finds the common type of two: if that is T, C widens the value to it.
 * A signed value does not become an unsigned one, nor an int a smaller type, unless it is a
 * constant, as in Go. */
#define CO_CHAN_POINTS_(value) (__builtin_classify_type(((void)0, (value))) == 5)
#define CO_CHAN_WIDENS_(T, value)                                                                  \
    (__builtin_types_compatible_p(T, __typeof__(1 ? (value) : *(T *)0)) &&                         \
        CO_CHAN_POINTS_(value) == CO_CHAN_POINTS_(*(T *)0))
#define CO_CHAN_IS_(value, T) __builtin_types_compatible_p(__typeof__(((void)0, (value))), T)
#define CO_CHAN_HAS_SIGN_(value)                                                                   \
    (CO_CHAN_IS_(value, int) || CO_CHAN_IS_(value, long) || CO_CHAN_IS_(value, long long))
#define CO_CHAN_NO_SIGN_(T)                                                                        \
    (CO_CHAN_SAME_(T, unsigned) || CO_CHAN_SAME_(T, unsigned long) ||                              \
        CO_CHAN_SAME_(T, unsigned long long))
#define CO_CHAN_IS_SMALL_(T)                                                                       \
    (CO_CHAN_SAME_(T, bool) || CO_CHAN_SAME_(T, char) || CO_CHAN_SAME_(T, signed char) ||          \
        CO_CHAN_SAME_(T, unsigned char) || CO_CHAN_SAME_(T, short) ||                              \
        CO_CHAN_SAME_(T, unsigned short))
#define CO_CHAN_FITS_(T, value)                                                                    \
    (CO_CHAN_IS_(value, T) ||                                                                      \
        (CO_CHAN_WIDENS_(T, value) && !(CO_CHAN_NO_SIGN_(T) && CO_CHAN_HAS_SIGN_(value))) ||       \
        ((CO_CHAN_IS_SMALL_(T) || CO_CHAN_NO_SIGN_(T)) && CO_CHAN_HAS_SIGN_(value) &&              \
            __builtin_constant_p(value)))

#define CO_CHAN_SEND_(how, ch, value)                                                              \
    ({                                                                                             \
        CO_CHAN_CHECK_(                                                                            \
            CO_CHAN_FITS_(__typeof__(*(ch).sends), value), "not an item of this channel");         \
        __typeof__(ch) to_ = (ch);                                                                 \
        __typeof__(*to_.sends) value_ = (value);                                                   \
        how(to_.chan, &value_);                                                                    \
    })
#define CO_CHAN_RECV_(how, ch, item)                                                               \
    (CO_CHAN_CHECK_(CO_CHAN_SAME_(*(ch).receives, *(item)), "not an item of this channel"),        \
        how((ch).chan, (item)))
#define CO_CHAN_POINTER_(typed, item)                                                              \
    (CO_CHAN_CHECK_(CO_CHAN_SAME_(*(typed), *(item)), "not an item of this channel"),              \
        (void *)(item))

#endif
