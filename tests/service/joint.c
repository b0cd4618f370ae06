/* SPDX-License-Identifier: MIT */
#include "tests/service/joint.h"

#include <stdio.h>
#include <string.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "tests/service/secret.h"
#include "tests/service/visit.h"
#include "tests/unit.h"

enum { PATIENCE_S = 60 };

static void stand_between(struct joint *joint, struct cutter *cutter)
{
    struct service *owner = &joint->owner;
    cutter->upstream = owner->secret ? owner->inner : owner->port;
    snprintf(joint->advertised, sizeof joint->advertised, "%s://127.0.0.1:%d",
        owner->secret ? "https" : "http", cutter->port);
    owner->arguments[2] = "--advertise";
    owner->arguments[3] = joint->advertised;
}

/* What speaks TLS has its certificates first. */
static bool run(struct service *service)
{
    return (!service->secret || secret_prepare(service)) && service_run(service);
}

static bool make(struct joint *joint, struct cutter *cutter, bool secret)
{
    memset(joint, 0, sizeof *joint); /* too large to be on the stack first */
    joint->other = &joint->second.service;
    if (!standby_host(&joint->host, "owner", joint->url))
        return false;
    (secret ? standby_prepare_secret : standby_prepare)(&joint->owner, "owner", joint->url);
    if (cutter)
        stand_between(joint, cutter);
    if (!run(&joint->owner))
        return false;
    standby_make(&joint->second, &joint->owner, joint->url);
    if (secret) {
        secret_path(&joint->owner, "ca.pem", joint->trusted);
        joint->other->arguments[2] = "--peer-ca";
        joint->other->arguments[3] = joint->trusted;
    }
    return run(joint->other) && joint_await(joint);
}

bool joint_make(struct joint *joint, struct cutter *cutter)
{
    return make(joint, cutter, false);
}

bool joint_make_secret(struct joint *joint, struct cutter *cutter)
{
    return make(joint, cutter, true);
}

bool joint_await(const struct joint *joint)
{
    int64_t until_ns = co_clock_now_ns() + PATIENCE_S * CO_CLOCK_S;
    struct visit visit;
    bool good = false;
    while (!good && co_clock_now_ns() < until_ns) {
        visit_begin(&visit, joint->other);
        visit_get(&visit, "/v1/ledgers/main");
        good = visit.response.status == 200;
        visit_end(&visit);
        if (!good)
            co_sleep(20 * CO_CLOCK_MS);
    }
    return good;
}

void joint_remove(struct joint *joint)
{
    service_remove(&joint->owner);
    service_remove(joint->other);
    service_remove(&joint->host);
}
