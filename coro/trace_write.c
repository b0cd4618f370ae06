/* SPDX-License-Identifier: MIT */
/*
 * Out of the rings and into JSON. The events of all workers are copied and put in the order of
 * time; then each coroutine is followed from one state to the next, and a state that ends is a
 * slice of its track (https://perfetto.dev/docs/getting-started/other-formats, "Chrome JSON").
 *
 * Processes of the trace: 1 has the workers, 2 the coroutines, 3 the threads of blocking calls.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "coro/clock.h"
#include "coro/trace_events_private.h"

enum { WORKERS = 1, COROUTINES = 2, CALLS = 3 };

struct note {
    int64_t at_ns;
    uint64_t co, other;
    const char *text;
    enum co_trace_kind kind;
    int lane; /* the worker; one more: another thread */
};

enum state { UNKNOWN, RUNS, WAITS, IS_READY, ENDED };

/* A coroutine, as it is known so far. */
struct track {
    uint64_t id;
    const char *name, *why;
    enum state state;
    int64_t since_ns;
    int lane;           /* RUNS: where */
    int64_t readied_ns; /* IS_READY by a coroutine: an arrow begins there; else 0 */
    int readied_lane;
};

struct writer {
    FILE *to;
    struct note *notes;
    size_t count;
    struct track *tracks; /* by rising id */
    size_t track_count;
    uint64_t arrows, overwritten;
    int64_t zero_ns, end_ns;
    int64_t sleeps_since[CO_WORKERS_MAX];
    struct {
        int64_t since_ns;
        uint64_t co;
    } calls[CO_WORKERS_MAX]; /* by thread */
    bool comma;
};

/* --- reading the rings ------------------------------------------------------------------------ */

/* Those that nobody has overwritten meanwhile: the one that is next to be written may be half
 * written, and it is where the oldest one was. */
static void read_ring(struct writer *writer, struct co_trace_ring *ring, int lane)
{
    uint64_t end = atomic_load_explicit(&ring->written, memory_order_acquire);
    uint64_t first = atomic_load(&ring->first);
    uint64_t from = end - first > ring->room ? end - ring->room : first;
    struct note *notes = writer->notes + writer->count;
    for (uint64_t n = from; n < end; n++) {
        struct co_trace_event *event = &ring->events[n & (ring->room - 1)];
        uint64_t what = atomic_load_explicit(&event->what, memory_order_relaxed);
        notes[n - from] = (struct note){
            .at_ns = atomic_load_explicit(&event->at_ns, memory_order_relaxed),
            .co = atomic_load_explicit(&event->co, memory_order_relaxed),
            .other = what >> CO_TRACE_KIND_BITS,
            .text = atomic_load_explicit(&event->text, memory_order_relaxed),
            .kind = (enum co_trace_kind)(what & ((1 << CO_TRACE_KIND_BITS) - 1)),
            .lane = lane,
        };
    }
    uint64_t now = atomic_fetch_add_explicit(&ring->written, 0, memory_order_acq_rel);
    uint64_t valid = now >= first + ring->room ? now - ring->room + 1 : from;
    uint64_t lost = valid > from ? valid - from : 0;
    if (lost > end - from)
        lost = end - from;
    for (uint64_t n = lost; n < end - from; n++)
        notes[n - lost] = notes[n];
    writer->count += end - from - lost;
    writer->overwritten += from + lost - first;
}

static int by_time(const void *a, const void *b)
{
    const struct note *x = a, *y = b;
    if (x->at_ns != y->at_ns)
        return x->at_ns < y->at_ns ? -1 : 1;
    return x->kind != y->kind ? (int)x->kind - (int)y->kind : x->lane - y->lane;
}

