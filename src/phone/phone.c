/* SPDX-License-Identifier: MIT */
/*
 * The phone: one account at one server. Everything that starts with us goes to that server, as by
 * an outbound proxy, whatever the address called says.
 */
#include "phone/phone.h"

#include "base/err.h"
#include "base/mem.h"
#include "core/registration.h"
#include "core/subscriber.h"
#include "phone/phone_inner.h"
#include "sip/digest.h"

#include <stdarg.h>

#define EXPIRES_S 3600
#define SESSION_EXPIRES_S 1800
#define FAIL_TEXT_MAX_BYTES 512
/* Each NOTIFY leaves one for 32 s: as many as busy keys bring (RFC 3261 17.2.2). */
#define TRANSACTIONS_MAX 2048
/* A call that is over may still have its BYE or CANCEL on the way. */
#define SESSIONS_MAX (4 * PHONE_CALLS_MAX)

void phone_emit(struct phone *phone, const struct phone_event *event)
{
	phone->on_event(phone->user, event);
}

int phone_fail(struct phone *phone, int err, const char *format, ...)
{
	char text[FAIL_TEXT_MAX_BYTES];
	struct buf buf = BUF_ON(text);
	va_list args;

	va_start(args, format);
	buf_vprintf(&buf, format, args);
	va_end(args);
	phone_emit(phone, &(struct phone_event){ .kind = PHONE_ERROR, .text = buf_text(&buf) });
	return err;
}

/* --- Names -------------------------------------------------------------------------------- */

/* A URI without what a Request-URI must not have (RFC 3261 19.1.1). */
static int print_uri_given(const struct sip_uri *given, struct buf *buf)
{
	struct sip_uri uri = *given;

	if (uri.scheme == URI_OTHER)
		return ERR_UNSUPPORTED;
	uri.headers = SLICE_NONE;
	sip_uri_print(buf, &uri);
	return buf->is_overflown ? ERR_LIMIT : 0;
}

/* What stands before the '@' of somebody who is not named by a whole URI. */
static bool is_user(struct slice user)
{
	static const struct slice never = SLICE_INIT(":<>\"");

	for (size_t i = 0; i < user.n; i++)
		if ((unsigned char)user.p[i] <= ' ' || user.p[i] == 0x7f ||
		    slice_find_char(never, user.p[i]) < never.n)
			return false;
	return user.n > 0;
}

int phone_print_uri(const struct phone *phone, struct slice text, struct buf *buf)
{
	struct slice trimmed = slice_trim(text), user, host;
	struct sip_uri uri;

	if (sip_uri_parse(trimmed, &uri) == 0)
		return print_uri_given(&uri, buf);
	slice_cut(trimmed, '@', &user, &host);
	if (!is_user(user))
		return ERR_SYNTAX;
	buf_lit(buf, "sip:");
	uri_escape_user(buf, user);
	buf_char(buf, '@');
	buf_slice(buf, slice_is_empty(host) ? phone->domain : host);
	if (buf->is_overflown)
		return ERR_LIMIT;
	return sip_uri_parse(buf_text(buf), &uri);
}

/* --- Registering -------------------------------------------------------------------------- */

static struct registration *phone_registration(const struct phone *phone)
{
	return pool_find(&phone->stack.registrations, phone->registration);
}

static void on_registered(struct registration *registration)
{
	struct phone *phone = registration->owner;

	phone_emit(phone, &(struct phone_event){ .kind = PHONE_REGISTERED,
						 .aor = phone->aor,
						 .expires_s = registration->granted_s });
	if (!phone->is_stopping)
		phone_keys_start(phone);
}

/* Nobody has answered (408), or there is no connection (503). */
static void print_unreachable(const struct phone *phone, struct buf *buf, unsigned status)
{
	const struct flow *server = &phone->config.server;

	buf_cstr(buf, status == 408 ? "no answer from " : "no connection to ");
	addr_print(buf, &server->peer);
	buf_lit(buf, " by ");
	buf_slice(buf, transport_word(server->transport));
	buf_lit(buf, "; does the server run there, are address, port and transport right, and does "
		     "no firewall stand between?");
}

/* A server that is careful does not tell an unknown user from a wrong password. */
static void print_refused(const struct phone *phone, struct buf *buf, unsigned status)
{
	struct slice user = phone->account.login.username;

	switch (status) {
	case 401:
	case 407:
		if (slice_is_empty(user))
			buf_lit(buf, "the server asks for a password, and none was given");
		else
			buf_printf(buf,
				   "the password is not the one of '%.*s', or the server knows no "
				   "such user",
				   SLICE_ARGS(user));
		break;
	case 403:
		buf_printf(buf, "'%.*s' may not register as %.*s", SLICE_ARGS(user),
			   SLICE_ARGS(phone->aor));
		break;
	case 404:
		buf_printf(buf, "the server has no %.*s; is its domain another one?",
			   SLICE_ARGS(phone->aor));
		break;
	default:
		break;
	}
}

