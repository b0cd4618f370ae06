/* SPDX-License-Identifier: MIT */
/* The subcommands: argv[0] is "teller", argv[1] the command's name. Each returns the exit code: 0
 * good, 1 failed, 2 not understood. */
#ifndef SERVER_CMD_CMD_H
#define SERVER_CMD_CMD_H

int cmd_serve(int argc, char **argv);
int cmd_token(int argc, char **argv);
int cmd_audit(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_migrate(int argc, char **argv);
int cmd_backup(int argc, char **argv);
int cmd_restore(int argc, char **argv);
int cmd_verify(int argc, char **argv);
int cmd_lab(int argc, char **argv); /* 1: the promise was broken */

#endif