static bool read_all(struct writer *writer, int64_t last_ns)
{
    /* Those of now, once: another start may replace them meanwhile, or have failed halfway. */
    struct co_trace_ring *rings[CO_WORKERS_MAX + 1] = {NULL};
    size_t room = 1;
    for (int i = 0; i < co_trace_rings.count; i++)
        if ((rings[i] = atomic_load(&co_trace_rings.ring[i])))
            room += rings[i]->room;
    writer->notes = malloc(room * sizeof *writer->notes);
    if (!writer->notes)
        return false;
    for (int i = 0; i < co_trace_rings.count; i++)
        if (rings[i])
            read_ring(writer, rings[i], i);
    qsort(writer->notes, writer->count, sizeof *writer->notes, by_time);

    /* The last so many nanoseconds, up to the newest one. */
    size_t from = 0;
    writer->end_ns = writer->count ? writer->notes[writer->count - 1].at_ns : 0;
    while (
        last_ns > 0 && from < writer->count && writer->notes[from].at_ns < writer->end_ns - last_ns)
        from++;
    for (size_t i = from; i < writer->count; i++)
        writer->notes[i - from] = writer->notes[i];
    writer->count -= from;
    writer->zero_ns = writer->count ? writer->notes[0].at_ns : 0;
    return true;
}

/* --- tracks ----------------------------------------------------------------------------------- */

static int by_id(const void *a, const void *b)
{
    const struct track *x = a, *y = b;
    return x->id < y->id ? -1 : x->id > y->id;
}

static struct track *track_of(struct writer *writer, uint64_t id)
{
    struct track key = {.id = id};
    return bsearch(&key, writer->tracks, writer->track_count, sizeof key, by_id);
}

/* One for each coroutine that is spoken of, with the name that one of its events has. */
static bool make_tracks(struct writer *writer)
{
    writer->tracks = calloc(writer->count + 1, sizeof *writer->tracks);
    if (!writer->tracks)
        return false;
    for (size_t i = 0; i < writer->count; i++)
        writer->tracks[i].id = writer->notes[i].co;
    qsort(writer->tracks, writer->count, sizeof *writer->tracks, by_id);
    for (size_t i = 0; i < writer->count; i++)
        if (writer->tracks[i].id &&
            (!writer->track_count ||
                writer->tracks[i].id != writer->tracks[writer->track_count - 1].id))
            writer->tracks[writer->track_count++] = writer->tracks[i];
    for (size_t i = 0; i < writer->count; i++) {
        const struct note *note = &writer->notes[i];
        if (note->kind == CO_TRACE_RUN || note->kind == CO_TRACE_SPAWN)
            track_of(writer, note->co)->name = note->text;
    }
    return true;
}

/* --- JSON ------------------------------------------------------------------------------------- */

static void write_text(struct writer *writer, const char *text)
{
    putc('"', writer->to);
    for (const char *c = text ? text : "?"; *c; c++) {
        if (*c == '"' || *c == '\\')
            putc('\\', writer->to);
        putc((unsigned char)*c < ' ' ? ' ' : *c, writer->to);
    }
    putc('"', writer->to);
}

/* Microseconds with a fraction. */
static void write_time(struct writer *writer, const char *key, int64_t ns)
{
    fprintf(writer->to, ",\"%s\":%lld.%03lld", key, (long long)(ns / CO_CLOCK_US),
        (long long)(ns % CO_CLOCK_US));
}

/* All but what depends on the phase; to be ended by "}". */
static void open_event(struct writer *writer, char phase, int process, uint64_t thread)
{
    fprintf(writer->to, "%s\n{\"ph\":\"%c\",\"pid\":%d,\"tid\":%llu", writer->comma ? "," : "",
        phase, process, (unsigned long long)thread);
    writer->comma = true;
}

static void name_event(struct writer *writer, const char *name)
{
    fputs(",\"name\":", writer->to);
    write_text(writer, name);
}

static void write_slice(struct writer *writer, int process, uint64_t thread, const char *name,
    int64_t from_ns, int64_t to_ns)
{
    open_event(writer, 'X', process, thread);
    name_event(writer, name);
    write_time(writer, "ts", from_ns - writer->zero_ns);
    write_time(writer, "dur", to_ns - from_ns);
}

