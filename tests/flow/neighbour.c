/* SPDX-License-Identifier: MIT */
/*
 * A neighbour: a stack, and on it a publisher or a notifier.
 */
#include "neighbour.h"

#include "base/check.h"
#include "core/txn_client.h"
#include "office.h"
#include "sip/print.h"

#include <stdio.h>
#include <stdlib.h>

#define LEASE_S 600
#define REFRESH_MS 300000
#define AGAIN_MS 2000
#define DOCUMENT_TYPE SLICE("application/dialog-info+xml")

static struct neighbour *of(struct stack *stack)
{
	return CONTAINER_OF(stack, struct neighbour, stack);
}

static void print_document(struct neighbour *neighbour, struct buf *buf)
{
	buf_printf(buf,
		   "<?xml version=\"1.0\"?>\n"
		   "<dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" version=\"%u\" "
		   "state=\"full\" entity=\"sip:%s@" OFFICE_DOMAIN "\">%s</dialog-info>\n",
		   neighbour->version++, neighbour->number, neighbour->document);
	CHECK(!buf->is_overflown);
}

/* --- Publishing --------------------------------------------------------------------------- */

static const struct txn_client_ops publish_ops;

static void on_again(struct timer *timer);

static void again(struct neighbour *neighbour, uint64_t ms)
{
	timer_start(neighbour->stack.timers, &neighbour->again, ms, on_again);
}

static void publish(struct neighbour *neighbour)
{
	char lines_text[256], body_text[4096];
	struct buf lines = BUF_ON(lines_text), body = BUF_ON(body_text);
	bool has_etag = neighbour->etag[0] != '\0';

	neighbour->has_said = neighbour->is_due || !has_etag;
	if (neighbour->has_said && !neighbour->is_leaving)
		print_document(neighbour, &body);
	sip_print_header(&lines, HDR_EVENT, SLICE("dialog"));
	sip_print_header_u32(&lines, HDR_EXPIRES, neighbour->is_leaving ? 0 : LEASE_S);
	if (has_etag)
		sip_print_header(&lines, HDR_SIP_IF_MATCH, slice_from_cstr(neighbour->etag));
	if (dialog_request(&neighbour->numbering, &neighbour->stack, METHOD_PUBLISH,
			   buf_text(&lines), DOCUMENT_TYPE, buf_text(&body), &publish_ops,
			   HANDLE_NONE, &neighbour->client))
		again(neighbour, AGAIN_MS);
	else
		neighbour->is_due = false;
}

static void on_again(struct timer *timer)
{
	struct neighbour *neighbour = CONTAINER_OF(timer, struct neighbour, again);

	if (!neighbour->is_leaving || neighbour->etag[0])
		publish(neighbour);
}

static void publish_if_idle(struct neighbour *neighbour)
{
	neighbour->is_due = true;
	if (!pool_find(&neighbour->stack.txn_clients, neighbour->client))
		on_again(&neighbour->again);
}

static void on_success(struct neighbour *neighbour, const struct sip_msg *response)
{
	struct slice etag = sip_msg_value(response, HDR_SIP_ETAG);

	snprintf(neighbour->etag, sizeof(neighbour->etag), "%.*s", SLICE_ARGS(etag));
	again(neighbour, neighbour->is_due || neighbour->is_leaving ? 0 : REFRESH_MS);
}

static void publish_on_response(struct txn_client *txn, struct handle owner,
				const struct sip_msg *response, const struct flow *flow)
{
	struct neighbour *neighbour = of(txn->stack);
	uint32_t expires_s = 0;

	(void)owner;
	(void)flow;
	if (response->status < 200)
		return;
	neighbour->client = HANDLE_NONE;
	(void)sip_msg_seconds(response, HDR_EXPIRES, &expires_s);
	if (response->status == 200 && expires_s > 0) {
		on_success(neighbour, response);
	} else if (response->status == 200) {
		neighbour->etag[0] = '\0';
	} else if (response->status == 412) {
		/* It is forgotten there: all anew (RFC 3903 4.4). */
		neighbour->etag[0] = '\0';
		neighbour->is_due = true;
		again(neighbour, 0);
	} else {
		neighbour->is_due |= neighbour->has_said;
		again(neighbour, AGAIN_MS);
	}
}

static void publish_on_failed(struct txn_client *txn, struct handle owner, unsigned status)
{
	struct neighbour *neighbour = of(txn->stack);

	(void)owner;
	(void)status;
	neighbour->client = HANDLE_NONE;
	neighbour->is_due |= neighbour->has_said;
	again(neighbour, AGAIN_MS);
}

static const struct txn_client_ops publish_ops = { publish_on_response, publish_on_failed };

/* --- Telling who asks --------------------------------------------------------------------- */

static void on_due(struct notifier *notifier)
{
	char body_text[4096];
	struct buf body = BUF_ON(body_text);

	print_document(of(notifier->stack), &body);
	notifier_send(notifier, DOCUMENT_TYPE, buf_text(&body));
}

static void on_end(struct notifier *notifier)
{
	(void)notifier;
}

static bool is_peer(struct notifier *notifier, struct incoming *in)
{
	(void)notifier;
	(void)in;
	return true;
}

static const struct notifier_ops notifier_ops = { .expires_min_s = 60,
						  .expires_max_s = 3600,
						  .on_due = on_due,
						  .on_end = on_end,
						  .is_peer = is_peer };

