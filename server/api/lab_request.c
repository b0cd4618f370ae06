/* SPDX-License-Identifier: MIT */
/*
 * Each member is checked in the order of the documentation, becomes flags of the command, and is
 * told again with the run. What the catalogue says of a scenario decides what goes with it, so a
 * request that is taken is one that the command understands.
 */
#include "server/api/lab_request.h"

#include <stdio.h>
#include <string.h>

#include "server/api/body.h"

enum {
    SEEDS_MAX = 100000,
    SCHEDULE_MAX = 8192,
    DEPTH_MAX = 8,
    RULE = 200,
    NUMBER = 24,
};

static const uint64_t seed_max = (UINT64_C(1) << 53) - 1; /* the largest exact number of JSON */

struct reader {
    struct call *call;
    const struct lab_catalogue *catalogue;
    struct body body;
    struct lab_order *order;
    struct json_out told;
    const struct json_in *scenario, *strategy;
    const char *mode;
};

/* ---- words and what is told ---------------------------------------------------------------- */

static void word(struct reader *reader, const char *text)
{
    co_ensure(reader->order->word_count < LAB_CHILD_WORDS);
    reader->order->words[reader->order->word_count++] = text;
}

/* A flag and its value, of the member of that name. */
static void give_text(struct reader *reader, const char *name, const char *flag, const char *value)
{
    json_out_key(&reader->told, name);
    json_out_text(&reader->told, value);
    if (flag)
        word(reader, flag);
    word(reader, value);
}

static void give_number(struct reader *reader, const char *name, const char *flag, uint64_t value)
{
    char text[NUMBER];
    int length = snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    json_out_key(&reader->told, name);
    json_out_number(&reader->told, value);
    word(reader, flag);
    word(reader, arena_copy(reader->call->arena, text, (size_t)length));
}

/* ---- members ------------------------------------------------------------------------------- */

static bool refuse(struct reader *reader, enum body_member member, const char *rule)
{
    body_refuse(reader->call, &reader->body, member, rule);
    return false;
}

static bool mode_is(const struct reader *reader, const char *mode)
{
    return strcmp(reader->mode, mode) == 0;
}

/* The texts in an array of names, or of objects with names: "must be one of a, b, c". */
static const char *rule_of_names(struct reader *reader, const struct json_in *array)
{
    struct json_out rule;
    size_t count = json_in_is_array(array) ? json_in_count(array) : 0;
    json_out_begin(&rule, reader->call->arena);
    json_out_raw(&rule, "must be one of", 14);
    for (size_t i = 0; i < count; i++) {
        const struct json_in *item = json_in_at(array, i);
        const char *name =
            json_in_text(json_in_is_object(item) ? json_in_member(item, "name") : item);
        json_out_raw(&rule, i > 0 ? ", " : " ", i > 0 ? 2 : 1);
        if (name)
            json_out_raw(&rule, name, strlen(name));
    }
    json_out_raw(&rule, "", 1);
    return rule.text;
}

static bool array_has(const struct json_in *array, const char *text)
{
    size_t count = json_in_is_array(array) ? json_in_count(array) : 0;
    for (size_t i = 0; i < count; i++) {
        const char *item = json_in_text(json_in_at(array, i));
        if (item && strcmp(item, text) == 0)
            return true;
    }
    return false;
}

/* The member as a text; *text NULL: it is not given. */
static bool read_text(struct reader *reader, enum body_member member, const char **text)
{
    const struct json_in *given = body_given(&reader->body, member);
    *text = given ? json_in_text(given) : NULL;
    return !given || *text || refuse(reader, member, "must be a text");
}

/* The member as a number, *given false: it is not there. */
static bool read_number(struct reader *reader, enum body_member member, uint64_t low, uint64_t high,
    bool *given, uint64_t *number)
{
    const struct json_in *value = body_given(&reader->body, member);
    money exact = 0;
    char rule[RULE];
    *given = value != NULL;
    if (!value)
        return true;
    if (json_in_money(value, false, &exact) && exact >= low && exact <= high) {
        *number = (uint64_t)exact;
        return true;
    }
    snprintf(rule, sizeof rule, "must be a whole number from %llu to %llu", (unsigned long long)low,
        (unsigned long long)high);
    return refuse(reader, member, rule);
}

/* A member that goes with some modes only. */
static bool goes_with(struct reader *reader, enum body_member member, bool good, const char *rule)
{
    return good || !body_given(&reader->body, member) || refuse(reader, member, rule);
}

