/* SPDX-License-Identifier: MIT */
/*
 * The options of `lampyrid phone`, and where the server is when they do not say it.
 */
#include "cmd/phone_options.h"

#include "base/check.h"
#include "cmd/cmd.h"
#include "cmd/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define EXPIRES_MIN_S 10
#define EXPIRES_MAX_S 86400
#define PASSWORD_VARIABLE "LAMPYRID_PASSWORD"

static int refuse_usage(const char *message, const char *what)
{
	return options_refuse("phone", message, what);
}

/* Words in the order of an enum, with an empty one where there is none to say. */
static bool find_word(const struct slice *words, size_t count, struct slice text, size_t *ret_index)
{
	for (size_t i = 0; i < count; i++) {
		if (!slice_is_empty(words[i]) && slice_eq(words[i], text)) {
			*ret_index = i;
			return true;
		}
	}
	return false;
}

static int set_talking(struct phone_key_config *key, struct slice value, const char *text)
{
	static const struct slice words[] = {
		[PHONE_TALKING_CALLS] = SLICE_INIT("calls"),
		[PHONE_TALKING_PICKS_UP] = SLICE_INIT("pickup"),
		[PHONE_TALKING_NOTHING] = SLICE_INIT("nothing"),
	};
	size_t i;

	if (!find_word(words, ARRAY_LEN(words), value, &i))
		return refuse_usage("talking= should be calls, pickup or nothing", text);
	key->talking = (enum phone_talking)i;
	return EXIT_CODE_OK;
}

static int set_subscribe(struct phone_key_config *key, struct slice value, const char *text)
{
	if (key->kind != PHONE_KEY_BLF)
		return refuse_usage("subscribe= is known for blf keys only", text);
	key->is_unsubscribed = slice_eq(value, SLICE("no"));
	if (!key->is_unsubscribed && !slice_eq(value, SLICE("yes")))
		return refuse_usage("subscribe= should be yes or no", text);
	return EXIT_CODE_OK;
}

/* What stands behind the commas of a key with a lamp. */
static int set_key_options(struct phone_key_config *key, struct slice rest, const char *text)
{
	bool has_options = key->kind == PHONE_KEY_BLF || key->kind == PHONE_KEY_LIST;
	struct slice option, name, value;
	int code = EXIT_CODE_OK;

	while (code == EXIT_CODE_OK && !slice_is_empty(rest)) {
		slice_cut(rest, ',', &option, &rest);
		slice_cut(option, '=', &name, &value);
		if (has_options && slice_eq(name, SLICE("talking")))
			code = set_talking(key, value, text);
		else if (has_options && slice_eq(name, SLICE("subscribe")))
			code = set_subscribe(key, value, text);
		else
			code = refuse_usage("behind the comma only talking= and subscribe= of blf "
					    "and list keys are known",
					    text);
	}
	return code;
}

static bool set_kind(struct phone_key_config *key, struct slice name)
{
	static const struct slice words[] = {
		[PHONE_KEY_SPEED] = SLICE_INIT("speed"),
		[PHONE_KEY_BLF] = SLICE_INIT("blf"),
		[PHONE_KEY_LIST] = SLICE_INIT("list"),
		[PHONE_KEY_PARK] = SLICE_INIT("park"),
	};
	size_t i;

	if (!find_word(words, ARRAY_LEN(words), name, &i))
		return false;
	key->kind = (enum phone_key_kind)i;
	return true;
}

/* "1=blf:202,talking=pickup" */
static int add_key(void *object, char *text)
{
	struct phone_options *options = object;
	struct phone_key_config *key = &options->keys[options->phone.key_count];
	struct slice number, rest, what, kind;
	uint32_t value;

	if (options->phone.key_count == PHONE_KEYS_MAX)
		return refuse_usage("there are too many keys", NULL);
	slice_cut(slice_from_cstr(text), '=', &number, &rest);
	if (slice_to_u32(number, 9999, &value) || value == 0)
		return refuse_usage("--key should begin with a number, as 1=blf:202", text);
	slice_cut(rest, ',', &what, &rest);
	slice_cut(what, ':', &kind, &key->target);
	if (!set_kind(key, kind))
		return refuse_usage("--key should be as 1=blf:202, 1=list:keys-203, 2=speed:201 "
				    "or 3=park:*851",
				    text);
	if (slice_is_empty(key->target))
		return refuse_usage("--key lacks the one to watch or call, as 1=blf:202", text);
	for (size_t i = 0; i < options->phone.key_count; i++)
		if (options->keys[i].number == value)
			return refuse_usage("--key was given twice for this number", text);
	key->number = value;
	options->phone.key_count++;
	options->list_count += key->kind == PHONE_KEY_LIST;
	if (options->list_count > PHONE_LISTS_MAX)
		return refuse_usage("there are too many lists", text);
	return set_key_options(key, rest, text);
}

