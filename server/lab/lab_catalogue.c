/* SPDX-License-Identifier: MIT */
#include "server/lab/lab_catalogue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/lab/lab_child.h"
#include "server/text/log.h"

void lab_catalogue_init(struct lab_catalogue *catalogue)
{
    *catalogue = (struct lab_catalogue){.text = NULL};
    arena_init(&catalogue->arena, NULL, 0);
}

void lab_catalogue_term(struct lab_catalogue *catalogue)
{
    arena_clear(&catalogue->arena);
    free(catalogue->text);
    catalogue->text = NULL;
}

/* Take what the child wrote, if it is a catalogue. */
static bool take(struct lab_catalogue *catalogue, struct lab_child_report *report, char *error,
    size_t error_size)
{
    char why[JSON_IN_ERROR] = "";
    /* No member is kept as it was given: numbers are to be read. */
    const struct json_in *document = json_in_read(
        &catalogue->arena, report->output, report->length, JSON_IN_VALUES_LARGE, "none", why);
    if (!document || !json_in_is_array(json_in_member(document, "scenarios"))) {
        snprintf(error, error_size, "The list of experiments is not one: %s", why);
        arena_clear(&catalogue->arena);
        return false;
    }
    /* Both together, under the mutex: nobody sees one without the other. */
    catalogue->text = report->output;
    catalogue->length = report->length;
    catalogue->document = document;
    report->output = NULL;
    return true;
}

static bool ask(struct co_context *context, struct lab_catalogue *catalogue, const char *program,
    char *error, size_t error_size)
{
    static const char *const words[] = {"lab", "--list", "--json", NULL};
    const struct lab_child_job job = {
        .program = program, .words = words, .output_max = LAB_CATALOGUE_MAX};
    struct lab_child_report *report = malloc(sizeof *report);
    if (!report) {
        snprintf(error, error_size, "There is not enough memory.");
        return false;
    }
    lab_child_run(context, &job, report);
    bool good = report->how == LAB_END_RESULT;
    if (!good) {
        snprintf(error, error_size, "The list of experiments could not be made. %s", report->text);
        log_error("%s It said: %.300s", error, report->said);
    }
    good = good && take(catalogue, report, error, error_size);
    free(report->output);
    free(report);
    return good;
}

bool lab_catalogue_load(struct co_context *context, struct lab_catalogue *catalogue,
    const char *program, char *error, size_t error_size)
{
    /* One asks, those who come meanwhile wait for it. */
    co_mutex_lock(&catalogue->mutex);
    bool known = catalogue->text || ask(context, catalogue, program, error, error_size);
    co_mutex_unlock(&catalogue->mutex);
    return known;
}

const struct json_in *lab_catalogue_find(
    const struct lab_catalogue *catalogue, const char *list, const char *name)
{
    const struct json_in *array = json_in_member(catalogue->document, list);
    size_t count = json_in_is_array(array) ? json_in_count(array) : 0;
    for (size_t i = 0; i < count; i++) {
        const struct json_in *item = json_in_at(array, i);
        const char *own =
            json_in_is_object(item) ? json_in_text(json_in_member(item, "name")) : NULL;
        if (own && strcmp(own, name) == 0)
            return item;
    }
    return NULL;
}