static bool read_scenario(struct reader *reader)
{
    const char *name;
    if (!read_text(reader, BODY_SCENARIO, &name))
        return false;
    if (!name)
        return refuse(reader, BODY_SCENARIO, "is required, or an example");
    reader->scenario = lab_catalogue_find(reader->catalogue, "scenarios", name);
    if (!reader->scenario)
        return refuse(reader, BODY_SCENARIO,
            rule_of_names(reader, json_in_member(reader->catalogue->document, "scenarios")));
    give_text(reader, "scenario", NULL, call_copy(reader->call, name));
    return true;
}

/* One that the scenario offers. It also says what kind of child it takes. */
static bool read_strategy(struct reader *reader)
{
    const char *name;
    const struct json_in *offered = json_in_member(reader->scenario, "strategies");
    if (!read_text(reader, BODY_STRATEGY, &name))
        return false;
    if (!name)
        return refuse(reader, BODY_STRATEGY, "is required");
    if (array_has(offered, name))
        reader->strategy = lab_catalogue_find(reader->catalogue, "strategies", name);
    if (!reader->strategy)
        return refuse(reader, BODY_STRATEGY, rule_of_names(reader, offered));
    const char *kind = json_in_text(json_in_member(reader->strategy, "kind"));
    reader->order->asks_database = kind && strcmp(kind, "sql") == 0;
    give_text(reader, "strategy", "--strategy", call_copy(reader->call, name));
    return true;
}

static bool read_mode(struct reader *reader)
{
    static const char *const modes[] = {"schedule", "find", "count", "parallel"};
    const char *mode;
    if (!read_text(reader, BODY_MODE, &mode))
        return false;
    reader->mode = mode ? NULL : modes[0];
    for (size_t i = 0; mode && i < sizeof modes / sizeof modes[0]; i++)
        if (strcmp(mode, modes[i]) == 0)
            reader->mode = modes[i];
    if (!reader->mode)
        return refuse(reader, BODY_MODE, "must be one of schedule, find, count, parallel");
    json_out_key(&reader->told, "mode");
    json_out_text(&reader->told, reader->mode);
    if (mode_is(reader, "find"))
        word(reader, "--find");
    if (mode_is(reader, "parallel"))
        word(reader, "--parallel");
    return true;
}

/* Which schedule: by its code, or by the seed that it comes from. */
static bool read_schedule(struct reader *reader)
{
    uint64_t seed;
    bool has_seed;
    const char *code;
    if (!goes_with(reader, BODY_SEED, !mode_is(reader, "parallel"), "goes with other modes only") ||
        !read_number(reader, BODY_SEED, 0, seed_max, &has_seed, &seed))
        return false;
    if (has_seed)
        give_number(reader, "seed", "--seed", seed);
    if (!goes_with(reader, BODY_SCHEDULE, mode_is(reader, "schedule"),
            "goes with the mode schedule only") ||
        !read_text(reader, BODY_SCHEDULE, &code))
        return false;
    if (code && has_seed)
        return refuse(reader, BODY_SCHEDULE, "goes without a seed");
    if (code && (strlen(code) > SCHEDULE_MAX ||
                    code[strspn(code, "abcdefghijklmnopqrstuvwxyz0123456789.-")] != '\0'))
        return refuse(reader, BODY_SCHEDULE,
            "must be at most 8,192 characters of a to z, 0 to 9, point and hyphen");
    if (!code && !has_seed && mode_is(reader, "schedule"))
        return refuse(reader, BODY_SEED, "is required in this mode, or a schedule");
    if (code)
        give_text(reader, "schedule", "--schedule", *code ? call_copy(reader->call, code) : "0");
    return true;
}

/* How many seeds, and what is done with what they show. */
static bool read_search(struct reader *reader)
{
    const struct json_in *given = body_given(&reader->body, BODY_SHRINK);
    bool searches = mode_is(reader, "find") || mode_is(reader, "count"), has_seeds, shrinks = false;
    uint64_t seeds;
    if (!goes_with(reader, BODY_SEEDS, searches, "goes with the modes find and count only") ||
        !read_number(reader, BODY_SEEDS, 1, SEEDS_MAX, &has_seeds, &seeds))
        return false;
    if (!has_seeds && mode_is(reader, "count"))
        return refuse(reader, BODY_SEEDS, "is required in this mode");
    if (has_seeds)
        give_number(reader, "seeds", "--seeds", seeds);
    /* It shrinks what was found, or that very schedule. */
    if (!goes_with(reader, BODY_SHRINK,
            mode_is(reader, "find") || body_given(&reader->body, BODY_SCHEDULE),
            "goes with the mode find, or with a schedule"))
        return false;
    if (given && !json_in_bool(given, &shrinks))
        return refuse(reader, BODY_SHRINK, "must be true or false");
    if (shrinks) {
        json_out_key(&reader->told, "shrink");
        json_out_bool(&reader->told, true);
        word(reader, "--shrink");
    }
    return true;
}

