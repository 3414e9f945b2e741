/* SPDX-License-Identifier: MIT */
/*
 * Calls from outside: whose they are, whom they are for, and who calls. They lead to extensions and
 * groups only, never to another trunk: there is no way here to a route (SECURITY R3).
 */
#include "base/err.h"
#include "pbx/auth.h"
#include "pbx/call.h"
#include "pbx/pickup.h"
#include "pbx/record.h"
#include "pbx/route.h"
#include "pbx/ticket.h"
#include "pbx/trunk.h"
#include "sip/print.h"

#define NAME_MAX_BYTES 128

/* --- Limits ------------------------------------------------------------------------------- */

/*
 * What comes by a ticket, as Replaces from a trunk always does, takes the place of the call that
 * was transferred, which is counted until then: it is not one more, and is never refused for this.
 */
bool trunk_is_full(const struct trunk *trunk)
{
	return trunk->config->calls_max > 0 && trunk->calls >= trunk->config->calls_max;
}

void trunk_call_over(struct trunk *trunk)
{
	CHECK(trunk->calls > 0);
	trunk->calls--;
	trunk_end_if_idle(trunk);
}

/* --- Whose ---------------------------------------------------------------------------------- */

static struct slice contact_user(const struct trunk *trunk)
{
	return slice_of(trunk->contact_user, sizeof(trunk->contact_user));
}

/* The number that was called: the Request-URI's, or To's where that is only our Contact. */
static int print_called(struct buf *number, const struct trunk *trunk, const struct sip_msg *msg)
{
	bool is_contact = slice_eq(msg->uri.user, contact_user(trunk));
	int err = uri_unescape(number, is_contact ? msg->to.uri.user : msg->uri.user);

	return number->is_overflown ? ERR_LIMIT : err;
}

static bool trunk_has_number(const struct trunk *trunk, const struct sip_msg *msg)
{
	char called_text[SIP_USER_MAX_BYTES], inside_text[2 * SIP_USER_MAX_BYTES];
	struct buf called = BUF_ON(called_text), inside = BUF_ON(inside_text);

	return print_called(&called, trunk, msg) == 0 &&
	       trunk_config_print_inside(&inside, trunk->config, buf_text(&called));
}

/*
 * Two accounts at one provider come from the same addresses: the Contact tells them apart, then
 * their numbers, then the order of the file.
 */
static struct trunk *trunk_at_source(struct pbx *pbx, const struct incoming *in)
{
	struct trunk *first = NULL, *with_number = NULL;

	LIST_FOR (trunk, &pbx->trunks, struct trunk, node) {
		if (slice_eq(in->msg->uri.user, contact_user(trunk)) &&
		    trunk_is_at(trunk, &in->flow))
			return trunk;
		if (!trunk_is_source(trunk, &in->flow))
			continue;
		if (!first)
			first = trunk;
		if (!with_number && trunk_has_number(trunk, in->msg))
			with_number = trunk;
	}
	return with_number ? with_number : first;
}

/* Reading credentials costs more than comparing addresses, and phones come from elsewhere. */
struct trunk *trunk_identify(struct pbx *pbx, const struct incoming *in)
{
	struct trunk *trunk = trunk_at_source(pbx, in);

	return trunk && !auth_is_tried(pbx, in->msg) ? trunk : NULL;
}

bool trunk_is_peer(struct trunk *trunk, struct incoming *in)
{
	return trunk_is_source(trunk, &in->flow) ||
	       auth_check_is_trunk(CONTAINER_OF(in->stack, struct pbx, stack), in, trunk);
}

/* --- Who ------------------------------------------------------------------------------------ */

/* P-Asserted-Identity, where the trunk's word counts (RFC 3325 9.1), else From. */
static struct sip_addr identity_of(const struct trunk *trunk, const struct sip_msg *msg)
{
	struct sip_list_cursor cursor = { 0 };
	struct slice entry;
	struct sip_addr addr;

	if (trunk->config->is_trusted &&
	    sip_msg_list_next(msg, HDR_P_ASSERTED_IDENTITY, &cursor, &entry) &&
	    sip_addr_parse(entry, &addr) == 0 && addr.uri.scheme != URI_OTHER)
		return addr;
	return msg->from;
}

/* The texts are printed into the two bufs; nobody's are empty. */
static struct party read_caller(const struct trunk *trunk, const struct sip_msg *msg,
				struct buf *number, struct buf *name)
{
	struct sip_addr addr = identity_of(trunk, msg);

