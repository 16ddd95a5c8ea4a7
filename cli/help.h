/* The table of options.def in the forms of other programs (layer 7). */
#ifndef RP_CLI_HELP_H
#define RP_CLI_HELP_H

#include "core/buffer.h"

void rp_cli_put_man(struct rp_buffer *out);      /* man(7) */
void rp_cli_put_markdown(struct rp_buffer *out); /* the reference part of docs/command.md */

/* Completion scripts, named as in the table's choices. */
void rp_cli_put_bash(struct rp_buffer *out);
void rp_cli_put_zsh(struct rp_buffer *out);
void rp_cli_put_fish(struct rp_buffer *out);

#endif
