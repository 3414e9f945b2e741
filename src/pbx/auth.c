/* SPDX-License-Identifier: MIT */
/*
 * Digest authentication as server: challenge, check, and count nonces against replay.
 */
#include "pbx/auth.h"

#include "sip/digest.h"
#include "sip/print.h"

#define CHALLENGE_MAX_BYTES 1024

static void print_challenge(struct buf *lines, struct slice realm, struct slice nonce,
			    enum hash_alg alg, bool is_stale)
{
	buf_lit(lines, "WWW-Authenticate: ");
	digest_challenge_print(lines, &(struct digest_challenge){ .realm = realm,
								  .nonce = nonce,
								  .alg = alg,
								  .is_alg_given = true,
								  .is_stale = is_stale,
								  .has_qop = true,
								  .has_qop_auth = true });
	buf_lit(lines, "\r\n");
}

/* The better algorithm first (RFC 8760 2.3); one nonce serves both. */
static void auth_challenge(struct pbx *pbx, struct incoming *in, bool is_stale)
{
	struct stack *stack = &pbx->stack;
	char text[CHALLENGE_MAX_BYTES];
	char nonce_text[NONCE_MAX_BYTES];
	struct buf lines = BUF_ON(text);
	struct buf nonce = BUF_ON(nonce_text);
	uint8_t salt[NONCE_SALT_BYTES];

	stack->env->random(stack->env->host, salt, sizeof(salt));
	if (nonce_make(&pbx->nonces, stack->timers->now_ms, salt, &nonce)) {
		incoming_reply_stateless(in, &(struct answer){ .status = 500 });
		return;
	}
	if (pbx->directory->digest != DIGEST_MD5)
		print_challenge(&lines, pbx->directory->domain, buf_text(&nonce), HASH_SHA256,
				is_stale);
	if (pbx->directory->digest != DIGEST_SHA256)
		print_challenge(&lines, pbx->directory->domain, buf_text(&nonce), HASH_MD5,
				is_stale);
	incoming_reply_stateless(in, &(struct answer){ .status = 401, .lines = buf_text(&lines) });
}

/* The credentials for our realm among all that were sent (RFC 3261 22.3). */
static bool find_credentials(const struct pbx *pbx, const struct sip_msg *msg,
			     struct digest_credentials *ret_credentials)
{
	const struct sip_header *header = sip_msg_header(msg, HDR_AUTHORIZATION);

	for (; header; header = sip_msg_header_next(msg, header))
		if (digest_credentials_parse(header->value, ret_credentials) == 0 &&
		    slice_eq(ret_credentials->realm, pbx->directory->domain) &&
		    (ret_credentials->alg != HASH_MD5 || pbx->directory->digest != DIGEST_SHA256))
			return true;
	return false;
}

/* An authenticated phone speaks only for itself. */
static bool from_is(const struct sip_msg *msg, const struct extension *extension)
{
	char text[SIP_USER_MAX_BYTES];
	struct buf user = BUF_ON(text);

	if (uri_unescape(&user, msg->from.uri.user) || user.is_overflown)
		return false;
	return slice_eq(buf_text(&user), extension->number);
}

/*
 * The credentials are for this request and no other (RFC 7616 3.4.6). Phones differ in port and
 * parameters of what they say here, not in user and host.
 */
static bool uri_is_meant(const struct sip_msg *msg, struct slice text)
{
	struct sip_uri uri;

	if (slice_eq(text, msg->uri.text))
		return true;
	return sip_uri_parse(text, &uri) == 0 && slice_eq(uri.user, msg->uri.user) &&
	       slice_eq_nocase(uri.host, msg->uri.host);
}

/* The log is for a person who looks for a mistyped password, or for whoever is guessing one. */
static void trace_refused(struct pbx *pbx, const struct incoming *in)
{
	char text[ADDR_TEXT_MAX];
	struct buf peer = BUF_ON(text);

	addr_print(&peer, &in->flow.peer);
	stack_trace(&pbx->stack, "event=refused cause=credentials method=%.*s from=%.*s peer=%.*s",
		    SLICE_ARGS(in->msg->method_name), SLICE_ARGS(in->msg->from.uri.user),
		    SLICE_ARGS(buf_text(&peer)));
}

/* Who proved to be whom, whatever From says; NULL: the request has been answered. */
static const struct extension *auth_prove(struct pbx *pbx, struct incoming *in)
{
	static const struct slice nobody = SLICE_INIT("no extension has this password");
	struct digest_credentials credentials;
	const struct extension *extension;
	char text[SIP_USER_MAX_BYTES];
	struct buf username = BUF_ON(text);
	bool is_right;

	if (!find_credentials(pbx, in->msg, &credentials)) {
		auth_challenge(pbx, in, false);
		return NULL;
	}
	digest_unescape(&username, credentials.username);
	extension = directory_find(pbx->directory, buf_text(&username));
	is_right = digest_is_right(&credentials, in->msg->method_name,
				   extension ? extension->password : nobody);
	if (!extension || !is_right || !uri_is_meant(in->msg, credentials.uri)) {
		trace_refused(pbx, in);
		auth_challenge(pbx, in, false);
		return NULL;
	}
	switch (nonce_use(&pbx->nonces, credentials.nonce, credentials.nc,
			  pbx->stack.timers->now_ms)) {
	case NONCE_GOOD:
		pbx_vouch(pbx, &in->flow);
		return extension;
	case NONCE_STALE:
		auth_challenge(pbx, in, true);
		break;
	case NONCE_FOREIGN:
		auth_challenge(pbx, in, false);
		break;
	}
	return NULL;
}

const struct extension *auth_check(struct pbx *pbx, struct incoming *in)
{
	const struct extension *extension = auth_prove(pbx, in);

	if (!extension || from_is(in->msg, extension))
		return extension;
	incoming_reply_stateless(in, &(struct answer){ .status = 403 });
	return NULL;
}

bool auth_check_is(struct pbx *pbx, struct incoming *in, const struct extension *extension)
{
	const struct extension *proved = auth_prove(pbx, in);

	if (!proved)
		return false;
	if (slice_eq(proved->number, extension->number))
		return true;
	incoming_reply_stateless(in, &(struct answer){ .status = 403 });
	return false;
}
