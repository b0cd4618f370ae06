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
CHAN_OF(int)
CHAN_OF_NAMED(place, struct place)
CHAN_OF_NAMED(text, const char *)
CHAN_OF_NAMED(byte, unsigned char)
CHAN_OF(double)

/* --- typed channels --------------------------------------------------------------------------- */

static void items_have_a_type(void)
{
    CHAN(place) places = CHAN_MAKE(place, 1);
    CHAN(text) texts = CHAN_MAKE(text, 1);
    CHAN(byte) bytes = CHAN_MAKE(byte, 1);
    CHAN(double) doubles = CHAN_MAKE(double, 1);
    CU_ASSERT_FALSE(CHAN_IS_NULL(places));
    CU_ASSERT_EQUAL(sizeof places, sizeof(struct chan *));

    struct place sent = {1, 2.5}, place_got;
    const char *text_got;
    unsigned char byte_got;
    double double_got;
    CU_ASSERT_EQUAL(CHAN_SEND(places, sent), CHAN_OK);
    CU_ASSERT_EQUAL(CHAN_SEND(texts, "hello"), CHAN_OK);
    CU_ASSERT_EQUAL(CHAN_SEND(bytes, 200), CHAN_OK);
    CU_ASSERT_EQUAL(CHAN_SEND(doubles, 3), CHAN_OK); /* widened, not copied byte by byte */
    CU_ASSERT_EQUAL(CHAN_RECV(places, &place_got), CHAN_OK);
    CU_ASSERT_EQUAL(CHAN_RECV(texts, &text_got), CHAN_OK);
    CU_ASSERT_EQUAL(CHAN_TRY_RECV(bytes, &byte_got), CHAN_OK);
    CU_ASSERT_EQUAL(CHAN_TRY_RECV(doubles, &double_got), CHAN_OK);
    CU_ASSERT(place_got.x == 1 && place_got.y == 2.5);
    CU_ASSERT_STRING_EQUAL(text_got, "hello");
    CU_ASSERT_EQUAL(byte_got, 200);
    CU_ASSERT(double_got == 3.0);
    CU_ASSERT_EQUAL(CHAN_TRY_SEND(bytes, byte_got), CHAN_OK);
    CU_ASSERT_EQUAL(CHAN_TRY_SEND(bytes, byte_got), CHAN_WOULD_BLOCK);

    CHAN_FREE(&places);
    CHAN_FREE(&texts);
    CHAN_FREE(&bytes);
    CHAN_FREE(&doubles);
    CU_ASSERT(CHAN_IS_NULL(doubles));
}

GO_FUNCTION(count_to, (int, last), (SENDER(int), out))
{
    for (int i = 1; i <= last; i++)
        CU_ASSERT_EQUAL(CHAN_SEND(out, i), CHAN_OK);
    CHAN_CLOSE(out);
}

static void range_ends_with_the_channel(void)
{
    CHAN(int) numbers = CHAN_MAKE(int, 0);
    CU_ASSERT(go(count_to, 100, SENDER_OF(int, numbers)));
    RECEIVER(int) out = RECEIVER_OF(int, numbers);
    int sum = 0;
    CHAN_RANGE(int, n, out)
    sum += n;
    CU_ASSERT_EQUAL(sum, 5050);
    CHAN_FREE(&numbers);
}

static int evaluated;

static int next_number(void)
{
    return ++evaluated;
}

static void a_value_is_evaluated_once(void)
{
    CHAN(int) numbers = CHAN_MAKE(int, 2);
    evaluated = 0;
    CU_ASSERT_EQUAL(CHAN_SEND(numbers, next_number()), CHAN_OK);
    CU_ASSERT_EQUAL(evaluated, 1);
    CHAN_FREE(&numbers);
}

static void select_has_typed_cases(void)
{
    CHAN(int) numbers = CHAN_MAKE(int, 1);
    CHAN(text) texts = CHAN_MAKE(text, 1);
    int number = 0, sent = 7;
    const char *word = NULL;
    CU_ASSERT_EQUAL(
        select_try(CASES(RECV_CASE(numbers, &number), RECV_CASE(texts, &word))), SELECT_NONE);
    CU_ASSERT_EQUAL(select_wait(CASES(RECV_CASE(texts, &word), SEND_CASE(numbers, &sent))), 1);
    CU_ASSERT_EQUAL(
        select_timeout(CASES(RECV_CASE(numbers, &number), RECV_CASE(texts, &word)), CLOCK_S), 0);
    CU_ASSERT_EQUAL(number, 7);

    /* With a name, a close can be told from an item. */
    CHAN_CLOSE(texts);
    struct select_case cases[] = {RECV_CASE(numbers, &number), RECV_CASE(texts, &word)};
    CU_ASSERT_EQUAL(select_wait(cases, 2), 1);
    CU_ASSERT_EQUAL(cases[1].status, CHAN_CLOSED);
    CHAN_FREE(&numbers);
    CHAN_FREE(&texts);
}

/* --- go --------------------------------------------------------------------------------------- */

static _Atomic int called;

GO_FUNCTION(call_it)
{
    called++;
}

GO_FUNCTION(square, (int, n), (double, factor), (struct place, at), (SENDER(int), out))
{
    CU_ASSERT_EQUAL(CHAN_SEND(out, (int)(n * n * factor) + at.x), CHAN_OK);
}

