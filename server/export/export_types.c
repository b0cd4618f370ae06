/* SPDX-License-Identifier: MIT */
#include "server/export/export_types.h"

#include <string.h>

static const struct {
    const char *name, *root;
    char letter;
} types[] = {
    [EXPORT_ASSET] = {"asset", "Assets", 'A'},
    [EXPORT_LIABILITY] = {"liability", "Liabilities", 'L'},
    [EXPORT_EQUITY] = {"equity", "Equity", 'E'},
    [EXPORT_REVENUE] = {"revenue", "Income", 'R'},
    [EXPORT_EXPENSE] = {"expense", "Expenses", 'X'},
};

static const char world[] = "world:";

/* A rule of the list: LENGTH bytes of prefix, and the type. */
struct rule {
    const char *prefix;
    size_t length;
    enum export_type type;
};

/* Take the first rule off the list. False: it is not one. */
static bool next_rule(const char **list, struct rule *rule)
{
    rule->prefix = *list;
    rule->length = strcspn(*list, "=,");
    const char *name = *list + rule->length + 1;
    /* An empty prefix would be a rule for all. */
    if (rule->length == 0 || (*list)[rule->length] != '=')
        return false;
    size_t length = strcspn(name, ",");
    *list = name + length + (name[length] == ',');
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strlen(types[i].name) == length && memcmp(types[i].name, name, length) == 0) {
            rule->type = (enum export_type)i;
            return true;
        }
    return false;
}

bool export_types_are_valid(const char *list)
{
    struct rule rule;
    size_t length = strlen(list);
    if (length > 0 && list[length - 1] == ',')
        return false;
    while (*list)
        if (!next_rule(&list, &rule))
            return false;
    return true;
}

enum export_type export_type_of(const char *list, const char *id)
{
    bool is_world = strncmp(id, world, sizeof world - 1) == 0;
    enum export_type type = is_world ? EXPORT_REVENUE : EXPORT_ASSET;
    size_t longest = 0;
    struct rule rule;
    while (*list && next_rule(&list, &rule))
        /* The longest prefix wins; of two that are equal the later one. */
        if (rule.length >= longest && strncmp(id, rule.prefix, rule.length) == 0) {
            longest = rule.length;
            type = rule.type;
        }
    return type;
}

char export_type_letter(enum export_type type)
{
    return types[type].letter;
}

const char *export_type_root(enum export_type type)
{
    return types[type].root;
}
