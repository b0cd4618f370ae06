/* SPDX-License-Identifier: MIT */
/* Keys and certificates for tests of TLS, made by the command openssl in a folder under /tmp. */
#ifndef TESTS_CORO_CERTIFICATES_H
#define TESTS_CORO_CERTIFICATES_H

#include "coro/tls/co_tls.h"

enum { CERTIFICATES_PATH = 64 };

struct certificates {
    char folder[CERTIFICATES_PATH];
    char authority[CERTIFICATES_PATH]; /* vouches for all but the stranger */
    char key[CERTIFICATES_PATH];       /* of all that follow */
    char locked[CERTIFICATES_PATH];    /* the same key, behind a passphrase */
    char good[CERTIFICATES_PATH];      /* of localhost, 127.0.0.1 and ::1 */
    char expired[CERTIFICATES_PATH];   /* the same, until yesterday */
    char other[CERTIFICATES_PATH];     /* of elsewhere.test */
    char stranger[CERTIFICATES_PATH];  /* of localhost, by its own word */
};

/* Parks, or blocks outside of a coroutine. */
void certificates_make(struct certificates *certificates);
void certificates_remove(struct certificates *certificates);

#endif
