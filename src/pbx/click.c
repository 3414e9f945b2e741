/* SPDX-License-Identifier: MIT */
/*
 * From the REFER to the answer of the own phone; transfer.c has the rest.
 */
#include "pbx/click.h"

#include "base/err.h"
#include "base/mem.h"
#include "core/refer.h"
#include "pbx/leg_find.h"
#include "pbx/park.h"
#include "pbx/referrer.h"
#include "pbx/route.h"
#include "pbx/splice.h"
#include "pbx/transfer.h"
#include "sip/refer_to.h"
#include "sip/target_dialog.h"

#define GRANTED ((struct answer){ 0 })
#define REFUSED(code, text) ((struct answer){ .status = (code), .reason = SLICE(text) })

/* --- Life --------------------------------------------------------------------------------- */

static void on_refer_end(struct refer *refer)
{
	struct click *click = refer->owner;

	click->refer = NULL;
}

static const struct refer_ops refer_ops = { .on_end = on_refer_end };

static void click_end(struct click *click)
{
	if (click->call)
		click->call->click = NULL;
	pool_end(&click->pbx->clicks, click);
}

void click_on_free(void *object)
{
	struct click *click = object;

	mem_free((char *)click->number.p);
	referrer_release(click->referrer);
}

static struct click *click_new(struct pbx *pbx, const struct extension *extension,
			       struct slice number, uint32_t hops_used)
{
	struct click *click = pool_new(&pbx->clicks);

	if (!click)
		return NULL;
	click->pbx = pbx;
	click->hops_used = hops_used;
	click->referrer = referrer_take(pbx, extension->number);
	if (!click->referrer || slice_keep(number, &click->number)) {
		click_end(click);
		return NULL;
	}
	return click;
}

static void click_fail(struct click *click, unsigned status)
{
	struct refer *refer = click->refer;

	click->refer = NULL;
	if (refer) {
		refer_let_go(refer);
		refer_tell(refer, status, SLICE_NONE);
	}
	click_end(click);
}

void click_on_call_end(struct call *call, unsigned status)
{
	if (call->click)
		click_fail(call->click, status ? status : 480);
}

/* --- The own phones ----------------------------------------------------------------------- */

/* What it describes is answered once somebody else does; until then nothing flows (RFC 3725 4.4).
 */
void click_on_answer(struct leg *leg, const struct sip_msg *response)
{
	struct call *call = leg->call;
	struct click *click = call->click;
	struct transfer_order order = { .number = click->number,
					.hops_used = click->hops_used,
					.refer = click->refer,
					.referrer = click->referrer };

	call_end_others(call, leg);
	leg_set_state(leg, LEG_TALKING);
	splice_hold(leg, sip_msg_value(response, HDR_CONTENT_TYPE), response->body);
	call_set_state(call, CALL_JOINING);
	click->refer = NULL;
	click_end(click);
	transfer_call_for(leg, &order);
}

static void ring_own(struct click *click, const struct extension *extension,
		     const struct destination *to)
{
	struct party party = destination_party(to);
	struct destination own = { .kind = DESTINATION_EXTENSION, .extension = extension };

	click->call = call_new_by(click->pbx, &party, extension->number, click->hops_used);
	if (!click->call) {
		click_fail(click, 503);
		return;
	}
	click->call->click = click;
	stack_trace(&click->pbx->stack, "event=click call=%u of=%.*s to=%.*s", click->call->number,
		    SLICE_ARGS(extension->number), SLICE_ARGS(click->number));
	call_ring(click->call, &own);
}

/* --- The REFER ---------------------------------------------------------------------------- */

/* It makes the sender's own phones ring and nobody else's. */
static bool is_for_own(struct pbx *pbx, const struct incoming *in,
		       const struct extension *extension)
{
	char text[SIP_USER_MAX_BYTES];
	struct buf user = BUF_ON(text);

	return pbx_is_own_host(pbx, &in->msg->uri, &in->flow) &&
	       uri_unescape(&user, in->msg->uri.user) == 0 && !user.is_overflown &&
	       slice_eq(buf_text(&user), extension->number);
}

static struct answer read_number(struct pbx *pbx, const struct incoming *in, struct buf *number)
{
	char room_text[SIP_REFER_TO_ROOM_BYTES];
	struct buf room = BUF_ON(room_text);
	struct sip_refer_to refer_to;
	struct sip_verdict verdict = sip_refer_to_read(in->msg, &room, &refer_to);

