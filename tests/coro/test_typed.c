/* SPDX-License-Identifier: MIT */
/* Channels with a type, `go` with arguments, and the waits that a context ends. What must not
 * compile is in refused.sh. */
#include <string.h>

#include "coro/chan_context.h"
#include "coro/chan_of.h"
#include "coro/clock.h"
#include "coro/go.h"
#include "coro/topic.h"
#include "tests/coro/suites.h"

struct place {
    int x;
    double y;
};
CO_CHAN_OF(int)
CO_CHAN_OF_NAMED(place, struct place)
CO_CHAN_OF_NAMED(text, const char *)
CO_CHAN_OF_NAMED(byte, unsigned char)
CO_CHAN_OF(double)

/* --- typed channels --------------------------------------------------------------------------- */

static void items_have_a_type(void)
{
    CO_CHAN(place) places = CO_CHAN_MAKE(place, 1);
    CO_CHAN(text) texts = CO_CHAN_MAKE(text, 1);
    CO_CHAN(byte) bytes = CO_CHAN_MAKE(byte, 1);
    CO_CHAN(double) doubles = CO_CHAN_MAKE(double, 1);
    CU_ASSERT_FALSE(CO_CHAN_IS_NULL(places));
    CU_ASSERT_EQUAL(sizeof places, sizeof(struct co_chan *));

    struct place sent = {1, 2.5}, place_got;
    const char *text_got;
    unsigned char byte_got;
    double double_got;
    CU_ASSERT_EQUAL(CO_CHAN_SEND(places, sent), CO_CHAN_OK);
    CU_ASSERT_EQUAL(CO_CHAN_SEND(texts, "hello"), CO_CHAN_OK);
    CU_ASSERT_EQUAL(CO_CHAN_SEND(bytes, 200), CO_CHAN_OK);
    CU_ASSERT_EQUAL(CO_CHAN_SEND(doubles, 3), CO_CHAN_OK); /* widened, not copied byte by byte */
    CU_ASSERT_EQUAL(CO_CHAN_RECV(places, &place_got), CO_CHAN_OK);
    CU_ASSERT_EQUAL(CO_CHAN_RECV(texts, &text_got), CO_CHAN_OK);
    CU_ASSERT_EQUAL(CO_CHAN_TRY_RECV(bytes, &byte_got), CO_CHAN_OK);
    CU_ASSERT_EQUAL(CO_CHAN_TRY_RECV(doubles, &double_got), CO_CHAN_OK);
    CU_ASSERT(place_got.x == 1 && place_got.y == 2.5);
    CU_ASSERT_STRING_EQUAL(text_got, "hello");
    CU_ASSERT_EQUAL(byte_got, 200);
    CU_ASSERT(double_got == 3.0);
    CU_ASSERT_EQUAL(CO_CHAN_TRY_SEND(bytes, byte_got), CO_CHAN_OK);
    CU_ASSERT_EQUAL(CO_CHAN_TRY_SEND(bytes, byte_got), CO_CHAN_WOULD_BLOCK);

    CO_CHAN_FREE(&places);
    CO_CHAN_FREE(&texts);
    CO_CHAN_FREE(&bytes);
    CO_CHAN_FREE(&doubles);
    CU_ASSERT(CO_CHAN_IS_NULL(doubles));
}

CO_GO_FUNCTION(count_to, (int, last), (CO_SENDER(int), out))
{
    for (int i = 1; i <= last; i++)
        CU_ASSERT_EQUAL(CO_CHAN_SEND(out, i), CO_CHAN_OK);
    CO_CHAN_CLOSE(out);
}

static void range_ends_with_the_channel(void)
{
    CO_CHAN(int) numbers = CO_CHAN_MAKE(int, 0);
    CU_ASSERT(co_go(count_to, 100, CO_SENDER_OF(int, numbers)));
    CO_RECEIVER(int) out = CO_RECEIVER_OF(int, numbers);
    int sum = 0;
    CO_CHAN_RANGE(int, n, out)
    sum += n;
    CU_ASSERT_EQUAL(sum, 5050);
    CO_CHAN_FREE(&numbers);
}

static int evaluated;

static int next_number(void)
{
    return ++evaluated;
}

static void a_value_is_evaluated_once(void)
{
    CO_CHAN(int) numbers = CO_CHAN_MAKE(int, 2);
    evaluated = 0;
    CU_ASSERT_EQUAL(CO_CHAN_SEND(numbers, next_number()), CO_CHAN_OK);
    CU_ASSERT_EQUAL(evaluated, 1);
    CO_CHAN_FREE(&numbers);
}