static void write_instant(
    struct writer *writer, int process, uint64_t thread, const char *name, int64_t at_ns)
{
    open_event(writer, 'i', process, thread);
    name_event(writer, name);
    write_time(writer, "ts", at_ns - writer->zero_ns);
    fputs(",\"s\":\"t\"}", writer->to);
}

/* From where it was readied to where it runs. */
static void write_arrow(struct writer *writer, const struct track *track, int lane, int64_t at_ns)
{
    uint64_t number = ++writer->arrows;
    open_event(writer, 's', WORKERS, (uint64_t)track->readied_lane);
    fprintf(writer->to, ",\"name\":\"ready\",\"cat\":\"ready\",\"id\":%llu",
        (unsigned long long)number);
    write_time(writer, "ts", track->readied_ns - writer->zero_ns);
    fputs("}", writer->to);
    open_event(writer, 'f', WORKERS, (uint64_t)lane);
    fprintf(writer->to, ",\"bp\":\"e\",\"name\":\"ready\",\"cat\":\"ready\",\"id\":%llu",
        (unsigned long long)number);
    write_time(writer, "ts", at_ns - writer->zero_ns);
    fputs("}", writer->to);
}

static void name_track(
    struct writer *writer, const char *what, int process, uint64_t thread, const char *name)
{
    open_event(writer, 'M', process, thread);
    fprintf(writer->to, ",\"name\":\"%s\",\"args\":{\"name\":", what);
    write_text(writer, name);
    fputs("}}", writer->to);
}

static void name_all(struct writer *writer)
{
    char text[120];
    name_track(writer, "process_name", WORKERS, 0, "workers");
    name_track(writer, "process_name", COROUTINES, 0, "coroutines");
    name_track(writer, "process_name", CALLS, 0, "blocking calls");
    for (int i = 0; i < co_trace_rings.count - 1; i++) {
        snprintf(text, sizeof text, "worker %d", i);
        name_track(writer, "thread_name", WORKERS, (uint64_t)i, text);
    }
    for (size_t i = 0; i < writer->track_count; i++) {
        const struct track *track = &writer->tracks[i];
        snprintf(text, sizeof text, "%s #%llu", track->name ? track->name : "?",
            (unsigned long long)track->id);
        name_track(writer, "thread_name", COROUTINES, track->id, text);
    }
}

/* --- following a coroutine -------------------------------------------------------------------- */

/* What it has done until now is over, or it ends with the recording. */
static void end_state(struct writer *writer, struct track *track, int64_t at_ns, const char *how)
{
    static const char *const names[] = {[RUNS] = "running", [IS_READY] = "ready"};
    if (track->state == UNKNOWN || track->state == ENDED)
        return;
    if (track->state == RUNS) {
        write_slice(writer, WORKERS, (uint64_t)track->lane, track->name, track->since_ns, at_ns);
        fprintf(
            writer->to, ",\"args\":{\"coroutine\":%llu,\"then\":", (unsigned long long)track->id);
        write_text(writer, how);
        fputs("}}", writer->to);
    }
    const char *name = track->state == WAITS ? track->why : names[track->state];
    write_slice(writer, COROUTINES, track->id, name, track->since_ns, at_ns);
    if (track->state == RUNS)
        fprintf(writer->to, ",\"args\":{\"worker\":%d}", track->lane);
    fputs("}", writer->to);
}

static void begin_state(struct track *track, enum state state, const struct note *note)
{
    track->state = state;
    track->since_ns = note->at_ns;
    track->readied_ns = state == IS_READY && note->other ? note->at_ns : 0;
    track->readied_lane = note->lane;
    track->lane = note->lane;
    track->why = note->text;
}

