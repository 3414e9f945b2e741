/* SPDX-License-Identifier: MIT */
/*
 * An account: the credentials of a user at a server, and what was learned from its challenges.
 * Shared by every request that the user sends there (RFC 3261 22).
 */
#ifndef LAMPYRID_CORE_ACCOUNT_H
#define LAMPYRID_CORE_ACCOUNT_H

#include "core/auth_client.h"
#include "core/stack.h"

/* Zeroed but for the login it is ready. The login's text must outlive it. */
struct account {
	struct auth_client client;
	struct auth_login login; /* without a user name nothing is ever answered */
};

/* Prints credentials from what is known already; nothing when nothing is. */
void account_print(struct account *account, struct stack *stack, struct slice method,
		   struct slice uri, struct auth_attempt *attempt, struct buf *buf);

/* Answers a 401 or 407, see auth_client_answer(). `uri` is the Request-URI as it was sent. */
int account_answer(struct account *account, struct stack *stack, const struct sip_msg *response,
		   struct slice uri, struct auth_attempt *attempt, struct buf *buf);

/*
 * A token for this text that nobody can guess who does not know the password, and the same each
 * time: it can stand for us in a Contact. ERR_NOMEM.
 */
int account_token(const struct auth_login *login, struct slice text, char ret_token[TOKEN_BYTES]);

#endif
