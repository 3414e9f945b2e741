/* SPDX-License-Identifier: MIT */
/*
 * A program that only calls by TLS: whom it trusts.
 */
#ifndef LAMPYRID_CMD_TLS_CA_H
#define LAMPYRID_CMD_TLS_CA_H

struct tls_context;

/*
 * Of a PEM file, or of what the system trusts when `path` is NULL. The answer is an exit code; what
 * is wrong has been told then, as `command`.
 */
int tls_ca_read(const char *command, const char *path, struct tls_context **ret_context);

#endif