static bool read_walk(struct reader *reader)
{
    const struct json_in *walks = json_in_member(reader->scenario, "walks");
    const char *walk;
    bool has_depth;
    uint64_t depth;
    if (!goes_with(reader, BODY_WALK,
            !mode_is(reader, "parallel") && !body_given(&reader->body, BODY_SCHEDULE),
            "goes with seeds only") ||
        !read_text(reader, BODY_WALK, &walk))
        return false;
    if (walk && !array_has(walks, walk))
        return refuse(reader, BODY_WALK, rule_of_names(reader, walks));
    if (walk)
        give_text(reader, "walk", "--walk", call_copy(reader->call, walk));
    if (!goes_with(
            reader, BODY_DEPTH, walk && strcmp(walk, "pct") == 0, "goes with the walk pct only") ||
        !read_number(reader, BODY_DEPTH, 1, DEPTH_MAX, &has_depth, &depth))
        return false;
    if (has_depth)
        give_number(reader, "depth", "--depth", depth);
    return true;
}

/* A bound of the scenario's clients; `otherwise`, if it names none. */
static uint64_t bound_of(const struct json_in *clients, const char *name, uint64_t otherwise)
{
    money bound;
    const struct json_in *value = json_in_is_object(clients) ? json_in_member(clients, name) : NULL;
    return value && json_in_money(value, false, &bound) && bound <= seed_max ? (uint64_t)bound
                                                                             : otherwise;
}

/* As many as the scenario takes: of those that take turns fewer than of those in parallel. */
static bool read_clients(struct reader *reader)
{
    const struct json_in *clients = json_in_member(reader->scenario, "clients");
    uint64_t least = bound_of(clients, "min", 1), most = bound_of(clients, "max", least);
    if (!mode_is(reader, "parallel"))
        most = bound_of(clients, "seeded_max", most);
    bool given;
    uint64_t number;
    if (!read_number(reader, BODY_CLIENTS, least, most, &given, &number))
        return false;
    if (given)
        give_number(reader, "clients", "--clients", number);
    return true;
}

/* ---- the whole ----------------------------------------------------------------------------- */

static bool read_example(struct reader *reader)
{
    const char *name;
    if (!read_text(reader, BODY_EXAMPLE, &name))
        return false;
    if (body_other_than(&reader->body, BODY_HAS_EXAMPLE))
        return refuse(reader, BODY_EXAMPLE, "goes with no other member");
    if (!lab_catalogue_find(reader->catalogue, "examples", name))
        return refuse(reader, BODY_EXAMPLE,
            rule_of_names(reader, json_in_member(reader->catalogue->document, "examples")));
    reader->order->is_example = true;
    give_text(reader, "example", "--example", call_copy(reader->call, name));
    return true;
}

static bool read_experiment(struct reader *reader)
{
    bool good = read_scenario(reader) && read_strategy(reader) && read_mode(reader) &&
                read_schedule(reader) && read_search(reader) && read_walk(reader) &&
                read_clients(reader);
    if (good)
        word(reader, "--json");
    return good;
}

bool lab_request_read(
    struct call *call, const struct lab_catalogue *catalogue, struct lab_order *order)
{
    struct reader reader = {.call = call, .catalogue = catalogue, .order = order};
    *order = (struct lab_order){.word_count = 0};
    if (!body_read(call,
            BODY_HAS_SCENARIO | BODY_HAS_STRATEGY | BODY_HAS_MODE | BODY_HAS_SEED |
                BODY_HAS_SCHEDULE | BODY_HAS_SEEDS | BODY_HAS_SHRINK | BODY_HAS_WALK |
                BODY_HAS_DEPTH | BODY_HAS_CLIENTS | BODY_HAS_EXAMPLE,
            &reader.body))
        return false;
    json_out_begin(&reader.told, call->arena);
    json_out_open(&reader.told, '{');
    word(&reader, "lab");
    bool good =
        body_given(&reader.body, BODY_EXAMPLE) ? read_example(&reader) : read_experiment(&reader);
    json_out_close(&reader.told, '}');
    json_out_raw(&reader.told, "", 1);
    order->request = reader.told.text;
    return good;
}