	if (slice_is_empty(addr.uri.user) || addr_is_anonymous(&addr) ||
	    privacy_has(msg, SLICE("id")) || privacy_has(msg, SLICE("user")) ||
	    uri_unescape(number, addr.uri.user) || number->is_overflown)
		return (struct party){ 0 };
	/* Nobody outside is one of ours, unless the trunk's word counts for it (SECURITY A3). */
	if (!trunk->config->is_trusted &&
	    route_find(trunk->pbx->directory, buf_text(number)).kind != DESTINATION_NONE)
		return (struct party){ 0 };
	sip_display_unquote(name, addr.display);
	/* A name that is too long is shown as far as it fits. */
	return (struct party){ buf_text(number), buf_text(name) };
}

/* --- For whom ------------------------------------------------------------------------------- */

static struct destination find_inside(const struct trunk *trunk, const struct sip_msg *msg,
				      struct buf *number)
{
	static const struct destination nobody = { .kind = DESTINATION_NONE };
	char text[SIP_USER_MAX_BYTES];
	struct buf called = BUF_ON(text);

	if (print_called(&called, trunk, msg))
		return nobody;
	if (!trunk_config_print_inside(number, trunk->config, buf_text(&called)))
		buf_slice(number, buf_text(&called));
	if (number->is_overflown)
		return nobody;
	return route_find(trunk->pbx->directory, buf_text(number));
}

static void refuse(struct pbx *pbx, struct incoming *in, const struct party *caller,
		   struct slice number, unsigned status)
{
	record_refused(pbx, caller, number, status,
		       status == 486 || status == 503 ? RECORD_LIMIT : RECORD_REFUSED);
	if (status == 503)
		incoming_refuse_full(in);
	else
		incoming_reply_status(in, status);
}

void trunk_on_invite(struct pbx *pbx, struct incoming *in, struct trunk *trunk)
{
	char caller_text[SIP_USER_MAX_BYTES], name_text[NAME_MAX_BYTES];
	char number_text[2 * SIP_USER_MAX_BYTES];
	struct buf caller = BUF_ON(caller_text), name = BUF_ON(name_text);
	struct buf number = BUF_ON(number_text);
	struct party party = read_caller(trunk, in->msg, &caller, &name);
	struct destination to = find_inside(trunk, in->msg, &number);
	struct ticket *ticket;

	if (sip_msg_header(in->msg, HDR_JOIN)) {
		pickup_refuse_join(pbx, in, NULL);
		return;
	}
	if (sip_msg_header(in->msg, HDR_REPLACES)) {
		if (!pickup_from_trunk(pbx, in, trunk, &party))
			refuse(pbx, in, &party, buf_text(&number), 403);
		return;
	}
	ticket = ticket_to_call(pbx, &(struct ticket_holder){ .trunk = trunk }, buf_text(&number));
	if (to.kind == DESTINATION_NONE)
		refuse(pbx, in, &party, buf_text(&number), 404);
	else if (!ticket && trunk_is_full(trunk))
		refuse(pbx, in, &party, buf_text(&number), 486);
	else if (!pbx_has_room(pbx))
		refuse(pbx, in, &party, buf_text(&number), 503);
	else
		call_start_from_trunk(pbx, in, trunk, &party, buf_text(&number), &to, ticket);
}

/* --- Credentials ---------------------------------------------------------------------------- */

static void trace_unanswered(const struct trunk *trunk, const struct sip_msg *response)
{
	enum sip_header_id id =
		response->status == 407 ? HDR_PROXY_AUTHENTICATE : HDR_WWW_AUTHENTICATE;

	stack_trace(&trunk->pbx->stack,
		    "event=trunk trunk=%.*s challenge=unanswered realm=%.*s challenge-was=%.*s",
		    SLICE_ARGS(trunk->config->name), SLICE_ARGS(trunk->account.login.realm),
		    SLICE_ARGS(sip_msg_value(response, id)));
}

int trunk_on_challenge(struct session *session, const struct sip_msg *response, struct buf *line)
{
	struct pbx *pbx = CONTAINER_OF(session->stack, struct pbx, stack);
	struct trunk *trunk = pool_find(&pbx->trunk_pool, session->account);
	const struct dialog *dialog = &session->dialog;
	struct auth_attempt attempt = { 0 };
	int err;

	if (!trunk || !trunk_is_at(trunk, &dialog->flow))
		return ERR_DENIED;
	/* What was just refused is not said once more (RFC 3261 22.2). */
	if (session->challenges > 1)
		attempt = (struct auth_attempt){ .answers = session->challenges - 1,
						 .serial = trunk->account.client.serial };
	err = account_answer(&trunk->account, session->stack, response, dialog_request_uri(dialog),
			     &attempt, line);
	if (err)
		trace_unanswered(trunk, response);
	return err;
}
