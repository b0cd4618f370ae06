/* SPDX-License-Identifier: MIT */
/*
 * A service under test that speaks TLS: certificates in a folder below its own, and a tunnel (of
 * haproxy, which knows nothing of HTTP there) from the port that clients of plain HTTP go to. So
 * every suite can be run over TLS: TEST_TLS=1.
 */
#ifndef TESTS_SERVICE_SECRET_H
#define TESTS_SERVICE_SECRET_H

#include "tests/service/command.h"

enum { SECRET_FOLDER = sizeof((struct service *)0)->folder + 8 };

/* Shall every service be secret? */
bool secret_is_asked_for(void);

/* A fresh service as service_make() makes it, which speaks TLS. `arguments` may name more. */
CO_MUST_CHECK bool secret_make(
    struct service *service, const char *strategy, const char *const *arguments);

/* Before its first start, when its folder is there: certificates and tunnel. False: said so. */
CO_MUST_CHECK bool secret_prepare(struct service *service);

/* The flags of `serve`, which are kept in `text`; as many words as SECRET_WORDS. */
enum { SECRET_WORDS = 4, SECRET_TEXT = 2 * SECRET_FOLDER + 64 };
void secret_flags(
    const struct service *service, char text[SECRET_TEXT], const char *words[SECRET_WORDS]);

/* End its tunnel. */
void secret_end(struct service *service);

/* "FOLDER/tls/NAME" of that service. */
void secret_path(const struct service *service, const char *name, char path[SERVICE_PROGRAM]);

#endif
