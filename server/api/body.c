/* SPDX-License-Identifier: MIT */
/* A body, taken apart into the members that an operation knows. An unknown member is refused: it
 * may be a misspelt one that matters. */
#include "server/api/body.h"
#include "server/api/sight.h"

#include <string.h>

#include "coro/semaphore.h"
#include "ledger/domain/entry.h"

enum { SHORT = 4096, LONG_ONES = 2 };

static const char *const names[BODY_MEMBERS] = {
#define X(symbol, name) [BODY_##symbol] = name,
    BODY_MAP(X)
#undef X
};

/* What is parsed takes many times the length of the body: of the long ones only this many at a
 * time. */
static struct co_semaphore places = {.free = LONG_ONES};

/* The document; NULL: it is refused. */
static const struct json_in *parse(struct call *call, size_t values)
{
    const struct request *request = call->request;
    char error[JSON_IN_ERROR];
    /* A short document may stay in the request's memory; a long one goes before the ledger is
     * asked. */
    bool is_short = request->body_length <= SHORT;
    /* Released by body_forget(). */
    if (request->body_length > REQUEST_BODY_MAX)
        call->parses_alone = co_semaphore_acquire(co_context_background(), &places, 1);
    const struct json_in *document = json_in_read(is_short ? call->arena : &call->scratch,
        request->body, request->body_length, values, names[BODY_METADATA], error);
    if (document)
        return document;
    /* The parser fails alike on bad JSON and on short memory. */
    if (call->arena->is_short || call->scratch.is_short)
        call_refuse_short(call);
    else
        call_refuse_as(call, &problem_invalid_json, call_copy(call, error));
    return NULL;
}

/* `self` is what the object itself is called. */
static bool take_apart(
    struct call *call, const char *self, uint64_t known, const char *rule, struct body *body)
{
    if (!json_in_is_object(body->object)) {
        call_refuse(call, body->place, self, "must be an object");
        return false;
    }
    const char *unknown = json_in_members(body->object, names, BODY_MEMBERS, known, body->members);
    if (unknown)
        call_refuse(call, body->place, unknown, rule);
    return !unknown;
}

static bool read(struct call *call, size_t values, uint64_t known, struct body *body)
{
    *body = (struct body){.object = parse(call, values)};
    return body->object && take_apart(call, "body", known, "is not a member of this request", body);
}

bool body_read(struct call *call, uint64_t known, struct body *body)
{
    return read(call, JSON_IN_VALUES, known, body);
}

bool body_read_large(struct call *call, uint64_t known, struct body *body)
{
    return read(call, JSON_IN_VALUES_LARGE, known, body);
}

bool body_take_apart(struct call *call, const struct json_in *element,
    const struct call_place *place, uint64_t known, const char *rule, struct body *body)
{
    *body = (struct body){.object = element, .place = place};
    return take_apart(call, "", known, rule, body);
}

const char *body_other_than(const struct body *body, uint64_t known)
{
    const struct json_in *members[BODY_MEMBERS];
    return json_in_members(body->object, names, BODY_MEMBERS, known, members);
}

/* For members where null means the same as absence. */
const struct json_in *body_given(const struct body *body, enum body_member member)
{
    const struct json_in *value = body->members[member];
    return value && !json_in_is_null(value) ? value : NULL;
}

bool body_metadata(struct call *call, const struct body *body, const char **metadata,
    struct entry_meaning *meaning)
{
    const struct json_in *member = body->members[BODY_METADATA];
    const char *text = member ? json_in_kept(member, JSON_IN_KEPT_TEXT) : NULL, *rule = NULL;
    *metadata = NULL;
    *meaning = (struct entry_meaning){.now = NULL};
    if (!text || strcmp(text, "null") == 0)
        return true;
    if (*text != '{')
        rule = "must be an object";
    else if (strlen(text) > JSON_IN_KEPT_MAX)
        rule = "must be at most 4,096 bytes of compact JSON";
    if (rule) {
        body_refuse(call, body, BODY_METADATA, rule);
        return false;
    }
    /* Kept as text, so numbers of any size stay what they are; the other two tell whether a second
     * request with the same key means the same. */
    *metadata = call_copy(call, text);
    meaning->now = call_copy(call, json_in_kept(member, JSON_IN_KEPT_MEANING));
    meaning->before = call_copy(call, json_in_kept(member, JSON_IN_KEPT_DOUBLES));
    return true;
}

void body_refuse(
    struct call *call, const struct body *body, enum body_member member, const char *rule)
{
    call_refuse(call, body->place, names[member], rule);
}

bool body_may_touch(
    struct call *call, const struct body *body, enum body_member member, const char *account)
{
    return sight_may_touch(call, body->place, names[member], account);
}

void body_forget(struct call *call)
{
    arena_clear(&call->scratch);
    /* The memory is free, so the next long document may be parsed. */
    if (call->parses_alone)
        co_semaphore_release(&places, 1);
    call->parses_alone = false;
}
