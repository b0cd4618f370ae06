/* SPDX-License-Identifier: MIT */
#include "tests/coro/certificates.h"

#include <stdio.h>
#include <stdlib.h>

#include "coro/blocking.h"
#include "coro/co.h"
#include "coro/ensure.h"

/* Names that a certificate is for cannot be given to one that another signs but through a
 * request. */
static const char script[] =
    "cd '%s' && exec >log 2>&1 && ec='-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes' &&"
    "here=subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1 &&"
    "openssl req -x509 $ec -keyout ca.key -out authority.pem -subj /CN=authority -days 9 &&"
    "openssl req $ec -keyout key.pem -out good.csr -subj /CN=localhost -addext $here &&"
    "openssl pkey -in key.pem -aes256 -passout pass:open -out locked.pem &&"
    "openssl req -new -key key.pem -out other.csr -subj /CN=elsewhere.test"
    "  -addext subjectAltName=DNS:elsewhere.test &&"
    "openssl req -x509 -key key.pem -out stranger.pem -subj /CN=localhost -addext $here -days 9 &&"
    "sign() { openssl x509 -req -in $1.csr -CA authority.pem -CAkey ca.key -CAcreateserial"
    "  -copy_extensions copy -days $2 -out $3.pem; } &&"
    "sign good 9 good && sign good -1 expired && sign other 9 other";

static void run(void *command)
{
    co_ensure(system(command) == 0);
}

static void run_in_shell(char *command)
{
    if (co_current())
        co_blocking_call(run, command);
    else
        run(command);
}

static void path_of(const struct certificates *in, char *path, const char *name)
{
    snprintf(path, CERTIFICATES_PATH, "%.40s/%s.pem", in->folder, name);
}

void certificates_make(struct certificates *certificates)
{
    char command[sizeof script + CERTIFICATES_PATH];
    snprintf(certificates->folder, sizeof certificates->folder, "/tmp/test-tls-XXXXXX");
    co_ensure(mkdtemp(certificates->folder));
    snprintf(command, sizeof command, script, certificates->folder);
    run_in_shell(command);
    path_of(certificates, certificates->authority, "authority");
    path_of(certificates, certificates->key, "key");
    path_of(certificates, certificates->locked, "locked");
    path_of(certificates, certificates->good, "good");
    path_of(certificates, certificates->expired, "expired");
    path_of(certificates, certificates->other, "other");
    path_of(certificates, certificates->stranger, "stranger");
}

void certificates_remove(struct certificates *certificates)
{
    char command[CERTIFICATES_PATH + 20];
    snprintf(command, sizeof command, "rm -r '%s'", certificates->folder);
    run_in_shell(command);
}
