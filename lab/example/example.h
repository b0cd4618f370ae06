/* SPDX-License-Identifier: MIT */
/*
 * The runtime's examples as parts of the program, so that a page can show them and run them. Each
 * is compiled from coro/examples a second time, with its main() under another name; the table is
 * written at build time by tools/examples.sh.
 */
#ifndef LAB_EXAMPLE_EXAMPLE_H
#define LAB_EXAMPLE_EXAMPLE_H

struct example {
    const char *name;  /* "worker_pool"; NULL ends the table */
    const char *title; /* "Worker pool" */
    const char *code;  /* the whole file */
    int (*run)(void);  /* its main(): prints, and returns the exit status, or exits with it */
};

/* Those that open no socket: they run where none may be opened. */
extern const struct example example_all[];

const struct example *example_find(const char *name); /* NULL: there is none */

#endif
