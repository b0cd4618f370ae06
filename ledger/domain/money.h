/* SPDX-License-Identifier: MIT */
/*
 * Money: a whole number of an asset's smallest unit, in 128 bits, never beyond +-(10^38 - 1).
 * Every addition goes through money_add(), which refuses what would leave that range.
 */
#ifndef LEDGER_DOMAIN_MONEY_H
#define LEDGER_DOMAIN_MONEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coro/ensure.h"

__extension__ typedef __int128 money;

enum { MONEY_DIGITS = 38, MONEY_TEXT = 41 /* sign, 38 digits, end, and one to spare */ };

/* 10^38 - 1: the largest balance, and the largest amount. */
money money_max(void);

/* *sum = a + b; false, and *sum untouched, when that is out of range. */
CO_MUST_CHECK bool money_add(money a, money b, money *sum);

/* Read exactly `length` characters: digits without leading zeros ("0" itself is one), with one
 * leading '-' if `negative_too`. False if they are anything else or out of range. */
CO_MUST_CHECK bool money_parse(const char *text, size_t length, bool negative_too, money *value);

/* Write it in decimal with an end; returns the length. */
size_t money_format(money value, char text[MONEY_TEXT]);

#endif