static void on_request(void *user, struct incoming *in)
{
	struct neighbour *neighbour = user;
	struct notifier *notifier;
	char text[128];
	struct buf contact = BUF_ON(text);

	if (in->msg->method != METHOD_SUBSCRIBE || neighbour->is_publisher) {
		incoming_reply_status(in, in->msg->method == METHOD_OPTIONS ? 200 : 405);
		return;
	}
	buf_lit(&contact, "Contact: <sip:phone@");
	addr_print(&contact, &neighbour->node->addr);
	buf_lit(&contact, ">\r\n");
	if (notifier_take(in,
			  &(struct notifier_spec){ .event = SLICE("dialog"),
						   .contact_line = buf_text(&contact) },
			  &notifier_ops, neighbour, &notifier) == 0)
		notifier_start(notifier);
}

static void tell_all(struct neighbour *neighbour)
{
	struct notifier *notifier;
	uint32_t slot = 0;

	while ((notifier = pool_walk(&neighbour->stack.notifiers, &slot)))
		notifier_change(notifier);
}

/* --- Registering -------------------------------------------------------------------------- */

static void on_registered(struct registration *registration)
{
	(void)registration;
}

static void on_failed(struct registration *registration, unsigned status,
		      const struct sip_msg *response)
{
	(void)registration;
	(void)status;
	(void)response;
}

static void on_stopped(struct registration *registration)
{
	registration_end(registration);
}

static const struct registration_ops registration_ops = { on_registered, on_failed, on_stopped };

static void start_registering(struct neighbour *neighbour, const char *password)
{
	char aor[128], contact_text[128];
	struct buf contact = BUF_ON(contact_text);
	struct registration *registration;

	neighbour->account.login.username = slice_from_cstr(neighbour->number);
	neighbour->account.login.password = slice_from_cstr(password);
	snprintf(aor, sizeof(aor), "<sip:%s@" OFFICE_DOMAIN ">", neighbour->number);
	buf_lit(&contact, "sip:phone@");
	addr_print(&contact, &neighbour->node->addr);
	CHECK(registration_new(&neighbour->stack,
			       &(struct registration_spec){
				       .registrar = SLICE("sip:" OFFICE_DOMAIN),
				       .aor = slice_from_cstr(aor),
				       .contact = buf_text(&contact),
				       .flow = wires_flow(neighbour->node, neighbour->to),
				       .expires_s = 600,
				       .account = &neighbour->account },
			       &registration_ops, neighbour, &registration) == 0);
	neighbour->registration = registration->pooled.handle;
	registration_start(registration);
}

/* --- Life --------------------------------------------------------------------------------- */

static void on_message(void *owner, const struct flow *flow, struct slice bytes)
{
	struct neighbour *neighbour = owner;

	stack_on_message(&neighbour->stack, flow, bytes);
}

static void on_turn_end(void *owner)
{
	struct neighbour *neighbour = owner;

	stack_on_turn_end(&neighbour->stack);
}

static void on_connection_lost(void *owner, const struct flow *lost)
{
	struct neighbour *neighbour = owner;

	stack_on_connection_lost(&neighbour->stack, lost);
}

static struct neighbour *neighbour_new(struct wires *wires, const char *name, struct wire_node *to,
				       const char *number)
{
	static const struct stack_limits limits = { .transactions = 64,
						    .sessions = 1,
						    .subscriptions = 8,
						    .registrations = 1,
						    .subscribers = 1 };
	struct neighbour *neighbour = calloc(1, sizeof(*neighbour));
	struct stack_user user = { .user = neighbour, .on_request = on_request };

	CHECK(neighbour);
	neighbour->node = wires_add(wires, name);
	neighbour->to = to;
	neighbour->number = number;
	neighbour->node->owner = neighbour;
	neighbour->node->on_message = on_message;
	neighbour->node->on_turn_end = on_turn_end;
	neighbour->node->on_connection_lost = on_connection_lost;
	CHECK(stack_init(&neighbour->stack, &neighbour->node->env, &neighbour->node->timers, &user,
			 &limits, SLICE("neighbour")) == 0);
	return neighbour;
}

struct neighbour *neighbour_new_publisher(struct wires *wires, const char *name,
					  struct wire_node *to, const char *number)
{
	struct neighbour *neighbour = neighbour_new(wires, name, to, number);
	char target[128];
	struct buf us = BUF_ON(target);

	neighbour->is_publisher = true;
	buf_printf(&us, "sip:%s@" OFFICE_DOMAIN, number);
	CHECK(dialog_init_uac(&neighbour->numbering, &neighbour->stack,
			      &(struct dialog_spec){ .local = SLICE("<sip:pbx@old.example>"),
						     .remote = buf_text(&us),
						     .target = buf_text(&us),
						     .flow = wires_flow(neighbour->node, to) }) ==
	      0);
	return neighbour;
}

struct neighbour *neighbour_new_phone(struct wires *wires, const char *name, struct wire_node *to,
				      const char *number, const char *password)
{
	struct neighbour *neighbour = neighbour_new(wires, name, to, number);

	start_registering(neighbour, password);
	return neighbour;
}

void neighbour_says(struct neighbour *neighbour, const char *dialogs)
{
	snprintf(neighbour->document, sizeof(neighbour->document), "%s", dialogs);
	if (neighbour->is_publisher)
		publish_if_idle(neighbour);
	else
		tell_all(neighbour);
}

void neighbour_leaves(struct neighbour *neighbour)
{
	struct registration *registration =
		pool_find(&neighbour->stack.registrations, neighbour->registration);

	neighbour->is_leaving = true;
	if (neighbour->is_publisher)
		publish_if_idle(neighbour);
	if (registration)
		registration_stop(registration);
}

void neighbour_free(struct neighbour *neighbour)
{
	timer_stop(neighbour->stack.timers, &neighbour->again);
	dialog_fini(&neighbour->numbering);
	stack_fini(&neighbour->stack);
	free(neighbour);
}
