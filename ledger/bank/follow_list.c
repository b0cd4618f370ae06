/* SPDX-License-Identifier: MIT */
#include "ledger/bank/follow_list.h"

#include <stdio.h>
#include <string.h>

#include "ledger/bank/bank_name.h"
#include "ledger/lease/lease.h"

static bool is_word(const char *text)
{
    return strcmp(text, "all") == 0 || strcmp(text, "none") == 0 ||
           strcmp(text, FOLLOW_LIST_DEFAULT) == 0;
}

bool follow_list_is_valid(const char *text)
{
    bool valid = true;
    for (const char *word = text; valid; word++) {
        char name[LEASE_NAME];
        size_t length = strcspn(word, ",");
        valid = length < sizeof name;
        snprintf(name, sizeof name, "%.*s", (int)length, word);
        /* A word that means something by itself stands alone. */
        valid = valid && bank_name_is_valid(name) && (length == strlen(text) || !is_word(name));
        word += length;
        if (*word == '\0')
            break;
    }
    return valid;
}

enum follow_list_wish follow_list_find(const char *text, const char *ledger)
{
    size_t length = strlen(ledger);
    if (strcmp(text, FOLLOW_LIST_DEFAULT) == 0)
        return FOLLOW_LIST_IF_IT_FITS;
    if (is_word(text))
        return strcmp(text, "all") == 0 ? FOLLOW_LIST_YES : FOLLOW_LIST_NO;
    for (const char *word = text;; word++) {
        size_t of_word = strcspn(word, ",");
        if (of_word == length && memcmp(word, ledger, length) == 0)
            return FOLLOW_LIST_YES;
        word += of_word;
        if (*word == '\0')
            return FOLLOW_LIST_NO;
    }
}

size_t follow_list_count(const char *text, const char *but)
{
    size_t length = strlen(but), count = 0;
    if (is_word(text))
        return 0;
    for (const char *word = text;; word++) {
        size_t of_word = strcspn(word, ",");
        count += of_word != length || memcmp(word, but, length) != 0;
        word += of_word;
        if (*word == '\0')
            return count;
    }
}
