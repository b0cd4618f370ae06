/* SPDX-License-Identifier: MIT */
/* The model must be able to speak: a true story passes, each lie in it is found. */
#include "tests/faults/suites.h"

#include <stdio.h>

#include "tests/faults/model.h"

enum { OPS = 11, STEPS = 8, SILENT = 0, SHOWN = 10 };

struct story {
    struct op ops[OPS];
    const char *keys[STEPS + 1], *kinds[STEPS + 1]; /* the journal */
    int steps;
    int64_t end; /* on account 0 */
};

/* Account 0 and account 1 begin with 500. Times are instants of a clock that ticks for each event.
 */
static const struct story truth = {
    .ops =
        {
            {.key = "deposit", .kind = OP_DEPOSIT, .amount = 10, .outcome = OP_DONE, .seq = 1},
            {.key = "pay", .kind = OP_TRANSFER, .to = 1, .amount = 300, .outcome = 1, .seq = 2},
            {.kind = OP_READ, .outcome = OP_DONE, .seq = 2, .balance = 210},
            {.key = "poor",
                .kind = OP_WITHDRAW,
                .amount = 211,
                .outcome = 2,
                .seq = 3,
                .available = 210},
            {.key = "hold", .kind = OP_HOLD, .to = 1, .amount = 100, .outcome = 1, .seq = 4},
            {.kind = OP_READ, .outcome = OP_DONE, .seq = 4, .balance = 210, .held = 100},
            {.key = "capture",
                .kind = OP_CAPTURE,
                .to = 1,
                .hold = 4,
                .amount = 40,
                .outcome = 1,
                .seq = 5},
            {.key = "more", .kind = OP_HOLD, .from = 1, .amount = 5, .outcome = 1, .seq = 6},
            {.key = "undo",
                .kind = OP_RELEASE,
                .from = 1,
                .hold = 6,
                .amount = 5,
                .outcome = 1,
                .seq = 7},
            {.key = "who knows", .kind = OP_TRANSFER, .to = 1, .amount = 1, .outcome = OP_UNKNOWN},
            {.key = "never", .kind = OP_TRANSFER, .to = 1, .amount = 1, .outcome = OP_ABSENT},
        },
    .keys = {"deposit", "pay", "poor", "hold", "capture", "more", "undo", "who knows", "never"},
    .kinds = {"transfer", "transfer", "rejected", "hold", "capture", "hold", "release", "transfer",
        "transfer"},
    .steps = STEPS,
    .end = 169,
};

static size_t judge(struct story *story, size_t shown)
{
    struct history history = {.ops = story->ops, .count = OPS};
    struct model model;
    model_begin(&model, &history, 1, shown);
    for (int i = 0; i < story->steps; i++)
        model_step(&model, story->keys[i], story->kinds[i]);
    model_balance(&model, 0, story->end, 0);
    return model_end(&model);
}

static struct story told_truly(void)
{
    struct story story = truth;
    for (int i = 0; i < OPS; i++) {
        story.ops[i].invoked_ns = 2 * i + 1;
        story.ops[i].returned_ns = 2 * i + 2;
    }
    return story;
}

static void swap_steps(struct story *story, int a, int b)
{
    const char *key = story->keys[a], *kind = story->kinds[a];
    story->keys[a] = story->keys[b];
    story->kinds[a] = story->kinds[b];
    story->keys[b] = key;
    story->kinds[b] = kind;
    story->ops[a].seq = b + 1;
    story->ops[b].seq = a + 1;
}

/* False: there are no more. */
static bool plant(int lie, struct story *story)
{
    struct op *ops = story->ops;
    switch (lie) {
    case 0: /* acknowledged and lost; refused and lost */
        story->keys[1] = "somebody else's";
        break;
    case 1:
        story->keys[2] = "somebody else's";
        break;
    case 2: /* done twice, though it was not known whether at all */
        story->keys[7] = "deposit";
        break;
    case 3: /* "not executed", and executed */
        story->steps++;
        break;
    case 4: /* yes for no, no for yes */
        ops[3].outcome = OP_DONE;
        break;
    case 5:
        ops[1].outcome = OP_REFUSED;
        break;
    case 6: /* another amount than asked for shows in what comes after it */
        ops[0].amount = 9;
        break;
    case 7:
        ops[6].amount = 41;
        break;
    case 8: /* refused though there was enough, done though there was not */
        story->kinds[1] = "rejected";
        break;
    case 9:
        story->kinds[2] = "transfer";
        break;
    case 10: /* told another position, balance, sum on hold, sum available */
        ops[1].seq = 3;
        break;
    case 11:
        ops[2].balance = 211;
        break;
    case 12:
        ops[5].held = 99;
        break;
    case 13:
        ops[3].available = 209;
        break;
    case 14: /* a stale read; one that saw the future */
        ops[2].seq = 1;
        break;
    case 15:
        ops[2].seq = 9;
        break;
    case 16: /* two that change nothing for each other, in the wrong order of time */
        swap_steps(story, 0, 1);
        break;
    case 17: /* captured twice; released what is captured */
        ops[8].kind = OP_CAPTURE;
        ops[8].hold = 4;
        break;
    case 18:
        ops[8].hold = 4;
        break;
    case 19: /* the end is not what came before */
        story->end = 170;
        break;
    default:
        return false;
    }
    return true;
}

static void truth_passes(void)
{
    struct story story = told_truly();
    CU_ASSERT_EQUAL(judge(&story, SHOWN), 0);
    story = told_truly();
    story.steps--; /* "who knows" may have happened, or not */
    story.end++;
    CU_ASSERT_EQUAL(judge(&story, SHOWN), 0);
}

static void lies_are_found(void)
{
    struct story story = told_truly();
    int lie = 0;
    for (; plant(lie, &story); lie++) {
        size_t problems = judge(&story, SILENT);
        CU_ASSERT(problems > 0);
        if (problems == 0)
            printf("\n    nobody noticed lie %d\n    ", lie);
        story = told_truly();
    }
    CU_ASSERT_EQUAL(lie, 20);
}

/* Without the journal's end, nothing is said of what was told behind it. */
static void broken_off(void)
{
    struct story story = told_truly();
    struct history history = {.ops = story.ops, .count = OPS};
    struct model model;
    model_begin(&model, &history, 1, SILENT);
    model_step(&model, story.keys[0], story.kinds[0]);
    CU_ASSERT_EQUAL(model_break_off(&model), 1);
}

const struct unit_suite model_suite = {"model", 1,
    (const struct unit_test[]){{"truth_passes", truth_passes}, {"lies_are_found", lies_are_found},
        {"broken_off", broken_off}, {0}}};
