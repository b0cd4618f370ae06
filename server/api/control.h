/* SPDX-License-Identifier: MIT */
/*
 * The routes that break a cluster for whoever wants to see what happens: which parts it has, kill
 * one, start it again. Only of a service that was started with --cluster-control; of any other
 * these routes do not exist (ROUTE_IS_OF_CONTROL).
 *
 * The program is asked "PROGRAM parts", "PROGRAM kill-soon PART" and "PROGRAM start PART", as
 * deploy/cluster answers: a line for each part, "NAME running|stopped WORD BYTES", where WORD is
 * what it says of itself and BYTES how far it is behind, each maybe "-"; exit status 3: no such
 * part.
 */
#ifndef SERVER_API_CONTROL_H
#define SERVER_API_CONTROL_H

struct call;

void control_list(struct call *call);
void control_kill(struct call *call); /* it dies a moment after the answer: it may be who answers */
void control_start(struct call *call);

#endif
