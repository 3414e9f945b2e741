/* SPDX-License-Identifier: MIT */
/*
 * An account adds what auth_client leaves to its caller: a fresh cnonce for each print.
 */
#include "core/account.h"

#include "base/err.h"
#include "crypto/hash.h"

static struct auth_request request_of(struct stack *stack, struct slice method, struct slice uri)
{
	struct auth_request request = { .method = method, .uri = uri };

	stack->env->random(stack->env->host, request.cnonce, sizeof(request.cnonce));
	return request;
}

void account_print(struct account *account, struct stack *stack, struct slice method,
		   struct slice uri, struct auth_attempt *attempt, struct buf *buf)
{
	struct auth_request request = request_of(stack, method, uri);
	size_t start = buf->n;

	/* Whatever is wrong with it: a request without credentials is challenged, that is all. */
	if (auth_client_print(&account->client, &account->login, &request, attempt, buf))
		buf->n = start;
}

int account_answer(struct account *account, struct stack *stack, const struct sip_msg *response,
		   struct slice uri, struct auth_attempt *attempt, struct buf *buf)
{
	struct auth_request request = request_of(stack, response->method_name, uri);

	if (slice_is_empty(account->login.username))
		return ERR_DENIED;
	return auth_client_answer(&account->client, response, &account->login, &request, attempt,
				  buf);
}

int account_token(const struct auth_login *login, struct slice text, char ret_token[TOKEN_BYTES])
{
	static const char letters[33] = "abcdefghijklmnopqrstuvwxyz234567";
	uint8_t mac[32];

	if (hash_hmac(login->password, text, mac))
		return ERR_NOMEM;
	for (size_t i = 0; i < TOKEN_BYTES; i++)
		ret_token[i] = letters[mac[i] & 31];
	return 0;
}
