/* SPDX-License-Identifier: MIT */
#include "server/api/files.h"

#include <stdio.h>
#include <string.h>

#include "ledger/embed.h"
#include "ledger/domain/hash.h"
#include "server/api/call.h"
#include "server/http/accept_encoding.h"

/* What a browser may open by itself: also a picture of this kind can hold a script. */
static bool is_document(const char *type)
{
    return strncmp(type, "text/html", 9) == 0 || strcmp(type, "image/svg+xml") == 0;
}

static const char *type_of(const char *name)
{
    static const struct {
        const char *ending, *type;
    } types[] = {
        {".html", "text/html; charset=utf-8"}, {".js", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"}, {".svg", "image/svg+xml"},
        {".json", "application/json"},
        {".c", "text/plain; charset=utf-8"}, /* the strategies, to be read */
    };
    const char *ending = strrchr(name, '.');
    for (size_t i = 0; ending && i < sizeof types / sizeof types[0]; i++)
        if (strcmp(ending, types[i].ending) == 0)
            return types[i].type;
    return "application/octet-stream";
}

/* A quoted hash of the bytes that are sent: each encoding is another representation. */
static char *etag_of(struct call *call, const unsigned char *bytes, size_t size)
{
    uint8_t digest[16];
    struct hash hash;
    /* Hashed from the contents, so a new build with the same page leaves browsers' copies valid. */
    hash_start(&hash, HASH_REQUEST);
    hash_add(&hash, bytes, size);
    hash_finish(&hash, digest);
    char *etag = arena_alloc(call->arena, 2 * sizeof digest + 3);
    etag[0] = '"';
    hash_to_hex(digest, sizeof digest, etag + 1);
    memcpy(etag + 1 + 2 * sizeof digest, "\"", 2);
    return etag;
}

static void answer_file(struct call *call, const struct embed *file)
{
    struct response *response = call->response;
    bool packed = file->gzip && accept_encoding_wants_gzip(call->request->accept_encoding);
    const unsigned char *bytes = packed ? file->gzip : file->data;
    size_t size = packed ? file->gzip_size : file->size;
    response->is_page = true;
    response->is_document = is_document(type_of(file->name));
    response->varies = file->gzip != NULL;
    response->etag = etag_of(call, bytes, size);
    response->body = (const char *)bytes;
    response->length = size;
    /* A page that the browser has already is not sent again, but its length is said. */
    if (request_has_etag(call->request, response->etag)) {
        response->status = 304;
        return;
    }
    response->status = 200;
    response->content_type = type_of(file->name);
    response->encoding = packed ? "gzip" : NULL;
}

/* A closed list: no name can reach into the file system. */
static void answer_one_of(struct call *call, const struct embed *files, const char *name)
{
    for (const struct embed *file = files; file->name; file++)
        if (strcmp(file->name, name) == 0) {
            answer_file(call, file);
            return;
        }
    call_refuse_as(call, &problem_not_found, NULL);
}

static void answer_named(struct call *call, const char *name)
{
    answer_one_of(call, embed_web, name);
}

void files_get(struct call *call)
{
    char name[64]; /* as below */
    const char *id = *call->path.id ? call->path.id : "index.html";
    if (strcmp(type_of(id), type_of(".c")) != 0) {
        answer_named(call, id);
        return;
    }
    /* The strategies of a ledger, as they were compiled: the machinery says where they are. */
    snprintf(name, sizeof name, "ledger/strategy/%s", id);
    answer_one_of(call, embed_lab, name);
}

void files_lab(struct call *call)
{
    answer_named(call, "lab/lab.html");
}

void files_lab_file(struct call *call)
{
    char name[64]; /* longer than any: what is cut off is the name of no file */
    const char *id = call->path.id;
    /* The address of a page has no ending. */
    snprintf(name, sizeof name, "lab/%s%s", id, strchr(id, '.') ? "" : ".html");
    answer_named(call, name);
}

/* The pages lead to each other by their names, so all of them stand below "docs/". */
void files_docs(struct call *call)
{
    call->response->status = 308;
    call->location = "docs/";
}

void files_docs_file(struct call *call)
{
    answer_one_of(call, embed_docs, *call->path.id ? call->path.id : "index.html");
}

void files_openapi(struct call *call)
{
    answer_file(call, &embed_api[0]);
}
