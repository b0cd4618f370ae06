/* SPDX-License-Identifier: MIT */
/* Figures in Prometheus' text format (version 0.0.4). */
#ifndef SERVER_API_METRICS_H
#define SERVER_API_METRICS_H

struct call;

void metrics_get(struct call *call);

#endif
