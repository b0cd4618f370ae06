/* SPDX-License-Identifier: MIT */
#include "tests/service/joint.h"

#include <stdio.h>

#include "coro/clock.h"
#include "coro/co.h"
#include "tests/service/visit.h"
#include "tests/unit.h"

enum { PATIENCE_S = 60 };

bool joint_make(struct joint *joint, struct cutter *cutter)
{
    *joint = (struct joint){.other = &joint->second.service};
    if (!standby_host(&joint->host, "owner", joint->url))
        return false;
    standby_prepare(&joint->owner, "owner", joint->url);
    if (cutter) {
        cutter->upstream = joint->owner.port;
        snprintf(joint->advertised, sizeof joint->advertised, "http://127.0.0.1:%d", cutter->port);
        joint->owner.arguments[2] = "--advertise";
        joint->owner.arguments[3] = joint->advertised;
    }
    if (!service_run(&joint->owner))
        return false;
    standby_make(&joint->second, &joint->owner, joint->url);
    return service_run(joint->other) && joint_await(joint);
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
