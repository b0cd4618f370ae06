/* SPDX-License-Identifier: MIT */
#include "ledger/domain/money.h"

#include <string.h>

money money_max(void)
{
    /* There are no literals of 128 bits. */
    const money ten_to_19 = (money)10000000000000000000ULL;
    return ten_to_19 * ten_to_19 - 1;
}

/* Both are within +-(10^38 - 1), so the sum cannot pass the 128 bits (1.7 * 10^38 each way). */
bool money_add(money a, money b, money *sum)
{
    money total;
    if (__builtin_add_overflow(a, b, &total))
        return false;
    if (total > money_max() || total < -money_max())
        return false;
    *sum = total;
    return true;
}

bool money_parse(const char *text, size_t length, bool negative_too, money *value)
{
    /* Each number in one way: no plus, no leading zero, no minus zero. */
    bool negative = negative_too && length > 0 && text[0] == '-';
    const char *digit = text + negative;
    size_t digits = length - negative;
    if (digits < 1 || digits > MONEY_DIGITS || (digit[0] == '0' && (digits > 1 || negative)))
        return false;
    money sum = 0;
    for (size_t i = 0; i < digits; i++) {
        if (digit[i] < '0' || digit[i] > '9')
            return false;
        sum = sum * 10 + (digit[i] - '0');
    }
    *value = negative ? -sum : sum;
    return true;
}

size_t money_format(money value, char text[MONEY_TEXT])
{
    char reversed[MONEY_TEXT];
    size_t digits = 0, at = 0;
    co_ensure(value <= money_max() && value >= -money_max());
    if (value < 0) {
        text[at++] = '-';
        value = -value;
    }
    /* Divide the 128 bits only as often as needed: most amounts fit in 64. */
    while (value > UINT64_MAX) {
        reversed[digits++] = (char)('0' + (int)(value % 10));
        value /= 10;
    }
    uint64_t rest = (uint64_t)value;
    do {
        reversed[digits++] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    while (digits > 0)
        text[at++] = reversed[--digits];
    text[at] = '\0';
    return at;
}