	if (verdict.status)
		return (struct answer){ .status = verdict.status, .reason = verdict.reason };
	if (refer_to.has_replaces)
		return REFUSED(403, "Nobody is replaced by this");
	/* No open relay: other domains are not ours to call. */
	if (!pbx_is_own_host(pbx, &refer_to.uri, &in->flow) ||
	    uri_unescape(number, refer_to.uri.user) || number->is_overflown)
		return (struct answer){ .status = 404 };
	return GRANTED;
}

static bool is_code(const struct pbx *pbx, struct slice number)
{
	const struct directory *directory = pbx->directory;

	return slice_eq(number, directory->dnd_on_code) ||
	       slice_eq(number, directory->dnd_off_code) ||
	       slice_eq(number, directory->group_pickup_code) || park_is_number(pbx, number) ||
	       !slice_is_empty(route_behind_pickup_code(directory, number));
}

static struct answer check_number(struct pbx *pbx, const struct extension *extension,
				  struct slice number, struct destination *ret_to)
{
	bool is_denied;

	if (slice_is_empty(number))
		return (struct answer){ .status = 404 };
	if (is_code(pbx, number))
		return REFUSED(403, "Only numbers are called by this");
	*ret_to = route_find_for(pbx->directory, number, extension, &is_denied);
	if (ret_to->kind == DESTINATION_NONE)
		return (struct answer){ .status = is_denied ? 403 : 404 };
	if (ret_to->kind == DESTINATION_EXTENSION && ret_to->extension == extension)
		return REFUSED(403, "Nobody calls themselves");
	if (!destination_is_emergency(ret_to) && !pbx_has_room(pbx))
		return (struct answer){ .status = 503, .lines = SLICE_INIT("Retry-After: 5\r\n") };
	return GRANTED;
}

static void on_click(struct pbx *pbx, struct incoming *in, const struct extension *extension)
{
	char number_text[SIP_USER_MAX_BYTES], contact_text[CONTACT_LINE_MAX_BYTES];
	struct buf number = BUF_ON(number_text), contact = BUF_ON(contact_text);
	struct destination to;
	struct click *click;
	struct answer refusal;

	if (!extension->may_refer_out)
		refusal = REFUSED(403, "No calls by REFER");
	else if (!is_for_own(pbx, in, extension))
		refusal = REFUSED(403, "Not your phones");
	else
		refusal = read_number(pbx, in, &number);
	if (!refusal.status)
		refusal = check_number(pbx, extension, buf_text(&number), &to);
	if (refusal.status) {
		incoming_reply(in, &refusal);
		return;
	}
	click = click_new(pbx, extension, buf_text(&number), dialog_hops_used(in->msg));
	if (!click) {
		incoming_refuse_full(in);
		return;
	}
	pbx_print_contact(&contact, extension->number, &in->flow);
	if (refer_take(in, buf_text(&contact), &refer_ops, click, &click->refer)) {
		click_end(click);
		return;
	}
	referrer_count(click->referrer, click->refer);
	ring_own(click, extension, &to);
}

/* --- In a dialog that it names (RFC 4538) ------------------------------------------------- */

/* The tags are as the sender sees them; another's dialog is none. */
static struct leg *find_named(struct pbx *pbx, const struct sip_target_dialog *target,
			      const struct extension *extension)
{
	struct sip_replaces ids = { .call_id = target->call_id,
				    .to_tag = target->remote_tag,
				    .from_tag = target->local_tag };
	struct leg *leg = leg_by_replaces(pbx, &ids, extension);

	return leg && leg->extension && slice_eq(leg->extension->number, extension->number) ? leg
											    : NULL;
}

void click_on_refer(struct pbx *pbx, struct incoming *in, const struct extension *extension)
{
	const struct sip_header *named = sip_msg_header(in->msg, HDR_TARGET_DIALOG);
	struct sip_target_dialog target;
	struct leg *leg;

	if (!named) {
		on_click(pbx, in, extension);
		return;
	}
	if (sip_target_dialog_parse(named->value, &target)) {
		incoming_reply(in, &(struct answer){ .status = 400,
						     .reason = SLICE("Bad Target-Dialog") });
		return;
	}
	leg = find_named(pbx, &target, extension);
	if (leg)
		transfer_on_refer(leg, in);
	else
		incoming_reply_status(in, 481);
}