static void follow_co(struct writer *writer, const struct note *note)
{
    struct track *track = track_of(writer, note->co);
    switch (note->kind) {
    case CO_TRACE_SPAWN:
        begin_state(track, IS_READY, note);
        break;
    case CO_TRACE_READY:
        if (track->state == RUNS || track->state == ENDED)
            return; /* its park was overwritten, or its spawn */
        end_state(writer, track, note->at_ns, "");
        begin_state(track, IS_READY, note);
        break;
    case CO_TRACE_RUN:
        if (track->state == RUNS)
            return; /* back from a call on the worker's stack */
        end_state(writer, track, note->at_ns, "");
        if (track->readied_ns)
            write_arrow(writer, track, note->lane, note->at_ns);
        begin_state(track, RUNS, note);
        break;
    case CO_TRACE_PARK:
        end_state(writer, track, note->at_ns, note->text);
        begin_state(track, WAITS, note);
        break;
    case CO_TRACE_YIELD:
        end_state(writer, track, note->at_ns, "yields");
        begin_state(track, IS_READY, note);
        break;
    default:
        end_state(writer, track, note->at_ns, "ends");
        begin_state(track, ENDED, note);
    }
}

static void follow_call(struct writer *writer, const struct note *note)
{
    uint64_t thread = note->other < CO_WORKERS_MAX ? note->other : CO_WORKERS_MAX - 1;
    if (note->kind == CO_TRACE_CALL) {
        writer->calls[thread].since_ns = note->at_ns;
        writer->calls[thread].co = note->co;
        return;
    }
    if (writer->calls[thread].co != note->co)
        return; /* its beginning was overwritten */
    const struct track *track = track_of(writer, note->co);
    write_slice(writer, CALLS, thread, track->name, writer->calls[thread].since_ns, note->at_ns);
    fprintf(writer->to, ",\"args\":{\"coroutine\":%llu}}", (unsigned long long)note->co);
    writer->calls[thread].co = 0;
}

static void follow(struct writer *writer, const struct note *note)
{
    uint64_t lane = (uint64_t)note->lane;
    switch (note->kind) {
    case CO_TRACE_CALL:
    case CO_TRACE_CALLED:
        follow_call(writer, note);
        break;
    case CO_TRACE_TIMER:
        write_instant(writer, WORKERS, lane, "timer", note->at_ns);
        break;
    case CO_TRACE_MOVE:
        write_instant(writer, WORKERS, lane, "takes one of another", note->at_ns);
        break;
    case CO_TRACE_SLEEP:
        writer->sleeps_since[lane] = note->at_ns;
        break;
    case CO_TRACE_WAKE:
        if (writer->sleeps_since[lane]) {
            write_slice(writer, WORKERS, lane, "asleep", writer->sleeps_since[lane], note->at_ns);
            fputs("}", writer->to);
        }
        writer->sleeps_since[lane] = 0;
        break;
    case CO_TRACE_MARK:
        if (note->co)
            write_instant(writer, COROUTINES, note->co, note->text, note->at_ns);
        break;
    default:
        follow_co(writer, note);
    }
}

static void write_all(struct writer *writer)
{
    fputs("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[", writer->to);
    name_all(writer);
    for (size_t i = 0; i < writer->count; i++)
        follow(writer, &writer->notes[i]);
    for (size_t i = 0; i < writer->track_count; i++)
        end_state(writer, &writer->tracks[i], writer->end_ns, "goes on");
    fprintf(writer->to,
        "\n],\"otherData\":{\"events\":%zu,\"overwritten\":%llu,\"workers\":%d,"
        "\"coroutines\":%zu}}\n",
        writer->count, (unsigned long long)writer->overwritten, co_trace_rings.count - 1,
        writer->track_count);
}

bool co_trace_write(int fd, int64_t last_ns)
{
    struct writer *writer = calloc(1, sizeof *writer);
    if (!writer)
        return false;
    int copy = dup(fd);
    writer->to = copy < 0 ? NULL : fdopen(copy, "w");
    bool whole = writer->to && read_all(writer, last_ns) && make_tracks(writer);
    if (whole)
        write_all(writer);
    if (writer->to)
        whole = fclose(writer->to) == 0 && whole;
    else if (copy >= 0)
        close(copy);
    free(writer->tracks);
    free(writer->notes);
    free(writer);
    return whole;
}
