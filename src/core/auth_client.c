/* SPDX-License-Identifier: MIT */
/*
 * Digest authentication as client. Challenges are taken in the order in which they stand, because
 * that is the server's preference (RFC 8760 2.4). A server that answers each try with another
 * nonce gets no more than AUTH_ANSWERS_MAX of them.
 */
#include "core/auth_client.h"

#include "base/err.h"
#include "sip/limits.h"

static struct slice client_realm(const struct auth_client *client)
{
	return slice_of(client->realm, client->realm_n);
}

static struct slice client_nonce(const struct auth_client *client)
{
	return slice_of(client->nonce, client->nonce_n);
}

static size_t keep(char *room, struct slice text)
{
	if (text.n > 0)
		memcpy(room, text.p, text.n);
	return text.n;
}

/* The login's realm is plain text, the challenge's may hold escapes. */
static bool realm_fits(const struct auth_login *login, struct slice realm)
{
	char text[AUTH_REALM_MAX_BYTES];
	struct buf plain = BUF_ON(text);

	if (slice_is_empty(login->realm))
		return true;
	digest_unescape(&plain, realm);
	return !plain.is_overflown && slice_eq(buf_text(&plain), login->realm);
}

static bool challenge_is_answerable(const struct digest_challenge *challenge,
				    const struct auth_login *login)
{
	return challenge->realm.n <= AUTH_REALM_MAX_BYTES &&
	       challenge->nonce.n <= AUTH_NONCE_MAX_BYTES &&
	       challenge->opaque.n <= AUTH_OPAQUE_MAX_BYTES && realm_fits(login, challenge->realm);
}

/* The first one that we can answer. Broken ones are passed over like foreign schemes. */
static int challenge_pick(const struct sip_msg *response, const struct auth_login *login,
			  struct digest_challenge *ret_challenge)
{
	enum sip_header_id id =
		response->status == 407 ? HDR_PROXY_AUTHENTICATE : HDR_WWW_AUTHENTICATE;

	for (const struct sip_header *header = sip_msg_header(response, id); header;
	     header = sip_msg_header_next(response, header)) {
		struct digest_challenge challenge;

		if (digest_challenge_parse(header->value, &challenge) == 0 &&
		    challenge_is_answerable(&challenge, login)) {
			*ret_challenge = challenge;
			return 0;
		}
	}
	return ERR_UNSUPPORTED;
}

static bool client_knows(const struct auth_client *client, const struct digest_challenge *challenge,
			 bool is_proxy)
{
	return client->serial != 0 && client->is_proxy == is_proxy &&
	       client->alg == challenge->alg && slice_eq(client_realm(client), challenge->realm) &&
	       slice_eq(client_nonce(client), challenge->nonce);
}

static void client_learn(struct auth_client *client, const struct digest_challenge *challenge,
			 bool is_proxy)
{
	if (!client_knows(client, challenge, is_proxy)) {
		client->nc = 0;
		client->serial = client->serial == UINT32_MAX ? 1 : client->serial + 1;
	}
	client->realm_n = keep(client->realm, challenge->realm);
	client->nonce_n = keep(client->nonce, challenge->nonce);
	client->opaque_n = keep(client->opaque, challenge->opaque);
	client->alg = challenge->alg;
	client->has_qop = challenge->has_qop_auth;
	client->is_proxy = is_proxy;
}

static bool text_is_printable(struct slice text)
{
	for (size_t i = 0; i < text.n; i++)
		if ((unsigned char)text.p[i] < ' ' || text.p[i] == 0x7f)
			return false;
	return true;
}

/* RFC 3261 25.1 allows neither quote nor backslash in a URI, so it needs no escaping. */
static bool uri_is_printable(struct slice uri)
{
	return text_is_printable(uri) && slice_find_char(uri, '"') == uri.n &&
	       slice_find_char(uri, '\\') == uri.n;
}

static void print_line(struct buf *buf, const struct auth_client *client,
		       const struct digest_credentials *credentials)
{
	buf_slice(buf,
		  sip_header_name(client->is_proxy ? HDR_PROXY_AUTHORIZATION : HDR_AUTHORIZATION));
	buf_lit(buf, ": ");
	digest_credentials_print(buf, credentials);
	buf_lit(buf, "\r\n");
}

/* The client knows a nonce. */
static int client_print(struct auth_client *client, const struct auth_login *login,
			const struct auth_request *request, struct buf *buf)
{
	char username_text[2 * AUTH_USERNAME_MAX_BYTES];
	char cnonce_text[2 * AUTH_CNONCE_BYTES];
	char hex[HASH_MAX_HEX];
	struct buf username = BUF_ON(username_text);
	struct buf cnonce = BUF_ON(cnonce_text);
	struct digest_credentials credentials;
	int err;

	/* RFC 7616 3.4: counts must not repeat, so this nonce is used up. */
	if (client->nc == UINT32_MAX)
		return ERR_LIMIT;
	if (!text_is_printable(login->username) || !uri_is_printable(request->uri))
		return ERR_SYNTAX;
	digest_escape(&username, login->username);
	buf_hex(&cnonce, request->cnonce, sizeof(request->cnonce));
	if (username.is_overflown)
		return ERR_LIMIT;
	credentials = (struct digest_credentials){
		.username = buf_text(&username),
		.realm = client_realm(client),
		.nonce = client_nonce(client),
		.uri = request->uri,
		.opaque = slice_of(client->opaque, client->opaque_n),
		.cnonce = buf_text(&cnonce),
		.nc = ++client->nc,
		.alg = client->alg,
		.has_qop = client->has_qop,
	};
	err = digest_response(&credentials, request->method, login->password, hex);
	if (err)
		return err;
	credentials.response = slice_of(hex, 2 * hash_size(client->alg));
	print_line(buf, client, &credentials);
	return buf->is_overflown ? ERR_LIMIT : 0;
}

int auth_client_print(struct auth_client *client, const struct auth_login *login,
		      const struct auth_request *request, struct auth_attempt *attempt,
		      struct buf *buf)
{
	int err;

	if (client->serial == 0 || !realm_fits(login, client_realm(client)))
		return ERR_NOTFOUND;
	err = client_print(client, login, request, buf);
	if (!err)
		attempt->serial = client->serial;
	return err;
}

int auth_client_answer(struct auth_client *client, const struct sip_msg *response,
		       const struct auth_login *login, const struct auth_request *request,
		       struct auth_attempt *attempt, struct buf *buf)
{
	struct digest_challenge challenge;
	bool is_proxy = response->status == 407;
	int err;

	if (response->status != 401 && response->status != 407)
		return ERR_UNSUPPORTED;
	err = challenge_pick(response, login, &challenge);
	if (err)
		return err;
	attempt->is_stale = challenge.is_stale;
	/* RFC 3261 22.2: credentials that were just refused are not sent once more. */
	if (!challenge.is_stale && attempt->serial == client->serial &&
	    client_knows(client, &challenge, is_proxy))
		return ERR_DENIED;
	if (attempt->answers >= AUTH_ANSWERS_MAX)
		return ERR_DENIED;
	client_learn(client, &challenge, is_proxy);
	err = client_print(client, login, request, buf);
	if (err)
		return err;
	attempt->answers++;
	attempt->serial = client->serial;
	return 0;
}
