/* SPDX-License-Identifier: MIT */
/* The lab: what there is to run, having it run, and what came of it (server/lab/lab_runs.h). */
#ifndef SERVER_API_LAB_CALLS_H
#define SERVER_API_LAB_CALLS_H

struct call;

void lab_calls_scenarios(struct call *call);
void lab_calls_post(struct call *call);
void lab_calls_get(struct call *call);

#endif
