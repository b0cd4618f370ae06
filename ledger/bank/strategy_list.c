/* SPDX-License-Identifier: MIT */
#include "ledger/bank/strategy_list.h"

#include <stdio.h>
#include <string.h>

#include "ledger/bank/bank_name.h"
#include "ledger/lease/lease.h"
#include "ledger/strategy/strategy.h"

const char *strategy_list_known(const char *name, size_t length)
{
    const struct strategy_kind *kind = strategy_find(name, length);
    return kind ? kind->name : NULL;
}

const char *strategy_list_default(const char *text)
{
    return strategy_list_known(text, strcspn(text, ","));
}

const char *strategy_list_find(const char *text, const char *ledger)
{
    size_t length = strlen(ledger);
    if (strcmp(ledger, BANK_NAME_MAIN) == 0)
        return strategy_list_default(text);
    /* The first word has no name; each other one begins behind a comma. */
    for (const char *word = text + strcspn(text, ","); *word; word += strcspn(word, ",")) {
        word++;
        if (strncmp(word, ledger, length) == 0 && word[length] == '=')
            return strategy_list_known(word + length + 1, strcspn(word + length + 1, ","));
    }
    return NULL;
}

/* LEDGER=STRATEGY */
static bool is_pair(const char *word, size_t length)
{
    char name[LEASE_NAME];
    size_t left = strcspn(word, "=");
    if (left >= length || left >= sizeof name)
        return false;
    snprintf(name, sizeof name, "%.*s", (int)left, word);
    return bank_name_is_valid(name) && strategy_list_known(word + left + 1, length - left - 1);
}

bool strategy_list_is_valid(const char *text)
{
    size_t length = strcspn(text, ",");
    /* Only the first may stand without a name: it is main's. */
    bool valid = strategy_list_known(text, length) != NULL;
    for (const char *word = text + length; valid && *word; word += length) {
        word++;
        length = strcspn(word, ",");
        valid = is_pair(word, length);
    }
    return valid;
}
