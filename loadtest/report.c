/* SPDX-License-Identifier: MIT */
#include "loadtest/report.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

static const struct {
    const char *name;
    double percent;
} percentiles[] = {{"p50", 50}, {"p90", 90}, {"p99", 99}, {"p99.9", 99.9}, {"max", 100}};

enum { PERCENTILES = sizeof percentiles / sizeof percentiles[0] };

struct report *report_make(void)
{
    struct report *report = calloc(1, sizeof *report);
    if (!report)
        return NULL;
    report->stats = stats_make();
    if (!report->stats) {
        free(report);
        return NULL;
    }
    return report;
}

void report_free(struct report **report)
{
    if (!*report)
        return;
    stats_free(&(*report)->stats);
    free(*report);
    *report = NULL;
}

void report_figure(struct report *report, const char *name, int64_t value)
{
    /* Scenarios have a fixed few; one too many is left out. */
    if (report->figures == REPORT_FIGURES)
        return;
    report->figure[report->figures].name = name;
    report->figure[report->figures++].value = value;
}

__attribute__((format(printf, 3, 0))) static void add(
    struct report *report, struct report_findings *findings, const char *format, va_list list)
{
    /* Racers on all workers report. */
    co_mutex_lock(&report->lock);
    /* The first ones explain the rest, of which the number is enough. */
    if (findings->count < REPORT_FINDINGS)
        vsnprintf(findings->text[findings->count], REPORT_TEXT, format, list);
    findings->count++;
    co_mutex_unlock(&report->lock);
}

void report_violation(struct report *report, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    add(report, &report->violations, format, list);
    va_end(list);
}

void report_doubt(struct report *report, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    add(report, &report->doubts, format, list);
    va_end(list);
}

enum report_verdict report_verdict(const struct report *report)
{
    /* A violation stands, whatever else is missing. */
    if (report->violations.count > 0)
        return REPORT_BROKEN;
    return report->doubts.count > 0 || report->interrupted ? REPORT_OPEN : REPORT_KEPT;
}

static uint64_t requests(const struct stats_sum *sum)
{
    uint64_t n = 0;
    for (size_t i = 0; i < sum->outcomes; i++)
        n += sum->outcome[i].count;
    return n;
}

static double per_second(const struct report *report, uint64_t n)
{
    /* A run may be over before it has begun. */
    return report->elapsed_ns > 0 ? (double)n * 1e9 / (double)report->elapsed_ns : 0;
}

static size_t shown(const struct report_findings *findings)
{
    return findings->count < REPORT_FINDINGS ? findings->count : REPORT_FINDINGS;
}

static void print_findings(FILE *out, const char *name, const struct report_findings *findings)
{
    fprintf(out, "  %-11s %" PRIu64 "\n", name, findings->count);
    for (size_t i = 0; i < shown(findings); i++)
        fprintf(out, "    %s\n", findings->text[i]);
}

static void print_verdict(FILE *out, const struct report *report)
{
    switch (report_verdict(report)) {
    case REPORT_KEPT:
        fprintf(out, "verdict: every promise was kept\n");
        break;
    case REPORT_BROKEN:
        fprintf(out, "verdict: A PROMISE WAS BROKEN, %" PRIu64 " time%s\n",
            report->violations.count, report->violations.count == 1 ? "" : "s");
        break;
    case REPORT_OPEN:
        fprintf(out, "verdict: %s; no promise was seen broken, but nothing is proved\n",
            report->interrupted ? "interrupted" : "answers are missing");
        break;
    }
}

/* Where the time of the answers went, as the service says. */
static void print_stages(FILE *out, const struct stage_times *stages)
{
    for (size_t i = 0; stages && i < stages->count; i++) {
        const struct histogram *took = &stages->stage[i].took;
        fprintf(out, "  %-11s", stages->stage[i].name);
        for (size_t p = 0; p < PERCENTILES; p++)
            fprintf(out, " %s %.4f", percentiles[p].name,
                (double)histogram_percentile(took, percentiles[p].percent) / 1e6);
        fprintf(out, " of %" PRIu64 "\n", took->count);
    }
}

