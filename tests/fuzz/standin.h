/* SPDX-License-Identifier: MIT */
/*
 * Stands in for the ledger, its bank and the desk of tokens: it keeps nothing, holds each command
 * that reaches it to what its header promises, and answers now so, now so, by what was asked alone.
 * For one coroutine.
 */
#ifndef TESTS_FUZZ_STANDIN_H
#define TESTS_FUZZ_STANDIN_H

struct banks;

/* What api.h calls the banks. */
struct banks *standin_banks(void);

/* Give back what the answers were made of. */
void standin_end(void);

#endif