static int set_profile(void *object, char *text)
{
	struct phone_options *options = object;
	options->phone.profile = phone_profile_find(slice_from_cstr(text));
	if (!options->phone.profile)
		return refuse_usage(
			"--profile should be generic, snom, yealink, poly, grandstream, "
			"cisco-spa, cisco-mpp or linphone",
			text);
	return EXIT_CODE_OK;
}

/* What one option says of another, whatever their order. */
static int check_profile(const struct phone_options *options)
{
	const struct phone_profile *profile = options->phone.profile;

	for (size_t i = 0; i < options->phone.key_count; i++)
		if (options->keys[i].is_unsubscribed && !profile->takes_unasked)
			return refuse_usage(
				"subscribe=no needs a make that takes NOTIFYs unasked, as "
				"--profile snom",
				profile->name.p);
	if (options->phone.pickup == PICKUP_BY_CODE && slice_is_empty(options->phone.pickup_code) &&
	    slice_is_empty(profile->pickup_code))
		return refuse_usage("--pickup code needs a --pickup-code", NULL);
	return EXIT_CODE_OK;
}

static int set_pickup(void *object, char *text)
{
	static const struct slice words[] = {
		[PICKUP_AUTO] = SLICE_INIT("auto"),
		[PICKUP_BY_REPLACES] = SLICE_INIT("replaces"),
		[PICKUP_BY_TAGS] = SLICE_INIT("tags"),
		[PICKUP_BY_TARGET] = SLICE_INIT("target"),
		[PICKUP_BY_CODE] = SLICE_INIT("code"),
	};
	struct phone_options *options = object;
	size_t i;

	if (!find_word(words, ARRAY_LEN(words), slice_from_cstr(text), &i))
		return refuse_usage("--pickup should be auto, replaces, tags, target or code",
				    text);
	options->phone.pickup = (enum pickup_mode)i;
	return EXIT_CODE_OK;
}

static int set_key_transfer(void *object, char *text)
{
	static const struct slice words[] = {
		[PHONE_KEY_CALLS] = SLICE_INIT("calls"),
		[PHONE_KEY_ATTENDED] = SLICE_INIT("attended"),
		[PHONE_KEY_BLIND] = SLICE_INIT("blind"),
	};
	struct phone_options *options = object;
	size_t i;

	if (!find_word(words, ARRAY_LEN(words), slice_from_cstr(text), &i))
		return refuse_usage("--key-transfer should be calls, attended or blind", text);
	options->phone.key_transfer = (enum phone_key_transfer)i;
	return EXIT_CODE_OK;
}

/* A word of a list with commas, and what it sets. */
struct flag {
	struct slice word;
	bool *is_set;
};

static int set_flags(const struct flag *flags, size_t count, const char *message, const char *text)
{
	struct slice rest = slice_from_cstr(text), word;
	size_t i;

	do {
		slice_cut(rest, ',', &word, &rest);
		for (i = 0; i < count && !slice_eq(word, flags[i].word); i++)
			;
		if (i == count)
			return refuse_usage(message, text);
		*flags[i].is_set = true;
	} while (!slice_is_empty(rest));
	return EXIT_CODE_OK;
}

static int set_transfer(void *object, char *text)
{
	struct phone_options *options = object;
	const struct flag flags[] = {
		{ SLICE("hold"), &options->phone.transfer_holds },
		{ SLICE("cancel"), &options->phone.transfer_cancels },
		{ SLICE("outside"), &options->phone.transfer_outside },
		{ SLICE("leave"), &options->phone.transfer_leaves },
		{ SLICE("silent"), &options->phone.transfer_unheard },
	};

	return set_flags(flags, ARRAY_LEN(flags),
			 "--transfer should be some of hold, cancel, outside, leave and silent, as "
			 "hold,leave",
			 text);
}

