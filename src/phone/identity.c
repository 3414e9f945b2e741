/* SPDX-License-Identifier: MIT */
/*
 * Who is at the other end, as the screen shows it. The server says it better than the peer himself,
 * by P-Asserted-Identity (RFC 3325) or the older Remote-Party-ID, and says it anew when a call has
 * been picked up, forwarded or transferred: nobody else may.
 */
#include "base/err.h"
#include "base/mem.h"
#include "phone/phone_inner.h"

#define DISPLAY_MAX_BYTES 512

bool phone_flow_is_server(const struct phone *phone, const struct flow *flow)
{
	return addr_eq_ip(&flow->peer, &phone->config.server.peer);
}

static bool asserted_find(const struct phone *phone, const struct sip_msg *msg,
			  const struct flow *flow, struct sip_addr *ret_addr)
{
	const struct sip_header *header;
	struct sip_list_cursor cursor = { 0 };
	struct slice entry;

	if (!phone_flow_is_server(phone, flow))
		return false;
	if (sip_msg_list_next(msg, HDR_P_ASSERTED_IDENTITY, &cursor, &entry) &&
	    sip_addr_parse(entry, ret_addr) == 0)
		return true;
	header = sip_msg_header_named(msg, SLICE("Remote-Party-ID"));
	return header && sip_addr_parse(header->value, ret_addr) == 0;
}

/* On ERR_NOMEM what was known stays. */
static int set_peer(struct phone_call *call, struct slice uri, struct slice plain)
{
	struct slice remote, display;
	int err = slice_keep(uri, &remote);

	if (err)
		return err;
	err = slice_keep(plain, &display);
	if (err) {
		mem_free((char *)remote.p);
		return err;
	}
	mem_free((char *)call->remote.p);
	mem_free((char *)call->display.p);
	call->remote = remote;
	call->display = display;
	return 0;
}

/* True when it is somebody else than was known, or has another name. */
static bool identify(struct phone_call *call, const struct sip_addr *addr, int *ret_err)
{
	char text[DISPLAY_MAX_BYTES];
	struct buf plain = BUF_ON(text);

	*ret_err = 0;
	sip_display_unquote(&plain, addr->display);
	if (slice_eq(addr->uri.text, call->remote) && slice_eq(buf_text(&plain), call->display))
		return false;
	*ret_err = set_peer(call, addr->uri.text, buf_text(&plain));
	return *ret_err == 0;
}

int phone_call_identify_caller(struct phone_call *call, const struct incoming *in)
{
	struct sip_addr caller = in->msg->from;
	int err;

	(void)asserted_find(call->phone, in->msg, &in->flow, &caller);
	(void)identify(call, &caller, &err);
	return err;
}

bool phone_call_identify(struct phone_call *call, const struct session *session,
			 const struct sip_msg *msg)
{
	struct sip_addr peer;
	int err;

	return asserted_find(call->phone, msg, &session->peer, &peer) &&
	       identify(call, &peer, &err);
}

void phone_call_on_connected(struct session *session, const struct sip_msg *msg)
{
	struct phone_call *call = session->owner;

	if (phone_call_identify(call, session, msg))
		phone_call_emit(call, PHONE_CONNECTED);
}
