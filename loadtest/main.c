/* SPDX-License-Identifier: MIT */
/* teller-load: puts a load on a running service, and judges its answers. */
#include <stdio.h>
#include <string.h>

#include "coro/runtime.h"
#include "loadtest/command_line.h"
#include "loadtest/scenario.h"
#include "loadtest/watch.h"

enum { EXIT_GOOD = 0, EXIT_VIOLATION = 1, EXIT_OPEN = 2 };

static void print_help(FILE *out)
{
    fprintf(out, "usage: teller-load SCENARIO --url URL [--token T] [options]\n\n"
                 "Puts a load on a running teller through its HTTP API, and judges the answers.\n\n"
                 "scenarios:\n");
    for (const struct scenario *const *s = scenario_table; *s; s++)
        fprintf(out, "  %-18s %s\n", (*s)->name, (*s)->summary);
    fprintf(out, "\n`teller-load SCENARIO --help` lists the options of a scenario.\n"
                 "`teller-load --version` prints the version.\n"
                 "Exit code: 0 every promise was kept, 1 a promise was broken, 2 it could not\n"
                 "run, answers are missing, or it was interrupted: nothing is proved.\n");
}

static void print_scenario_help(const struct scenario *scenario)
{
    printf("usage: teller-load %s --url URL [--token T] [options]\n\n%s\n\noptions (default):\n",
        scenario->name, scenario->description);
    command_line_print(stdout, scenario);
}

static const struct scenario *find(const char *name)
{
    for (const struct scenario *const *s = scenario_table; *s; s++)
        if (strcmp((*s)->name, name) == 0)
            return *s;
    return NULL;
}

struct job {
    const struct scenario *scenario;
    struct load_options options;
    struct report *report;
    bool ran;
};

static void run(void *arg)
{
    struct job *job = arg;
    job->report = report_make();
    if (job->report && job->options.stages && !stats_time_stages(job->report->stats))
        report_free(&job->report);
    /* Inside the runtime, for all of these use coroutines. */
    struct watch *watch = job->report ? watch_start(job->report) : NULL;
    if (watch)
        job->ran = scenario_run(job->scenario, &job->options, job->report);
    watch_stop(&watch);
}

static const char *why_not(const struct report *report)
{
    /* A setup that failed has said why in its report. */
    if (report->violations.count > 0)
        return report->violations.text[0];
    if (report->doubts.count > 0)
        return report->doubts.text[0];
    return report->interrupted ? "interrupted before it began" : "memory is short";
}

static int finish(struct job *job)
{
    if (!job->report) {
        fprintf(stderr, "teller-load: memory is short\n");
        return EXIT_OPEN;
    }
    if (!job->ran)
        fprintf(stderr, "teller-load: %s\n", why_not(job->report));
    else if (job->options.json)
        report_print_json(stdout, job->report, job->scenario->name, job->options.seed);
    else
        report_print(stdout, job->report, job->scenario->name, job->options.seed);
    /* A script tells "broken" from "not proved" by the exit code. */
    static const int codes[] = {
        [REPORT_KEPT] = EXIT_GOOD, [REPORT_BROKEN] = EXIT_VIOLATION, [REPORT_OPEN] = EXIT_OPEN};
    int code = job->ran ? codes[report_verdict(job->report)] : EXIT_OPEN;
    report_free(&job->report);
    return code;
}

int main(int argc, char **argv)
{
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_help(argc < 2 ? stderr : stdout);
        return argc < 2 ? EXIT_OPEN : EXIT_GOOD;
    }
    if (strcmp(argv[1], "--version") == 0)
        return puts("teller-load " TELLER_VERSION) == EOF || fflush(stdout) != 0 ? EXIT_OPEN
                                                                                 : EXIT_GOOD;
    struct job job = {.scenario = find(argv[1])};
    if (!job.scenario) {
        fprintf(stderr, "teller-load: there is no scenario %s (see --help)\n", argv[1]);
        return EXIT_OPEN;
    }
    if (!command_line_read(job.scenario, argc, argv, &job.options))
        return EXIT_OPEN;
    if (job.options.help) {
        print_scenario_help(job.scenario);
        return EXIT_GOOD;
    }
    const struct co_runtime_options runtime = {.workers = (int)job.options.workers};
    size_t left = co_runtime_run(&runtime, run, &job);
    target_forget(&job.options.target);
    /* Coroutines that were left over are a fault of ours, and no result to trust. */
    if (left != 0)
        return EXIT_VIOLATION;
    return finish(&job);
}
