/* SPDX-License-Identifier: MIT */
/*
 * Exact sums of money: of any number of amounts and balances, each of which is within
 * +-(10^38 - 1), though the sum may not be. What one entry changes of a balance reaches twice that.
 */
#ifndef LEDGER_DOMAIN_MONEY_SUM_H
#define LEDGER_DOMAIN_MONEY_SUM_H

#include "ledger/domain/money.h"

enum { MONEY_SUM_TEXT = 61 /* sign, 20 digits and 38 digits, end, and one to spare */ };

/* high * 10^38 + low, neither of the other's sign; all zeros: nothing was added yet. */
struct money_sum {
    int64_t high;
    money low;
};

void money_sum_add(struct money_sum *sum, money value);

/* The sum as digits with an end, a '-' in front if it is below zero. Returns their number. */
size_t money_sum_format(const struct money_sum *sum, char text[MONEY_SUM_TEXT]);

#endif
