/* SPDX-License-Identifier: MIT */
/*
 * What an option takes, as its row in a table of options writes it:
 *     NULL        nothing: it is on or off
 *     "on|off"    one of these words
 *     "N=0..64"   a whole number of that range; N is what the help calls it
 *     "FILE"      any text; a "LIST" is one with commas
 *     "URL..."    any text, and several of them: the command line may have it more than once. Its
 *                 value is a line for each; a file has a list, the environment lines
 */
#ifndef SERVER_CMD_OPTION_RULE_H
#define SERVER_CMD_OPTION_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coro/ensure.h"

enum option_kind { OPTION_SWITCH, OPTION_WORD, OPTION_NUMBER, OPTION_TEXT };

enum { OPTION_RULE_TEXT = 200 };

struct option_rule {
    enum option_kind kind;
    const char *takes; /* as in the table */
    size_t named;      /* so many bytes of it are what the help shows */
    bool repeats;      /* a text of which there may be several */
    int64_t low, high; /* of a number */
};

struct option_rule option_rule_of(const char *takes);

/* The place of the word among those of the rule; -1: it is none of them. */
int option_rule_word(const struct option_rule *rule, const char *word);

/* As a number of the rule's range; false: it is none. */
CO_MUST_CHECK bool option_rule_number(
    const struct option_rule *rule, const char *text, int64_t *number);

/* Is it a value that the rule allows? A switch is given as "on", "off", "1" or "0". */
CO_MUST_CHECK bool option_rule_allows(const struct option_rule *rule, const char *text);

/* "must be a whole number from 0 to 64". */
void option_rule_say(const struct option_rule *rule, char text[OPTION_RULE_TEXT]);

#endif