static void arguments_are_copied(void)
{
    struct waitgroup all = {0};
    CHAN(int) squares = CHAN_MAKE(int, 10);
    struct place at = {1000, 0};
    for (int i = 1; i <= 10; i++)
        CU_ASSERT(waitgroup_go(&all, square, i, 2.0, at, SENDER_OF(int, squares)));
    at.x = 0; /* they have theirs */
    waitgroup_wait(&all);
    CHAN_CLOSE(squares);
    int sum = 0;
    CHAN_RANGE(int, n, squares)
    sum += n;
    CU_ASSERT_EQUAL(sum, 10 * 1000 + 2 * 385);
    CHAN_FREE(&squares);

    called = 0;
    CU_ASSERT(waitgroup_go(&all, call_it));
    waitgroup_wait(&all);
    call_it(); /* an ordinary function, too */
    CU_ASSERT_EQUAL(called, 2);
}

/* --- waits that a context ends ---------------------------------------------------------------- */

static void a_context_ends_a_wait(void)
{
    int item = 1;
    struct chan *nobody = chan_make(sizeof item, 0), *room = chan_make(sizeof item, 1);
    struct context *context = context_with_timeout(context_background(), CLOCK_MS);
    CU_ASSERT_EQUAL(chan_context_recv(context, nobody, &item), CHAN_CANCELLED);
    CU_ASSERT_EQUAL(context_err(context), CONTEXT_DEADLINE);
    CU_ASSERT_EQUAL(chan_context_send(context, nobody, &item), CHAN_CANCELLED);
    CU_ASSERT_EQUAL(chan_context_send(context, room, &item), CHAN_CANCELLED);
    CU_ASSERT_EQUAL(chan_len(room), 0);
    context_release(&context);

    context = context_with_cancel(context_background());
    CU_ASSERT_EQUAL(chan_context_send(context, room, &item), CHAN_OK);
    item = 0;
    CU_ASSERT_EQUAL(chan_context_recv(context, room, &item), CHAN_OK);
    CU_ASSERT_EQUAL(item, 1);
    CU_ASSERT_EQUAL(chan_context_send(context_background(), room, &item), CHAN_OK);
    chan_close(room);
    CU_ASSERT_EQUAL(chan_context_recv(context_background(), room, &item), CHAN_OK);
    CU_ASSERT_EQUAL(chan_context_recv(context, room, &item), CHAN_CLOSED);
    context_release(&context);
    chan_free(&nobody);
    chan_free(&room);
}

/* --- a publisher that waits ------------------------------------------------------------------- */

enum { PUBLISHED = 1000 };

GO_FUNCTION(publish_numbers, (struct topic *, topic), (struct context *, context),
    (enum chan_status *, last))
{
    for (int i = 1; i <= PUBLISHED; i++)
        *last = topic_publish_all(context, topic, &i);
    topic_close(topic);
}

GO_FUNCTION(add_up, (struct subscription *, from), (int *, sum))
{
    int item;
    while (chan_recv(topic_chan(from), &item) == CHAN_OK)
        *sum += item;
}

static void nobody_misses_what_is_published_to_all(void)
{
    struct topic *topic = topic_make(sizeof(int));
    struct subscription *narrow = topic_subscribe(topic, 1), *wide = topic_subscribe(topic, 50);
    struct waitgroup all = {0};
    enum chan_status last = CHAN_CLOSED;
    int sums[2] = {0};
    CU_ASSERT(waitgroup_go(&all, publish_numbers, topic, context_background(), &last));
    CU_ASSERT(waitgroup_go(&all, add_up, narrow, &sums[0]));
    CU_ASSERT(waitgroup_go(&all, add_up, wide, &sums[1]));
    waitgroup_wait(&all);
    CU_ASSERT_EQUAL(last, CHAN_OK);
    CU_ASSERT_EQUAL(sums[0], PUBLISHED * (PUBLISHED + 1) / 2);
    CU_ASSERT_EQUAL(sums[1], sums[0]);
    CU_ASSERT_EQUAL(topic_missed(narrow), 0);
    topic_unsubscribe(topic, &narrow);
    topic_unsubscribe(topic, &wide);
    topic_free(&topic);
}

GO_FUNCTION(
    publish_one, (struct topic *, topic), (struct context *, context), (enum chan_status *, status))
{
    int item = 1;
    *status = topic_publish_all(context, topic, &item);
}

/* A publisher waits for one whose queue is full; that one goes, and the next one gets the item. */
static void a_publisher_goes_on_when_a_subscriber_leaves(void)
{
    struct topic *topic = topic_make(sizeof(int));
    struct subscription *other = topic_subscribe(topic, 2), *full = topic_subscribe(topic, 1);
    struct waitgroup all = {0};
    enum chan_status status = CHAN_CLOSED;
    int item = 0;
    topic_publish(topic, &item);
    CU_ASSERT(waitgroup_go(&all, publish_one, topic, context_background(), &status));
    co_sleep(CLOCK_MS);
    topic_unsubscribe(topic, &full);
    waitgroup_wait(&all);
    CU_ASSERT_EQUAL(status, CHAN_OK);
    CU_ASSERT_EQUAL(chan_len(topic_chan(other)), 2);

    /* And a context ends the wait, as closing the topic does. */
    struct context *context = context_with_timeout(context_background(), CLOCK_MS);
    CU_ASSERT_EQUAL(topic_publish_all(context, topic, &item), CHAN_CANCELLED);
    context_release(&context);
    CU_ASSERT(waitgroup_go(&all, publish_one, topic, context_background(), &status));
    co_sleep(CLOCK_MS);
    topic_close(topic);
    waitgroup_wait(&all);
    CU_ASSERT_EQUAL(status, CHAN_CLOSED);
    topic_unsubscribe(topic, &other);
    topic_free(&topic);
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