static int set_lacks(void *object, char *text)
{
	struct phone_options *options = object;
	const struct flag flags[] = {
		{ SLICE("refer"), &options->phone.lacks_refer },
		{ SLICE("replaces"), &options->phone.lacks_replaces },
	};

	return set_flags(flags, ARRAY_LEN(flags),
			 "--lacks should be refer, replaces, or refer,replaces", text);
}

static int set_password(struct phone_options *options, struct slice text)
{
	if (text.n == 0 || text.n > sizeof(options->password))
		return refuse_usage("the password should have 1 to 256 bytes", NULL);
	memcpy(options->password, text.p, text.n);
	options->phone.password = slice_of(options->password, text.n);
	return EXIT_CODE_OK;
}

/* ps shows an argument for as long as it stands there. */
static int take_password_argument(void *options, char *text)
{
	int code = set_password(options, slice_from_cstr(text));

	explicit_bzero(text, strlen(text));
	return code;
}

static int read_password_file(void *options, char *path)
{
	char text[PHONE_PASSWORD_MAX_BYTES + 2];
	FILE *file = fopen(path, "re");
	struct slice line;
	size_t n;
	int code;

	if (!file)
		return refuse_usage(strerror(errno), path);
	n = fread(text, 1, sizeof(text), file);
	line = slice_head(slice_of(text, n), slice_find_char(slice_of(text, n), '\n'));
	if (line.n > 0 && line.p[line.n - 1] == '\r')
		line.n--;
	code = ferror(file) ? refuse_usage("cannot be read", path) : set_password(options, line);
	(void)fclose(file);
	explicit_bzero(text, sizeof(text));
	return code;
}

static int find_password(struct phone_options *options)
{
	char *text = getenv(PASSWORD_VARIABLE);
	int code = EXIT_CODE_OK;

	if (!text || text[0] == '\0')
		return EXIT_CODE_OK;
	if (slice_is_empty(options->phone.password))
		code = set_password(options, slice_from_cstr(text));
	explicit_bzero(text, strlen(text));
	return code;
}

static int set_transport(void *object, char *text)
{
	struct phone_options *options = object;
	options->has_transport = true;
	if (transport_parse(slice_from_cstr(text), &options->transport))
		return refuse_usage("--transport should be udp, tcp or tls", text);
	return EXIT_CODE_OK;
}

static int set_server(void *object, char *text)
{
	struct phone_options *options = object;

	if (addr_parse(slice_from_cstr(text), &options->server))
		return refuse_usage("--server should be as 192.0.2.1:5060", text);
	return EXIT_CODE_OK;
}

static int set_listen(void *object, char *text)
{
	struct phone_options *options = object;

	if (addr_parse(slice_from_cstr(text), &options->listen))
		return refuse_usage("--listen should be as 127.0.0.1:0", text);
	return EXIT_CODE_OK;
}

static int set_expires(void *object, char *text)
{
	struct phone_options *options = object;
	uint32_t seconds;

	if (slice_to_u32(slice_from_cstr(text), EXPIRES_MAX_S, &seconds) || seconds < EXPIRES_MIN_S)
		return refuse_usage("--expires should be a number from 10 to 86400", text);
	options->phone.expires_s = seconds;
	return EXIT_CODE_OK;
}

