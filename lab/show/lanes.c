/* SPDX-License-Identifier: MIT */
/*
 * A head with the lanes' names, a line for each step in its lane's column, then the verdict.
 * Colours are escapes, empty where the terminal has none, so that no line is written twice.
 */
#include "lab/show/lanes.h"

#include <inttypes.h>
#include <string.h>

enum { COLUMN_LEAST = 24, AFTER_NAME = 3 };

struct paper {
    FILE *to;
    int column;                                            /* how wide a lane's is */
    const char *bold, *dim, *red, *green, *yellow, *plain; /* escapes, or "" */
};

static struct paper paper_for(FILE *to, bool coloured)
{
    static const struct paper colours = {
        NULL, 0, "\033[1m", "\033[2m", "\033[31m", "\033[32m", "\033[33m", "\033[0m"};
    struct paper paper = coloured ? colours : (struct paper){NULL, 0, "", "", "", "", "", ""};
    paper.to = to;
    return paper;
}

/* Wide enough for each lane's name and number. */
static int column_of(const struct trace *trace)
{
    int column = COLUMN_LEAST;
    for (int i = 1; i <= trace->lane_count; i++) {
        int width = (int)strlen(trace->lanes[i].name) + AFTER_NAME + (i < 10 ? 1 : 2);
        column = width > column ? width : column;
    }
    return column;
}

static void print_head(const struct paper *paper, const struct trace *trace)
{
    fprintf(paper->to, "%s     ", paper->bold);
    for (int i = 1; i <= trace->lane_count; i++) {
        int width = fprintf(paper->to, "%d %s", i, trace->lanes[i].name);
        fprintf(paper->to, "%*s", paper->column - width, "");
    }
    for (int i = 0; i < trace->cell_count && i < TRACE_CELLS; i++)
        fprintf(paper->to, " %8s", trace->cells[i].name);
    fprintf(paper->to, "%s\n", paper->plain);
}

/* What the lane takes a cell to be, where that is not what it was before this step. */
static void print_belief(
    const struct paper *paper, const struct trace *trace, const struct trace_step *step)
{
    const struct trace_step *before = step > trace->steps ? step - 1 : NULL;
    /* The lane's own step before this one: since then it may have missed others' changes. */
    const struct trace_step *own = before;
    while (own && own->lane != step->lane)
        own = own > trace->steps ? own - 1 : NULL;
    for (int i = 0; own && i < trace->cell_count && i < TRACE_CELLS; i++)
        if (own->known >> i & 1 && own->believes[i] != before->truth[i])
            fprintf(
                paper->to, "  it took %s to be %" PRId64, trace->cells[i].name, own->believes[i]);
}

/* "reads 100" of alice: "reads alice 100"; "locks" alice: "locks alice". */
static void describe(const struct trace_step *step, char *text, size_t size)
{
    const char *rest = strchr(step->text, ' ');
    if (!step->on || step->verb == TRACE_CHECK)
        snprintf(text, size, "%s", step->text);
    else if (step->has_value && rest)
        snprintf(text, size, "%.*s %s%s", (int)(rest - step->text), step->text, step->on, rest);
    else
        snprintf(text, size, "%s %s", step->text, step->on);
}

static void print_step(const struct paper *paper, const struct trace *trace, size_t number)
{
    const struct trace_step *step = &trace->steps[number];
    const char *colour = step->wrong ? paper->red : step->switched ? paper->yellow : paper->plain;
    char text[TRACE_TEXT * 2 + 2];
    describe(step, text, sizeof text);

    /* Number, mark and text, in the column of the lane. */
    fprintf(paper->to, "%s%3zu%s %s", paper->dim, number + 1, paper->plain, colour);
    fputs(step->wrong ? "!" : step->switched ? ">" : " ", paper->to);
    fprintf(paper->to, "%*s%-*s", (step->lane - 1) * paper->column, "", paper->column - 1, text);
    fprintf(
        paper->to, "%s %*s", paper->plain, (trace->lane_count - step->lane) * paper->column, "");

    /* What is true after it, and where in the code it was made. */
    for (int i = 0; i < trace->cell_count && i < TRACE_CELLS; i++)
        fprintf(paper->to, "%8" PRId64 " ", step->truth[i]);
    if (step->file) {
        const char *name = strrchr(step->file, '/');
        fprintf(paper->to, " %s%s:%d%s", paper->dim, name ? name + 1 : step->file, step->line,
            paper->plain);
    }
    if (step->wrong && step->verb == TRACE_WRITE) {
        fputs(paper->red, paper->to);
        print_belief(paper, trace, step);
        fputs(paper->plain, paper->to);
    }
    fputc('\n', paper->to);
}