static void select_has_typed_cases(void)
{
    CO_CHAN(int) numbers = CO_CHAN_MAKE(int, 1);
    CO_CHAN(text) texts = CO_CHAN_MAKE(text, 1);
    int number = 0, sent = 7;
    const char *word = NULL;
    CU_ASSERT_EQUAL(
        co_select_try(CO_CASES(CO_RECV_CASE(numbers, &number), CO_RECV_CASE(texts, &word))),
        CO_SELECT_NONE);
    CU_ASSERT_EQUAL(
        co_select_wait(CO_CASES(CO_RECV_CASE(texts, &word), CO_SEND_CASE(numbers, &sent))), 1);
    CU_ASSERT_EQUAL(
        co_select_timeout(
            CO_CASES(CO_RECV_CASE(numbers, &number), CO_RECV_CASE(texts, &word)), CO_CLOCK_S),
        0);
    CU_ASSERT_EQUAL(number, 7);

    /* With a name, a close can be told from an item. */
    CO_CHAN_CLOSE(texts);
    struct co_select_case cases[] = {CO_RECV_CASE(numbers, &number), CO_RECV_CASE(texts, &word)};
    CU_ASSERT_EQUAL(co_select_wait(cases, 2), 1);
    CU_ASSERT_EQUAL(cases[1].status, CO_CHAN_CLOSED);
    CO_CHAN_FREE(&numbers);
    CO_CHAN_FREE(&texts);
}

/* --- go --------------------------------------------------------------------------------------- */

static _Atomic int called;

CO_GO_FUNCTION(call_it)
{
    called++;
}

CO_GO_FUNCTION(square, (int, n), (double, factor), (struct place, at), (CO_SENDER(int), out))
{
    CU_ASSERT_EQUAL(CO_CHAN_SEND(out, (int)(n * n * factor) + at.x), CO_CHAN_OK);
}

static void arguments_are_copied(void)
{
    struct co_waitgroup all = {0};
    CO_CHAN(int) squares = CO_CHAN_MAKE(int, 10);
    struct place at = {1000, 0};
    for (int i = 1; i <= 10; i++)
        CU_ASSERT(co_waitgroup_go(&all, square, i, 2.0, at, CO_SENDER_OF(int, squares)));
    at.x = 0; /* they have theirs */
    co_waitgroup_wait(&all);
    CO_CHAN_CLOSE(squares);
    int sum = 0;
    CO_CHAN_RANGE(int, n, squares)
    sum += n;
    CU_ASSERT_EQUAL(sum, 10 * 1000 + 2 * 385);
    CO_CHAN_FREE(&squares);

    called = 0;
    CU_ASSERT(co_waitgroup_go(&all, call_it));
    co_waitgroup_wait(&all);
    call_it(); /* an ordinary function, too */
    CU_ASSERT_EQUAL(called, 2);
}

/* --- waits that a context ends ---------------------------------------------------------------- */

static void a_context_ends_a_wait(void)
{
    int item = 1;
    struct co_chan *nobody = co_chan_make(sizeof item, 0), *room = co_chan_make(sizeof item, 1);
    struct co_context *context = co_context_with_timeout(co_context_background(), CO_CLOCK_MS);
    CU_ASSERT_EQUAL(co_chan_context_recv(context, nobody, &item), CO_CHAN_CANCELLED);
    CU_ASSERT_EQUAL(co_context_err(context), CO_CONTEXT_DEADLINE);
    CU_ASSERT_EQUAL(co_chan_context_send(context, nobody, &item), CO_CHAN_CANCELLED);
    CU_ASSERT_EQUAL(co_chan_context_send(context, room, &item), CO_CHAN_CANCELLED);
    CU_ASSERT_EQUAL(co_chan_len(room), 0);
    co_context_release(&context);

    context = co_context_with_cancel(co_context_background());
    CU_ASSERT_EQUAL(co_chan_context_send(context, room, &item), CO_CHAN_OK);
    item = 0;
    CU_ASSERT_EQUAL(co_chan_context_recv(context, room, &item), CO_CHAN_OK);
    CU_ASSERT_EQUAL(item, 1);
    CU_ASSERT_EQUAL(co_chan_context_send(co_context_background(), room, &item), CO_CHAN_OK);
    co_chan_close(room);
    CU_ASSERT_EQUAL(co_chan_context_recv(co_context_background(), room, &item), CO_CHAN_OK);
    CU_ASSERT_EQUAL(co_chan_context_recv(context, room, &item), CO_CHAN_CLOSED);
    co_context_release(&context);
    co_chan_free(&nobody);
    co_chan_free(&room);
}