void report_print(FILE *out, struct report *report, const char *name, int64_t seed)
{
    const struct stats_sum *sum = stats_sum(report->stats);
    uint64_t n = requests(sum);
    fprintf(out, "%s, seed %" PRId64 "\n", name, seed);
    fprintf(out, "  requests    %" PRIu64 " in %.2f s: %.0f/s\n", n,
        (double)report->elapsed_ns / 1e9, per_second(report, n));
    fprintf(out, "  latency ms ");
    /* Latencies of answers alone: what timed out is among the outcomes. */
    for (size_t i = 0; i < PERCENTILES; i++)
        fprintf(out, " %s %.2f", percentiles[i].name,
            (double)histogram_percentile(&sum->latency, percentiles[i].percent) / 1e6);
    fprintf(out, "\n  outcomes  ");
    for (size_t i = 0; i < sum->outcomes; i++)
        fprintf(
            out, "%s %" PRIu64 " x %s", i ? "," : "", sum->outcome[i].count, sum->outcome[i].name);
    fputc('\n', out);
    print_stages(out, stats_stages(report->stats));
    for (size_t i = 0; i < report->figures; i++)
        fprintf(out, "  %-11s %" PRId64 "\n", report->figure[i].name, report->figure[i].value);
    print_findings(out, "violations", &report->violations);
    /* Violations are always shown, if only to say 0. */
    if (report->doubts.count > 0)
        print_findings(out, "doubts", &report->doubts);
    print_verdict(out, report);
}

static void print_string(FILE *out, const char *text)
{
    fputc('"', out);
    for (; *text; text++)
        if (*text == '"' || *text == '\\')
            fprintf(out, "\\%c", *text);
        else if ((unsigned char)*text < ' ')
            fprintf(out, "\\u%04x", *text);
        else
            fputc(*text, out);
    fputc('"', out);
}

static void print_json_latency(FILE *out, const struct histogram *latency)
{
    fprintf(out, "\"latency_ms\":{");
    for (size_t i = 0; i < PERCENTILES; i++)
        fprintf(out, "%s\"%s\":%.3f", i ? "," : "", percentiles[i].name,
            (double)histogram_percentile(latency, percentiles[i].percent) / 1e6);
    double mean = latency->count ? latency->sum_ns / (double)latency->count / 1e6 : 0;
    fprintf(out, ",\"mean\":%.3f}", mean);
}

/* "stages_ms":{"parse":{"p50":0.021,...,"count":1000},...}, */
static void print_json_stages(FILE *out, const struct stage_times *stages)
{
    if (!stages)
        return;
    fprintf(out, "\"stages_ms\":{");
    for (size_t i = 0; i < stages->count; i++) {
        const struct histogram *took = &stages->stage[i].took;
        fputs(i ? "," : "", out);
        print_string(out, stages->stage[i].name);
        fputs(":{", out);
        for (size_t p = 0; p < PERCENTILES; p++)
            fprintf(out, "\"%s\":%.6f,", percentiles[p].name,
                (double)histogram_percentile(took, percentiles[p].percent) / 1e6);
        fprintf(out, "\"count\":%" PRIu64 "}", took->count);
    }
    fprintf(out, "},");
}

/* ,"NAME":COUNT,"first_NAME":[TEXT,...] */
static void print_json_findings(FILE *out, const char *name, const struct report_findings *findings)
{
    fprintf(out, ",\"%s\":%" PRIu64 ",\"first_%s\":[", name, findings->count, name);
    for (size_t i = 0; i < shown(findings); i++) {
        fputs(i ? "," : "", out);
        print_string(out, findings->text[i]);
    }
    fputc(']', out);
}

void report_print_json(FILE *out, struct report *report, const char *name, int64_t seed)
{
    static const char *const verdicts[] = {
        [REPORT_KEPT] = "kept", [REPORT_BROKEN] = "broken", [REPORT_OPEN] = "open"};
    /* One line, so that a script can read several runs from one file. */
    const struct stats_sum *sum = stats_sum(report->stats);
    uint64_t n = requests(sum);
    fprintf(out,
        "{\"scenario\":\"%s\",\"seed\":%" PRId64 ",\"seconds\":%.3f,\"requests\":%" PRIu64
        ",\"rate\":%.1f,",
        name, seed, (double)report->elapsed_ns / 1e9, n, per_second(report, n));
    print_json_latency(out, &sum->latency);
    fputc(',', out);
    print_json_stages(out, stats_stages(report->stats));
    fprintf(out, "\"outcomes\":{");
    for (size_t i = 0; i < sum->outcomes; i++) {
        fputs(i ? "," : "", out);
        print_string(out, sum->outcome[i].name);
        fprintf(out, ":%" PRIu64, sum->outcome[i].count);
    }
    fprintf(out, "},\"figures\":{");
    for (size_t i = 0; i < report->figures; i++) {
        fputs(i ? "," : "", out);
        print_string(out, report->figure[i].name);
        fprintf(out, ":%" PRId64, report->figure[i].value);
    }
    fputc('}', out);
    print_json_findings(out, "violations", &report->violations);
    print_json_findings(out, "doubts", &report->doubts);
    fprintf(out, ",\"interrupted\":%s,\"verdict\":\"%s\"}\n",
        report->interrupted ? "true" : "false", verdicts[report_verdict(report)]);
}
