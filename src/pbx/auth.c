/* SPDX-License-Identifier: MIT */
/*
 * Digest authentication as server: challenge, check, and count nonces against replay.
 */
#include "pbx/auth.h"

#include "pbx/trunk.h"

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
	nonce_make(&pbx->nonces, stack->timers->now_ms, salt, &nonce);
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

/* An authenticated phone speaks only for itself; its calls may hide who that is (RFC 3323 4.1). */
static bool from_is(const struct sip_msg *msg, const struct extension *extension)
{
	char text[SIP_USER_MAX_BYTES];
	struct buf user = BUF_ON(text);

	if (msg->method == METHOD_INVITE && addr_is_anonymous(&msg->from))
		return true;
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

bool auth_is_tried(const struct pbx *pbx, const struct sip_msg *msg)
{
	struct digest_credentials credentials;

	return find_credentials(pbx, msg, &credentials);
}

/* Who has a password with us. */
struct prover {
	const struct extension *extension;
	struct trunk *trunk;
};

/* An extension comes first; a trunk's name counts only where trunks may come. */
static struct prover prover_find(struct pbx *pbx, struct slice username, bool is_trunk_allowed)
{
	struct prover prover = { .extension = directory_find(pbx->directory, username) };

	if (prover.extension || !is_trunk_allowed || slice_is_empty(username))
		return prover;
	LIST_FOR (trunk, &pbx->trunks, struct trunk, node)
		if (slice_eq(trunk->config->username, username)) {
			prover.trunk = trunk;
			break;
		}
	return prover;
}

/* Who proved to be whom, whatever From says; nobody: the request has been answered. */
static struct prover auth_prove(struct pbx *pbx, struct incoming *in, bool is_trunk_allowed)
{
	static const struct slice nobody = SLICE_INIT("no extension has this password");
	static const struct prover none;
	struct digest_credentials credentials;
	struct prover prover;
	char text[SIP_USER_MAX_BYTES];
	struct buf username = BUF_ON(text);
	struct slice password = nobody;
	bool is_right;

	if (!find_credentials(pbx, in->msg, &credentials)) {
		auth_challenge(pbx, in, false);
		return none;
	}
	digest_unescape(&username, credentials.username);
	prover = prover_find(pbx, buf_text(&username), is_trunk_allowed);
	if (prover.extension)
		password = prover.extension->password;
	else if (prover.trunk)
		password = prover.trunk->config->password;
	is_right = digest_is_right(&credentials, in->msg->method_name, password);
	if ((!prover.extension && !prover.trunk) || !is_right ||
	    !uri_is_meant(in->msg, credentials.uri)) {
		trace_refused(pbx, in);
		auth_challenge(pbx, in, false);
		return none;
	}
	switch (nonce_use(&pbx->nonces, credentials.nonce, credentials.nc,
			  pbx->stack.timers->now_ms)) {
	case NONCE_GOOD:
		pbx_vouch(pbx, &in->flow);
		return prover;
	case NONCE_STALE:
		auth_challenge(pbx, in, true);
		break;
	case NONCE_FOREIGN:
		auth_challenge(pbx, in, false);
		break;
	}
	return none;
}

/* What somebody outside may ask for at all. */
static bool is_for_trunks(enum sip_method method)
{
	return method == METHOD_INVITE || method == METHOD_SUBSCRIBE || method == METHOD_PUBLISH;
}

const struct extension *auth_check(struct pbx *pbx, struct incoming *in, struct trunk **ret_trunk)
{
	struct prover prover = auth_prove(pbx, in, is_for_trunks(in->msg->method));

	*ret_trunk = prover.trunk;
	if (!prover.extension || from_is(in->msg, prover.extension))
		return prover.extension;
	incoming_reply_stateless(in, &(struct answer){ .status = 403 });
	return NULL;
}

bool auth_check_is(struct pbx *pbx, struct incoming *in, const struct extension *extension)
{
	struct prover proved = auth_prove(pbx, in, false);

	if (!proved.extension)
		return false;
	if (slice_eq(proved.extension->number, extension->number))
		return true;
	incoming_reply_stateless(in, &(struct answer){ .status = 403 });
	return false;
}

bool auth_check_is_trunk(struct pbx *pbx, struct incoming *in, const struct trunk *trunk)
{
	struct prover proved = auth_prove(pbx, in, true);

	if (!proved.extension && !proved.trunk)
		return false;
	if (proved.trunk == trunk)
		return true;
	incoming_reply_stateless(in, &(struct answer){ .status = 403 });
	return false;
}