/* --- a publisher that waits ------------------------------------------------------------------- */

enum { PUBLISHED = 1000 };

CO_GO_FUNCTION(publish_numbers, (struct co_topic *, topic), (struct co_context *, context),
    (enum co_chan_status *, last))
{
    for (int i = 1; i <= PUBLISHED; i++)
        *last = co_topic_publish_all(context, topic, &i);
    co_topic_close(topic);
}

CO_GO_FUNCTION(add_up, (struct co_subscription *, from), (int *, sum))
{
    int item;
    while (co_chan_recv(co_topic_chan(from), &item) == CO_CHAN_OK)
        *sum += item;
}

static void nobody_misses_what_is_published_to_all(void)
{
    struct co_topic *topic = co_topic_make(sizeof(int));
    struct co_subscription *narrow = co_topic_subscribe(topic, 1),
                           *wide = co_topic_subscribe(topic, 50);
    struct co_waitgroup all = {0};
    enum co_chan_status last = CO_CHAN_CLOSED;
    int sums[2] = {0};
    CU_ASSERT(co_waitgroup_go(&all, publish_numbers, topic, co_context_background(), &last));
    CU_ASSERT(co_waitgroup_go(&all, add_up, narrow, &sums[0]));
    CU_ASSERT(co_waitgroup_go(&all, add_up, wide, &sums[1]));
    co_waitgroup_wait(&all);
    CU_ASSERT_EQUAL(last, CO_CHAN_OK);
    CU_ASSERT_EQUAL(sums[0], PUBLISHED * (PUBLISHED + 1) / 2);
    CU_ASSERT_EQUAL(sums[1], sums[0]);
    CU_ASSERT_EQUAL(co_topic_missed(narrow), 0);
    co_topic_unsubscribe(topic, &narrow);
    co_topic_unsubscribe(topic, &wide);
    co_topic_free(&topic);
}

CO_GO_FUNCTION(publish_one, (struct co_topic *, topic), (struct co_context *, context),
    (enum co_chan_status *, status))
{
    int item = 1;
    *status = co_topic_publish_all(context, topic, &item);
}

/* A publisher waits for one whose queue is full; that one goes, and the next one gets the item. */
static void a_publisher_goes_on_when_a_subscriber_leaves(void)
{
    struct co_topic *topic = co_topic_make(sizeof(int));
    struct co_subscription *other = co_topic_subscribe(topic, 2),
                           *full = co_topic_subscribe(topic, 1);
    struct co_waitgroup all = {0};
    enum co_chan_status status = CO_CHAN_CLOSED;
    int item = 0;
    co_topic_publish(topic, &item);
    CU_ASSERT(co_waitgroup_go(&all, publish_one, topic, co_context_background(), &status));
    co_sleep(CO_CLOCK_MS);
    co_topic_unsubscribe(topic, &full);
    co_waitgroup_wait(&all);
    CU_ASSERT_EQUAL(status, CO_CHAN_OK);
    CU_ASSERT_EQUAL(co_chan_len(co_topic_chan(other)), 2);

    /* And a context ends the wait, as closing the topic does. */
    struct co_context *context = co_context_with_timeout(co_context_background(), CO_CLOCK_MS);
    CU_ASSERT_EQUAL(co_topic_publish_all(context, topic, &item), CO_CHAN_CANCELLED);
    co_context_release(&context);
    CU_ASSERT(co_waitgroup_go(&all, publish_one, topic, co_context_background(), &status));
    co_sleep(CO_CLOCK_MS);
    co_topic_close(topic);
    co_waitgroup_wait(&all);
    CU_ASSERT_EQUAL(status, CO_CHAN_CLOSED);
    co_topic_unsubscribe(topic, &other);
    co_topic_free(&topic);
}

static const struct unit_test tests[] = {
    {"items_have_a_type", items_have_a_type},
    {"range_ends_with_the_channel", range_ends_with_the_channel},
    {"a_value_is_evaluated_once", a_value_is_evaluated_once},
    {"select_has_typed_cases", select_has_typed_cases},
    {"arguments_are_copied", arguments_are_copied},
    {"a_context_ends_a_wait", a_context_ends_a_wait},
    {"nobody_misses_what_is_published_to_all", nobody_misses_what_is_published_to_all},
    {"a_publisher_goes_on_when_a_subscriber_leaves", a_publisher_goes_on_when_a_subscriber_leaves},
    {NULL, NULL},
};

const struct unit_suite suite_typed = {.name = "typed", .tests = tests};