static void on_register_failed(struct registration *registration, unsigned status,
			       const struct sip_msg *response)
{
	struct phone *phone = registration->owner;
	struct slice reason = response ? response->reason : sip_status_reason(status);
	char text[FAIL_TEXT_MAX_BYTES];
	struct buf remedy = BUF_ON(text);

	if (response)
		print_refused(phone, &remedy, status);
	else
		print_unreachable(phone, &remedy, status);
	if (registration_is_up(registration))
		(void)phone_fail(phone, ERR_DENIED, "the registration is not refreshed: %u %.*s",
				 status, SLICE_ARGS(reason));
	else
		phone_emit(phone, &(struct phone_event){ .kind = PHONE_UNREGISTERED,
							 .aor = phone->aor,
							 .status = status,
							 .reason = reason,
							 .text = buf_text(&remedy) });
}

static void on_register_stopped(struct registration *registration)
{
	struct phone *phone = registration->owner;

	phone_emit(phone, &(struct phone_event){ .kind = PHONE_UNREGISTERED, .aor = phone->aor });
}

static const struct registration_ops registration_ops = { on_registered, on_register_failed,
							  on_register_stopped };

static int phone_registration_init(struct phone *phone)
{
	char registrar_text[SIP_URI_MAX_BYTES], aor_text[SIP_URI_MAX_BYTES + 2];
	struct buf registrar = BUF_ON(registrar_text), aor = BUF_ON(aor_text);
	struct registration *registration;
	struct sip_addr contact;
	int err;

	buf_lit(&registrar, "sip:");
	buf_slice(&registrar, phone->domain);
	buf_char(&aor, '<');
	buf_slice(&aor, phone->aor);
	buf_char(&aor, '>');
	err = sip_addr_parse(slice_from(slice_trim(phone->contact), strlen("Contact: ")), &contact);
	if (err)
		return err;
	err = registration_new(&phone->stack,
			       &(struct registration_spec){ .registrar = buf_text(&registrar),
							    .aor = buf_text(&aor),
							    .contact = contact.uri.text,
							    .flow = phone->config.server,
							    .expires_s = phone->config.expires_s,
							    .account = &phone->account },
			       &registration_ops, phone, &registration);
	if (!err)
		phone->registration = registration->pooled.handle;
	return err;
}

/* --- Requests outside of dialogs ---------------------------------------------------------- */

static void answer_options(struct phone *phone, struct incoming *in)
{
	char text[512];
	struct buf lines = BUF_ON(text);

	buf_slice(&lines, phone_allow_line(phone));
	buf_lit(&lines, "Accept: application/sdp\r\n");
	session_print_supported(&phone->stack, &lines);
	incoming_reply(in, &(struct answer){ .status = phone->is_dnd ? 486 : 200,
					     .lines = buf_text(&lines) });
}

/* 405 for what is known and not taken, 501 for what is not (RFC 3261 8.2.1, 21.5.2). */
static void refuse_method(struct phone *phone, struct incoming *in, unsigned status)
{
	incoming_reply(in, &(struct answer){ .status = status, .lines = phone_allow_line(phone) });
}

static void on_request(void *user, struct incoming *in)
{
	struct phone *phone = user;

	/* RFC 3891 3 */
	if (in->msg->method != METHOD_INVITE && sip_msg_header(in->msg, HDR_REPLACES)) {
		incoming_reply_status(in, 400);
		return;
	}
	switch (in->msg->method) {
	case METHOD_INVITE:
		phone_call_on_invite(phone, in);
		break;
	case METHOD_OPTIONS:
		answer_options(phone, in);
		break;
	case METHOD_BYE:
		incoming_reply_status(in, 481);
		break;
	case METHOD_NOTIFY:
		phone_on_unasked_notify(phone, in);
		break;
	case METHOD_ACK:
	case METHOD_CANCEL:
		break;
	case METHOD_REFER:
		if (phone->config.lacks_refer)
			refuse_method(phone, in, 405);
		else
			phone_refer_on_request_outside(phone, in);
		break;
	case METHOD_REGISTER:
	case METHOD_SUBSCRIBE:
	case METHOD_INFO:
	case METHOD_UPDATE:
	case METHOD_PRACK:
	case METHOD_MESSAGE:
	case METHOD_PUBLISH:
		refuse_method(phone, in, 405);
		break;
	case METHOD_OTHER:
	case METHOD_COUNT:
		refuse_method(phone, in, 501);
		break;
	}
}

