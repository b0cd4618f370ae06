/* SPDX-License-Identifier: MIT */
#include "ledger/domain/money_sum.h"

#include <string.h>

void money_sum_add(struct money_sum *sum, money value)
{
    money unit = money_max() + 1, low;
    /* Bring a sum of the other sign nearer to zero first: what is added then stays in range. */
    if (sum->high > 0 && value < 0 && sum->low < -value) {
        sum->high--;
        low = sum->low + (unit + value);
    } else if (sum->high < 0 && value > 0 && sum->low > -value) {
        sum->high++;
        low = sum->low - (unit - value);
    } else if (sum->low > 0 && value >= unit - sum->low) {
        sum->high++;
        low = sum->low - (unit - value);
    } else if (sum->low < 0 && value <= -unit - sum->low) {
        sum->high--;
        low = sum->low + (unit + value);
    } else {
        low = sum->low + value;
    }
    sum->low = low;
}

size_t money_sum_format(const struct money_sum *sum, char text[MONEY_SUM_TEXT])
{
    char low[MONEY_TEXT];
    bool negative = sum->high < 0;
    if (sum->high == 0)
        return money_format(sum->low, text);
    /* Both parts have the same sign; the low one fills up its digits with zeros. */
    size_t at = money_format(sum->high, text);
    size_t length = money_format(negative ? -sum->low : sum->low, low);
    memset(text + at, '0', MONEY_DIGITS - length);
    memcpy(text + at + MONEY_DIGITS - length, low, length + 1);
    return at + MONEY_DIGITS;
}
