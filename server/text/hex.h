/* SPDX-License-Identifier: MIT */
/* Hexadecimal digits. (Digests as a whole: ledger/domain/hash.h.) */
#ifndef SERVER_TEXT_HEX_H
#define SERVER_TEXT_HEX_H

/* 0 .. 15, of a digit of either case; -1: it is not a digit. */
static inline int hex_value(char c)
{
    char small = (char)(c | 0x20);
    return c >= '0' && c <= '9' ? c - '0' : small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

/* Two digits of a byte, without an end; returns what is behind them. */
static inline char *hex_write(char *to, char byte)
{
    static const char digits[] = "0123456789abcdef";
    *to++ = digits[(unsigned char)byte >> 4];
    *to++ = digits[byte & 15];
    return to;
}

#endif