static const struct option_row option_rows[] = {
	{ "aor", 0, "URI", "who this phone is: sip:203@192.0.2.1:5060",
	  OPTION_AT(struct phone_options, phone.aor) },
	{ "password", 0, "TEXT",
	  "without one, a server that asks for it is not answered. Others on this machine may see "
	  "it for a moment; the next two ways hide it",
	  OPTION_BY(take_password_argument) },
	{ "password-file", 0, "FILE",
	  "the password is the first line of FILE. Without either it is " PASSWORD_VARIABLE
	  " of the environment",
	  OPTION_BY(read_password_file) },
	{ "auth-user", 0, "NAME", "when it differs from the user of the AOR",
	  OPTION_AT(struct phone_options, phone.auth_user) },
	{ "name", 0, "TEXT", "the name that others see",
	  OPTION_AT(struct phone_options, phone.display_name) },
	{ "server", 0, "ADDR:PORT",
	  "where the server is, when the AOR has a domain name: names are not looked up yet",
	  OPTION_BY(set_server) },
	{ "transport", 0, "T", "udp (default), tcp or tls; ;transport= of the AOR says the same",
	  OPTION_BY(set_transport) },
	{ "tls-ca", 0, "FILE",
	  "by TLS: the server's certificate must lead to one in FILE (PEM), in place of those that "
	  "this machine trusts; a certificate that nobody else has signed is named itself. It must "
	  "be for the server's name or address as the AOR has it",
	  OPTION_AT(struct phone_options, tls_ca) },
	{ "listen", 0, "ADDR:PORT",
	  "our own address (default: a free port; on loopback when the server is there)",
	  OPTION_BY(set_listen) },
	{ "key", 0, "N=blf:TARGET[,talking=WHAT][,subscribe=no]",
	  "key N watches TARGET (202, or a SIP address). A press calls it when it is idle and "
	  "picks "
	  "up when it rings; while it talks, WHAT is calls (default), pickup (take the call over) "
	  "or nothing. subscribe=no waits for NOTIFYs that the server sends unasked",
	  OPTION_BY(add_key) },
	{ "key", 0, "N=list:TARGET[,talking=WHAT]",
	  "subscribes to a list, as sip:keys-203@example.com: each one on it gets a blf key, by "
	  "the "
	  "first free numbers from N on",
	  OPTION_ANOTHER_FORM },
	{ "key", 0, "N=speed:TARGET", "key N calls TARGET", OPTION_ANOTHER_FORM },
	{ "key", 0, "N=park:TARGET",
	  "key N has the lamp of a place where calls wait, as *851. A press puts the one we talk "
	  "with there, or fetches who waits",
	  OPTION_ANOTHER_FORM },
	{ "key-transfer", 0, "HOW",
	  "what a speed or blf key does while we talk: calls (default; the present call is held), "
	  "attended (the same, and a second press brings the two together) or blind (the other end "
	  "is sent there)",
	  OPTION_BY(set_key_transfer) },
	{ "transfer", 0, "WORDS",
	  "with commas: hold (whom we talk with is held first, and resumed if it fails), cancel "
	  "(who still rings is called anew by the other end), outside (the REFER goes beside the "
	  "dialog, which it names), leave (hang up as soon as it is accepted), silent (ask not to "
	  "be told how it goes)",
	  OPTION_BY(set_transfer) },
	{ "click-to-dial", 0, NULL, "let the server make this phone call, by REFER",
	  OPTION_AT(struct phone_options, phone.takes_click_to_dial) },
	{ "lacks", 0, "WORDS", "play a phone without refer, replaces, or both, with a comma",
	  OPTION_BY(set_lacks) },
	{ "profile", 0, "MAKE",
	  "behaves like a make of phones: generic (default), snom, yealink, poly, grandstream, "
	  "cisco-spa, cisco-mpp or linphone",
	  OPTION_BY(set_profile) },
	{ "pickup", 0, "HOW", "auto, replaces, tags, target or code (default: as the make does)",
	  OPTION_BY(set_pickup) },
	{ "pickup-code", 0, "CODE",
	  "*8 makes the pick-up of 202 a call to *8202 (default: the make's)",
	  OPTION_AT(struct phone_options, phone.pickup_code) },
	{ "expires", 0, "SECONDS", "of registration and subscriptions (default 3600)",
	  OPTION_BY(set_expires) },
	{ "no-register", 0, NULL, "call and watch without registering",
	  OPTION_AT(struct phone_options, phone.is_unregistered) },
	{ "json", 0, NULL, "events as JSON, an object a line",
	  OPTION_AT(struct phone_options, is_json) },
	{ "trace", 0, "FILE", "append every SIP message to FILE, for `lampyrid flow`",
	  OPTION_AT(struct phone_options, trace) },
};

