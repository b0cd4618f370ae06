/* SPDX-License-Identifier: MIT */
#include "server/cmd/option_rule.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct option_rule option_rule_of(const char *takes)
{
    struct option_rule rule = {.kind = OPTION_SWITCH, .takes = takes};
    const char *range = takes ? strchr(takes, '=') : NULL;
    if (!takes)
        return rule;
    rule.named = strlen(takes);
    rule.repeats = rule.named > 3 && strcmp(takes + rule.named - 3, "...") == 0;
    rule.kind = strchr(takes, '|') ? OPTION_WORD : OPTION_TEXT;
    if (!range || rule.repeats)
        return rule;

    /* "N=0..64" */
    char *end;
    rule.kind = OPTION_NUMBER;
    rule.named = (size_t)(range - takes);
    rule.low = strtoll(range + 1, &end, 10);
    co_ensure(strncmp(end, "..", 2) == 0);
    rule.high = strtoll(end + 2, &end, 10);
    co_ensure(!*end && rule.low <= rule.high);
    return rule;
}

int option_rule_word(const struct option_rule *rule, const char *word)
{
    const char *at = rule->takes;
    for (int i = 0;; i++) {
        size_t length = strcspn(at, "|");
        if (strlen(word) == length && strncmp(word, at, length) == 0)
            return i;
        if (!at[length])
            return -1;
        at += length + 1;
    }
}

bool option_rule_number(const struct option_rule *rule, const char *text, int64_t *number)
{
    char *end;
    errno = 0;
    *number = strtoll(text, &end, 10);
    /* strtoll() would skip blanks, and take a plus sign. */
    bool plain = isdigit((unsigned char)*text) || *text == '-';
    return errno == 0 && plain && *end == '\0' && *number >= rule->low && *number <= rule->high;
}

bool option_rule_allows(const struct option_rule *rule, const char *text)
{
    static const struct option_rule on_or_off = {.kind = OPTION_WORD, .takes = "on|off|1|0"};
    int64_t number;
    switch (rule->kind) {
    case OPTION_SWITCH:
        return option_rule_word(&on_or_off, text) >= 0;
    case OPTION_WORD:
        return option_rule_word(rule, text) >= 0;
    case OPTION_NUMBER:
        return option_rule_number(rule, text, &number);
    case OPTION_TEXT:
        break;
    }
    return true;
}

/* "must be auto, lines or json" */
static void say_words(const char *words, char text[OPTION_RULE_TEXT])
{
    size_t used = (size_t)snprintf(text, OPTION_RULE_TEXT, "must be ");
    for (const char *at = words; used < OPTION_RULE_TEXT;) {
        size_t length = strcspn(at, "|");
        bool last = !at[length];
        const char *before = at == words ? "" : last ? " or " : ", ";
        used += (size_t)snprintf(
            text + used, OPTION_RULE_TEXT - used, "%s%.*s", before, (int)length, at);
        if (last)
            return;
        at += length + 1;
    }
}

void option_rule_say(const struct option_rule *rule, char text[OPTION_RULE_TEXT])
{
    switch (rule->kind) {
    case OPTION_SWITCH:
        snprintf(text, OPTION_RULE_TEXT, "must be on or off");
        break;
    case OPTION_WORD:
        say_words(rule->takes, text);
        break;
    case OPTION_NUMBER:
        snprintf(text, OPTION_RULE_TEXT, "must be a whole number from %lld to %lld",
            (long long)rule->low, (long long)rule->high);
        break;
    case OPTION_TEXT:
        snprintf(text, OPTION_RULE_TEXT, "must be a text");
        break;
    }
}
