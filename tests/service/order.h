/* SPDX-License-Identifier: MIT */
/*
 * Strict serializability in the order of positions: an op that began after another one's answer
 * had come stands behind it in the journal. The clients share a clock, so their times compare.
 */
#ifndef TESTS_SERVICE_ORDER_H
#define TESTS_SERVICE_ORDER_H

#include "tests/service/history.h"

/* How many ops break that; then *earlier and *later are one such pair. */
CO_MUST_CHECK size_t order_check(
    struct history *histories, size_t count, const struct op **earlier, const struct op **later);

#endif