/* --- Life --------------------------------------------------------------------------------- */

static int phone_init_aor(struct phone *phone)
{
	char text[SIP_URI_MAX_BYTES];
	struct buf buf = BUF_ON(text);
	struct sip_uri uri;
	int err = sip_uri_parse(phone->config.aor, &uri);

	if (err || uri.scheme != URI_SIP || slice_is_empty(uri.user))
		return ERR_SYNTAX;
	uri = (struct sip_uri){
		.scheme = URI_SIP, .user = uri.user, .host = uri.host, .port = uri.port
	};
	sip_uri_print(&buf, &uri);
	err = buf.is_overflown ? ERR_LIMIT : slice_keep(buf_text(&buf), &phone->aor);
	if (err)
		return err;
	phone->domain = slice_from(phone->aor, slice_find_char(phone->aor, '@') + 1);
	/* Without a password there is nothing to answer a challenge with. */
	if (slice_is_empty(phone->config.password))
		return 0;
	phone->account.login.username = phone->config.auth_user;
	if (slice_is_empty(phone->config.auth_user))
		phone->account.login.username = slice_of(phone->aor.p + strlen("sip:"), uri.user.n);
	phone->account.login.password = phone->config.password;
	return 0;
}

static void print_contact_uri(const struct phone *phone, struct buf *buf)
{
	const struct flow *server = &phone->config.server;

	if (!slice_is_empty(phone->config.contact)) {
		buf_slice(buf, phone->config.contact);
		return;
	}
	buf_slice(buf, slice_head(phone->aor, slice_find_char(phone->aor, '@') + 1));
	addr_print(buf, &server->local);
	if (server->transport != TRANSPORT_UDP) {
		buf_lit(buf, ";transport=");
		buf_slice(buf, transport_word(server->transport));
	}
}

static int phone_init_lines(struct phone *phone)
{
	char text[SIP_URI_MAX_BYTES + SIP_HEADER_MAX_BYTES], uri_text[SIP_URI_MAX_BYTES];
	struct buf buf = BUF_ON(text), uri = BUF_ON(uri_text);
	struct sip_uri contact;
	int err;

	print_contact_uri(phone, &uri);
	if (uri.is_overflown || sip_uri_parse(buf_text(&uri), &contact))
		return ERR_SYNTAX;
	sip_print_addr(&buf, HDR_CONTACT, SLICE_NONE, buf_text(&uri), SLICE_NONE);
	err = slice_keep(buf_text(&buf), &phone->contact);
	if (err)
		return err;
	buf.n = 0;
	sip_print_addr(&buf, HDR_FROM, phone->config.display_name, phone->aor, SLICE_NONE);
	if (buf.is_overflown)
		return ERR_LIMIT;
	return slice_keep(slice_trim(slice_from(buf_text(&buf), strlen("From: "))), &phone->local);
}

/* What was not said is as the make has it. */
static void phone_set_profile(struct phone *phone)
{
	struct phone_config *config = &phone->config;

	if (!config->profile)
		config->profile = phone_profile_generic();
	if (config->pickup == PICKUP_AS_PROFILE)
		config->pickup = config->profile->pickup;
	if (slice_is_empty(config->pickup_code))
		config->pickup_code = config->profile->pickup_code;
}

static int phone_init_stack(struct phone *phone, const struct env *env, struct timers *timers)
{
	struct slice product = phone->config.product;
	const struct stack_user user = { .user = phone, .on_request = on_request };
	const struct stack_limits limits = { .transactions = TRANSACTIONS_MAX,
					     .sessions = SESSIONS_MAX,
					     .refers = SESSIONS_MAX,
					     .referrals = SESSIONS_MAX,
					     .registrations = 1,
					     .subscribers = PHONE_KEYS_MAX + PHONE_LISTS_MAX };

	int err;

	if (slice_is_empty(product))
		product = phone->config.profile->product;
	if (slice_is_empty(product))
		product = SLICE("lampyrid/" LAMPYRID_VERSION);
	err = stack_init(&phone->stack, env, timers, &user, &limits, product);
	phone->stack.session_expires_s = phone->config.session_expires_s;
	phone->stack.lacks_replaces = phone->config.lacks_replaces;
	return err;
}

static void phone_free_texts(struct phone *phone)
{
	mem_free(phone->xml_block);
	mem_free((char *)phone->aor.p);
	mem_free((char *)phone->contact.p);
	mem_free((char *)phone->local.p);
}

