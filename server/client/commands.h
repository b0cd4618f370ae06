/* SPDX-License-Identifier: MIT */
/* The commands for people, which talk to a service that runs: argv[0] is "teller", argv[1] the
 * command's name. Each returns an exit status of desk.h. */
#ifndef SERVER_CLIENT_COMMANDS_H
#define SERVER_CLIENT_COMMANDS_H

int cmd_transfer(int argc, char **argv);
int cmd_deposit(int argc, char **argv);
int cmd_withdraw(int argc, char **argv);
int cmd_hold(int argc, char **argv);
int cmd_resume(int argc, char **argv);
int cmd_balance(int argc, char **argv);
int cmd_accounts(int argc, char **argv);
int cmd_statement(int argc, char **argv);
int cmd_tail(int argc, char **argv);

#endif