/* Each waits for the next; the last for the first. */
static void print_cycle(const struct paper *paper, const struct trace *trace)
{
    int lanes[TRACE_LANES], count = trace_cycle(trace, lanes);
    for (int i = 0; i < count; i++) {
        const struct trace_object *awaited = trace_awaited(trace, lanes[i]);
        const char *edge = count == 1 ? "─" : i == 0 ? "╭►" : i == count - 1 ? "╰─" : "│ ";
        fprintf(paper->to, "  %s%s%s %d %-*s waits for %s, which %d holds\n", paper->red, edge,
            paper->plain, lanes[i], paper->column - 4, trace->lanes[lanes[i]].name, awaited->name,
            awaited->holder);
    }
}

static void print_left(const struct paper *paper, const struct trace *trace)
{
    for (int i = 1; i <= trace->lane_count; i++)
        if (trace->lanes[i].state != TRACE_ENDED)
            fprintf(paper->to, "  %sleft behind:%s %d %s, which waits on: %s\n", paper->red,
                paper->plain, i, trace->lanes[i].name,
                trace->lanes[i].why ? trace->lanes[i].why : "nothing");
}

static void print_run(const struct paper *paper, const struct outcome *outcome)
{
    static char code[CODE_TEXT];
    const struct trial *trial = outcome->trial;
    const struct trace *trace = &trial->trace;
    const struct lab_verdict *verdict = &trial->verdict;
    print_head(paper, trace);
    for (size_t i = 0; i < trace->step_count; i++)
        print_step(paper, trace, i);
    if (trial->deadlocked)
        print_cycle(paper, trace);
    if (trial->leaked)
        print_left(paper, trace);
    fprintf(paper->to, "\n%s%s%s%s\n", paper->bold, verdict->broken ? paper->red : paper->green,
        verdict->verdict, paper->plain);
    fprintf(paper->to, "expected: %s\nactual:   %s\n", verdict->expected, verdict->actual);
    fprintf(paper->to, "schedule: %s (%zu of %" PRIu64 " choices differ from the usual)\n",
        code_format(outcome->path->switches, outcome->path->count, code), outcome->path->count,
        outcome->path->points);
}

void lanes_print(FILE *to, const struct outcome *outcome, bool coloured)
{
    struct paper paper = paper_for(to, coloured);
    const struct trial *trial = outcome->trial;
    paper.column = column_of(&trial->trace);
    fprintf(to, "%s%s, %s%s\n%s\n\n", paper.bold, trial->scenario->title, trial->strategy->title,
        paper.plain, trial->scenario->holds);
    /* A search may have no run to draw: it counted, or found nothing. */
    if (outcome->mode == OUTCOME_COUNT) {
        fprintf(to, "%" PRIu64 " of %" PRIu64 " schedules broke it", outcome->broken_seeds,
            outcome->seeds);
        if (outcome->broken_seeds)
            fprintf(to, ", first that of seed %" PRIu64, outcome->first_broken);
        fputs(".\n", to);
        return;
    }
    if (outcome->mode == OUTCOME_FIND && !outcome->found) {
        fprintf(to, "%" PRIu64 " schedules, none broke it.\n", outcome->seeds);
        return;
    }
    print_run(&paper, outcome);
    if (outcome->mode == OUTCOME_FIND && outcome->has_seed)
        fprintf(to, "found:    by seed %" PRIu64 ", after %" PRIu64 " tried\n", outcome->seed,
            outcome->seeds);
    if (outcome->mode == OUTCOME_FIND && outcome->shrunk)
        fprintf(to, "shrunk:   from %zu switches to %zu\n", outcome->switches_before,
            outcome->path->count);
}