static const struct option_set option_set = {
	.command = "phone",
	.intro = "usage: lampyrid phone --aor sip:USER@SERVER[:PORT] [--password PASSWORD]\n"
		 "                      [--key KEY]...\n"
		 "\n"
		 "A phone for people and scripts: it registers, calls and is called, watches "
		 "others\n"
		 "by lamps on its keys, and picks up their calls. Signalling only: there is no "
		 "sound.\n"
		 "\n",
	.outro =
		"\n"
		"Commands: dial TARGET, press N, answer [CALL], hangup [CALL], hold [CALL],\n"
		"resume [CALL], transfer TARGET, transfer attended [HELD OTHER], dnd on, dnd off,\n"
		"calls, lamps, register, unregister, help, quit. CALL is the number of a call;\n"
		"without it the one that is meant is taken. The end of the input is quit, too; so\n"
		"are SIGINT, SIGTERM and SIGHUP.\n"
		"\n"
		"Exit code: 0 done, 1 failed, 2 wrongly called, 3 it has never been registered:\n"
		"refused, not answered, or ended before the answer (not with --no-register).\n"
		"\n"
		"Example:\n"
		"  lampyrid phone --aor sip:203@127.0.0.1:5060 --password secret --key 1=blf:202\n",
	.rows = option_rows,
	.row_count = ARRAY_LEN(option_rows),
};

/* The AOR's own word on it (RFC 3261 19.1.1) counts as --transport does. */
static int find_transport(struct phone_options *options, const struct sip_uri *aor)
{
	struct slice value;
	uint8_t transport;

	if (!sip_param(aor->params, SLICE("transport"), &value))
		return EXIT_CODE_OK;
	if (transport_parse(value, &transport))
		return refuse_usage("the transport of --aor should be udp, tcp or tls",
				    options->phone.aor.p);
	if (options->has_transport && transport != options->transport)
		return refuse_usage("--transport contradicts the transport of --aor",
				    options->phone.aor.p);
	options->transport = transport;
	return EXIT_CODE_OK;
}

/* The AOR's host as an address, when it is one. */
static int find_server(struct phone_options *options)
{
	struct sip_uri uri;

	if (slice_is_empty(options->phone.aor))
		return refuse_usage("--aor is missing, as --aor sip:203@192.0.2.1:5060", NULL);
	if (sip_uri_parse(options->phone.aor, &uri) || uri.scheme != URI_SIP ||
	    slice_is_empty(uri.user))
		return refuse_usage("--aor should be as sip:203@192.0.2.1:5060",
				    options->phone.aor.p);
	if (find_transport(options, &uri) != EXIT_CODE_OK)
		return EXIT_CODE_USAGE;
	options->host = uri.host;
	if (options->server.family != ADDR_NONE)
		return EXIT_CODE_OK;
	if (slice_eq_nocase(uri.host, SLICE("localhost")))
		uri.host = SLICE("127.0.0.1");
	if (addr_parse_ip(uri.host, &options->server)) {
		fprintf(stderr,
			"lampyrid phone: the server '%.*s' is a name, and names are not looked up "
			"yet; say where it is by --server ADDRESS:PORT\n",
			SLICE_ARGS(uri.host));
		return EXIT_CODE_USAGE;
	}
	options->server.port = uri.port ? uri.port : transport_port(options->transport);
	return EXIT_CODE_OK;
}

static int find_listen(struct phone_options *options)
{
	struct addr *listen = &options->listen;

	if (listen->family != ADDR_NONE && listen->family != options->server.family)
		return refuse_usage("--listen and the server should both be IPv4 or both IPv6",
				    NULL);
	if (listen->family != ADDR_NONE)
		return EXIT_CODE_OK;
	*listen = (struct addr){ .family = options->server.family };
	if (addr_is_loopback(&options->server))
		memcpy(listen->ip, options->server.ip, sizeof(listen->ip));
	return EXIT_CODE_OK;
}

int phone_options_parse(int argc, char **argv, struct phone_options *options, bool *ret_is_done)
{
	int code = options_read(&option_set, argc, argv, options, ret_is_done);

	if (code != EXIT_CODE_OK || *ret_is_done)
		return code;
	if (optind < argc)
		return refuse_usage("it takes options only", argv[optind]);
	options->phone.keys = options->keys;
	if (!options->phone.profile)
		options->phone.profile = phone_profile_generic();
	code = check_profile(options);
	if (code == EXIT_CODE_OK)
		code = find_password(options);
	if (code == EXIT_CODE_OK)
		code = find_server(options);
	return code == EXIT_CODE_OK ? find_listen(options) : code;
}