int phone_init(struct phone *phone, const struct env *env, struct timers *timers,
	       const struct phone_config *config,
	       void (*on_event)(void *user, const struct phone_event *event), void *user)
{
	int err;

	*phone = (struct phone){ .config = *config, .on_event = on_event, .user = user };
	if (config->expires_s == 0)
		phone->config.expires_s = EXPIRES_S;
	if (config->session_expires_s == 0)
		phone->config.session_expires_s = SESSION_EXPIRES_S;
	phone_set_profile(phone);
	err = digest_init();
	if (!err)
		err = phone_init_stack(phone, env, timers);
	if (err)
		return err;
	phone->xml_block = mem_alloc(PHONE_XML_BYTES);
	err = phone->xml_block ? phone_init_aor(phone) : ERR_NOMEM;
	if (!err)
		err = phone_init_lines(phone);
	if (!err)
		err = phone_keys_init(phone, config);
	if (!err)
		err = phone_registration_init(phone);
	phone->config.keys = NULL;
	if (err)
		phone_fini(phone);
	return err;
}

void phone_fini(struct phone *phone)
{
	for (size_t i = 0; i < PHONE_CALLS_MAX; i++)
		phone_call_fini(&phone->calls[i]);
	phone_keys_fini(phone);
	stack_fini(&phone->stack);
	phone_free_texts(phone);
}

void phone_start(struct phone *phone)
{
	if (phone->config.is_unregistered)
		phone_keys_start(phone);
	else
		(void)phone_register(phone);
}

void phone_stop(struct phone *phone)
{
	struct registration *registration = phone_registration(phone);

	if (phone->is_stopping)
		return;
	phone->is_stopping = true;
	for (size_t left = PHONE_CALLS_MAX; left > 0 && phone_call_count(phone) > 0; left--)
		(void)phone_hangup(phone, 0);
	phone_keys_stop(phone);
	if (registration)
		registration_stop(registration);
}

int phone_register(struct phone *phone)
{
	struct registration *registration = phone_registration(phone);

	if (!registration || phone->is_stopping)
		return phone_fail(phone, ERR_STATE, "the phone is stopping");
	registration_start(registration);
	return 0;
}

int phone_unregister(struct phone *phone)
{
	struct registration *registration = phone_registration(phone);

	if (!registration || !registration->is_wanted)
		return phone_fail(phone, ERR_STATE, "the phone is not registering");
	registration_stop(registration);
	return 0;
}

void phone_set_dnd(struct phone *phone, bool is_on)
{
	phone->is_dnd = is_on;
	phone_emit(phone, &(struct phone_event){ .kind = PHONE_DND, .is_on = is_on });
}

void phone_on_message(struct phone *phone, const struct flow *flow, struct slice bytes)
{
	stack_on_message(&phone->stack, flow, bytes);
}

void phone_on_turn_end(struct phone *phone)
{
	stack_on_turn_end(&phone->stack);
}

void phone_on_connection_lost(struct phone *phone, const struct flow *lost)
{
	struct registration *registration = phone_registration(phone);

	stack_on_connection_lost(&phone->stack, lost);
	if (!addr_eq(&lost->peer, &phone->config.server.peer) || phone->is_stopping)
		return;
	if (registration && registration->is_wanted && registration->state == REGISTRATION_KEPT)
		registration_start(registration);
	/* Behind the REGISTER, so that the server knows the connection already. */
	phone_keys_on_connection_lost(phone, lost->conn);
}

/* --- Looking at it ------------------------------------------------------------------------ */

bool phone_is_registered(const struct phone *phone)
{
	const struct registration *registration = phone_registration(phone);

	return registration && registration_is_up(registration);
}

size_t phone_call_count(const struct phone *phone)
{
	return PHONE_CALLS_MAX - phone_count_calls_in(phone, PHONE_CALL_FREE);
}

size_t phone_count_calls_in(const struct phone *phone, enum phone_call_state state)
{
	size_t n = 0;

	for (size_t i = 0; i < PHONE_CALLS_MAX; i++)
		n += phone->calls[i].state == state;
	return n;
}

bool phone_is_stopped(const struct phone *phone)
{
	const struct registration *registration = phone_registration(phone);

	return phone_call_count(phone) == 0 && phone->stack.sessions.live_count == 0 &&
	       phone->stack.subscribers.live_count == 0 &&
	       (!registration || registration->state == REGISTRATION_IDLE);
}

bool phone_is_quiet(const struct phone *phone)
{
	return phone_is_stopped(phone) && phone->stack.sessions.held_count == 0 &&
	       phone->stack.subscribers.held_count == 0 && phone->stack.refers.held_count == 0 &&
	       phone->stack.referrals.held_count == 0 && phone->stack.txn_clients.held_count == 0 &&
	       phone->stack.txn_servers.held_count == 0;
}
