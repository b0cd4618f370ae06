/* SPDX-License-Identifier: MIT */
/* Answers about audits: what the auditor in the background says at any time, and whole ones
 * (audit_jobs.h): start, read. */
#ifndef SERVER_API_AUDITS_H
#define SERVER_API_AUDITS_H

struct call;

void audits_now(struct call *call);
void audits_post(struct call *call);
void audits_get(struct call *call);

#endif
