/* SPDX-License-Identifier: MIT */
/*
 * `lampyrid ctl lamp`: the sentences that rows come to.
 */
#include "base/check.h"
#include "cmd/ctl_lamp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define EXTENSION(more) "{\"type\":\"lamp\",\"extension\":\"202\",\"name\":\"Bob\"," more "}"
#define WATCHER(more)                                                                              \
	"{\"type\":\"watcher\",\"watched\":\"202\",\"watcher\":\"203\",\"watching\":true," more "}"
#define RIGHTS                                                                                     \
	"\"sees\":\"numbers\",\"sees_by\":\"default\",\"pickup\":true,"                            \
	"\"pickup_by\":\"same-group\",\"profile\":\"snom\",\"profile_by\":\"user-agent\","
#define WAY                                                                                        \
	"\"entity\":\"sip:202@a\",\"event\":\"dialog\",\"expires\":3421,\"transport\":\"udp\","    \
	"\"peer\":\"192.0.2.4:5060\""
#define RIGHTS_TEXT                                                                                \
	"  sees calls and with whom (`visibility` for everybody), may pick up "                    \
	"(`pickup: same-group`, and they share one)\n"                                             \
	"  its phone is taken for snom (by its User-Agent)\n"
#define WAY_TEXT "  subscribed to sip:202@a (dialog) from udp:192.0.2.4:5060, for 57m01s\n"
#define SENT(more) "\"notify\":{\"call_id\":\"c\",\"cseq\":5,\"version\":4,\"age\":12" more "},"
#define SENT_TEXT "NOTIFY 5, version 4, Call-ID c, 12s ago"

static const struct {
	const char *name;
	const char *row;
	const char *text;
} cases[] = {
	{ "a call rings",
	  EXTENSION("\"lamp\":\"flash\",\"legs\":[{\"call\":7,\"state\":\"ringing\","
		    "\"direction\":\"out\",\"with\":\"201\",\"age\":12}],\"watchers\":1,"
		    "\"registered\":true"),
	  "202 Bob: flash\n  call 7: ringing for 12s, with 201\n" },
	{ "a call rings at two phones, and another one at one",
	  EXTENSION("\"lamp\":\"flash\",\"legs\":[{\"call\":7,\"state\":\"ringing\",\"age\":12},"
		    "{\"call\":7,\"state\":\"ringing\",\"age\":12},"
		    "{\"call\":8,\"state\":\"ringing\",\"age\":12}],\"watchers\":1"),
	  "202 Bob: flash\n  call 7: ringing for 12s (2 phones)\n  call 8: ringing for 12s\n" },
	{ "shown at two phones",
	  WATCHER(RIGHTS "\"lamp\":\"flash\",\"dialogs\":[{\"state\":\"early\",\"call\":7,"
			 "\"age\":12},{\"state\":\"early\",\"call\":7,\"age\":12}],"
			 "\"told\":\"right\"," WAY),
	  "203 watches 202: flash\n  shown: early, because of call 7 since 12s (2 phones)\n"
	  "  told so\n" RIGHTS_TEXT WAY_TEXT },
	{ "a call that is transferred, and one that was",
	  EXTENSION("\"lamp\":\"steady\",\"legs\":[{\"call\":7,\"state\":\"talking\","
		    "\"with\":\"201\",\"age\":12,\"transfer\":{\"how\":\"blind\","
		    "\"state\":\"calling\",\"by\":\"202\",\"of\":\"201\",\"to\":\"203\","
		    "\"from_call\":7,\"to_call\":9}},{\"call\":5,\"state\":\"talking\","
		    "\"with\":\"204\",\"age\":3,\"transferred_by\":\"205\",\"was_call\":4}],"
		    "\"watchers\":1"),
	  "202 Bob: steady\n  call 7: talking for 12s, with 201; 202 transfers 201 to 203 "
	  "(blind, from call 7 to 9)\n"
	  "  call 5: talking for 3s, with 204, transferred by 205 (was call 4)\n" },
	{ "a call for which somebody is called back, and one that a program made",
	  EXTENSION("\"lamp\":\"steady\",\"legs\":[{\"call\":7,\"state\":\"talking\","
		    "\"with\":\"201\",\"age\":12,\"transfer\":{\"how\":\"recall\","
		    "\"by\":\"202\",\"of\":\"201\",\"to\":\"202\",\"from_call\":7,\"to_call\":9}},"
		    "{\"call\":5,\"state\":\"talking\",\"with\":\"204\",\"age\":3,"
		    "\"was_call\":4}],\"watchers\":1"),
	  "202 Bob: steady\n  call 7: talking for 12s, with 201; 202 is called back for 201 "
	  "(recall, from call 7 to 9)\n"
	  "  call 5: talking for 3s, with 204 (was call 4)\n" },
	{ "what no lamp shows",
	  EXTENSION("\"lamp\":\"off\",\"legs\":[{\"call\":7,\"state\":\"calling\","
		    "\"direction\":\"out\",\"age\":1}],\"watchers\":1,\"registered\":true"),
	  "202 Bob: off\n"
	  "  call 7: calling for 1s; its phone does not ring yet, so no lamp shows it\n" },
	{ "a phone that takes its time",
	  EXTENSION("\"lamp\":\"flash\",\"legs\":[{\"call\":7,\"state\":\"proceeding\","
		    "\"direction\":\"out\",\"age\":1}],\"watchers\":1,\"registered\":true"),
	  "202 Bob: flash\n"
	  "  call 7: proceeding for 1s; its phone has the call, and does not ring yet\n" },
	{ "an orbit where somebody waits",
	  "{\"type\":\"lamp\",\"orbit\":\"*851\",\"lamp\":\"steady\",\"parked\":{\"call\":7,"
	  "\"with\":\"201\",\"by\":\"202\",\"age\":12},\"watchers\":1}",
	  "*851: steady\n  call 7: 201 waits for 12s, parked by 202\n" },
	{ "an orbit that is free",
	  "{\"type\":\"lamp\",\"orbit\":\"*852\",\"lamp\":\"off\",\"watchers\":0}",
	  "*852: off\n  nobody waits there\n  nobody watches it\n" },
	{ "who watches an orbit",
	  WATCHER("\"sees\":\"calls\",\"sees_by\":\"orbit\",\"pickup\":true,\"pickup_by\":"
		  "\"orbit\",\"profile\":\"snom\",\"profile_by\":\"user-agent\",\"lamp\":"
		  "\"steady\",\"dialogs\":[],\"told\":\"right\"," WAY),
	  "203 watches 202: steady\n  told so\n"
	  "  sees calls, not with whom (it is an orbit), may pick up (every extension may fetch)\n"
	  "  its phone is taken for snom (by its User-Agent)\n" WAY_TEXT },
	{ "nothing and nobody",
	  EXTENSION("\"lamp\":\"steady\",\"legs\":[],\"watchers\":0,\"registered\":false,"
		    "\"status\":\"do-not-disturb\""),
	  "202 Bob: steady\n  it has no call here\n  it does not want to be disturbed\n"
	  "  no phone is registered for it\n  nobody watches it\n" },
	{ "calls elsewhere",
	  EXTENSION("\"lamp\":\"steady\",\"legs\":[],\"elsewhere\":2,\"watchers\":1,"
		    "\"registered\":true"),
	  "202 Bob: steady\n  it has no call here\n"
	  "  calls that do not pass here, as its phone or a publisher says: 2; "
	  "no key here can take them, so none flashes for them\n" },
	{ "a phone does not say",
	  EXTENSION("\"lamp\":\"off\",\"legs\":[],\"untold\":489,\"watchers\":1,"
		    "\"registered\":true"),
	  "202 Bob: off\n  it has no call here\n"
	  "  a phone of it does not say what calls it has elsewhere (`lamps: forward`): it refused "
	  "our SUBSCRIBE with 489\n" },
	{ "told of a call elsewhere",
	  WATCHER("\"name\":\"Carol\"," RIGHTS "\"lamp\":\"steady\",\"dialogs\":[{"
		  "\"state\":\"confirmed\",\"direction\":\"recipient\","
		  "\"elsewhere\":\"published\"},{\"state\":\"confirmed\","
		  "\"elsewhere\":\"forward\"}],\"told\":\"right\",\"right\":3," SENT(
			  ",\"status\":200,\"after\":0.020") WAY),
	  "203 Carol watches 202: steady\n"
	  "  shown: confirmed, recipient, because of a call elsewhere, which was published\n"
	  "  shown: confirmed, because of a call elsewhere, of which its phone told\n"
	  "  told so: " SENT_TEXT
	  ", answered 200 after 0.020 s\n  found right 3s ago\n" RIGHTS_TEXT WAY_TEXT },
	{ "told and answered",
	  WATCHER("\"name\":\"Carol\"," RIGHTS "\"lamp\":\"flash\",\"dialogs\":[{"
		  "\"state\":\"early\",\"direction\":\"recipient\",\"remote\":\"sip:201@a\","
		  "\"call\":7,\"age\":12,\"with\":\"201\"}],\"told\":\"right\",\"right\":3," SENT(
			  ",\"status\":200,\"after\":0.020") WAY),
	  "203 Carol watches 202: flash\n"
	  "  shown: early, recipient, with sip:201@a, because of call 7 since 12s\n"
	  "  told so: " SENT_TEXT
	  ", answered 200 after 0.020 s\n  found right 3s ago\n" RIGHTS_TEXT WAY_TEXT },
	{ "on its way",
	  WATCHER(RIGHTS "\"lamp\":\"off\",\"dialogs\":[],\"told\":\"sent\",\"wrong\":2," SENT("")
			  WAY),
	  "203 watches 202: off\n  being told: " SENT_TEXT ", not answered yet\n"
	  "  its lamp is not known to be right for 2s\n" RIGHTS_TEXT WAY_TEXT },
	{ "nobody answered",
	  WATCHER(RIGHTS "\"lamp\":\"off\",\"dialogs\":[],\"told\":\"lost\",\"wrong\":70," SENT(
		  ",\"status\":408,\"after\":32.000") WAY),
	  "203 watches 202: off\n  not told, and tried again: " SENT_TEXT
	  ", nobody answered (408) for 32.000 s\n"
	  "  its lamp is not known to be right for 1m10s\n" RIGHTS_TEXT WAY_TEXT },
	{ "without a subscription",
	  WATCHER("\"sees\":\"busy\",\"sees_by\":\"group\",\"sees_as\":\"sales\",\"pickup\":false,"
		  "\"pickup_by\":\"nobody\",\"profile\":\"yealink\","
		  "\"profile_by\":\"configuration\",\"lamp\":\"off\",\"dialogs\":[],"
		  "\"told\":\"nothing\",\"entity\":\"sip:202@a\",\"event\":\"dialog\","
		  "\"unasked\":true,\"transport\":\"udp\",\"peer\":\"192.0.2.4:5060\""),
	  "203 watches 202: off\n  told nothing yet\n"
	  "  sees free or busy (`visibility` for group sales), may not pick up "
	  "(`pickup: none`)\n  its phone is taken for yealink (as the configuration says)\n"
	  "  told without having subscribed, of sip:202@a (dialog) at udp:192.0.2.4:5060\n" },
	{ "by a list",
	  WATCHER(RIGHTS "\"lamp\":\"off\",\"dialogs\":[],\"told\":\"right\","
			 "\"list\":\"keys-203\"," WAY),
	  "203 watches 202: off\n  told so\n" RIGHTS_TEXT
	  "  subscribed to the list keys-203, and so to sip:202@a (dialog) from "
	  "udp:192.0.2.4:5060, for 57m01s\n" },
	{ "a phone that does not say what it is",
	  WATCHER("\"sees\":\"numbers\",\"sees_by\":\"own\",\"pickup\":true,\"pickup_by\":\"own\","
		  "\"profile\":\"generic\",\"profile_by\":\"user-agent\",\"lamp\":\"off\","
		  "\"dialogs\":[],\"told\":\"right\",\"entity\":\"sip:202@a\""),
	  "203 watches 202: off\n  told so\n"
	  "  sees calls and with whom (it is its own), may pick up (it is its own)\n"
	  "  its phone is of no make that is known here (by its User-Agent)\n"
	  "  subscribed to sip:202@a\n" },
	{ "who may see nothing",
	  "{\"type\":\"watcher\",\"watched\":\"202\",\"watcher\":\"204\",\"watching\":false,"
	  "\"exists\":true,\"name\":\"Dave\",\"sees\":\"none\",\"sees_by\":\"user\","
	  "\"sees_as\":\"204\",\"pickup\":false,\"pickup_by\":\"unseen\",\"registered\":true}",
	  "204 Dave does not watch 202\n"
	  "  it would see nothing (`visibility` for user 204), may not pick up "
	  "(who sees nothing takes nothing)\n"
	  "  a SUBSCRIBE is answered 404, as for an extension that is not there\n" },
	{ "who does not watch",
	  "{\"type\":\"watcher\",\"watched\":\"202\",\"watcher\":\"204\",\"watching\":false,"
	  "\"exists\":true,\"sees\":\"calls\",\"sees_by\":\"default\",\"pickup\":true,"
	  "\"pickup_by\":\"everybody\",\"registered\":false}",
	  "204 does not watch 202\n  no phone is registered for it\n"
	  "  it would see calls, not with whom (`visibility` for everybody), may pick up "
	  "(`pickup: all`)\n"
	  "  it has not subscribed, or that has run out: look at the key's settings\n" },
	{ "nobody of ours",
	  "{\"type\":\"watcher\",\"watched\":\"202\",\"watcher\":\"299\",\"watching\":false,"
	  "\"exists\":false,\"registered\":false}",
	  "299 does not watch 202\n  there is no such extension\n" },
	{ "words of a newer server",
	  WATCHER("\"sees\":\"all\",\"sees_by\":\"magic\",\"pickup\":false,\"pickup_by\":\"law\","
		  "\"profile\":\"new\",\"profile_by\":\"guess\",\"lamp\":\"blue\",\"dialogs\":7,"
		  "\"told\":\"whispered\",\"entity\":\"sip:202@a\""),
	  "203 watches 202: blue\n  whispered\n  sees all (magic), may not pick up (law)\n"
	  "  its phone is taken for new (guess)\n  subscribed to sip:202@a\n" },
	{ "text of a peer",
	  WATCHER(RIGHTS "\"lamp\":\"off\",\"dialogs\":[],\"told\":\"right\","
			 "\"entity\":\"sip:\\u001b[2J\""),
	  "203 watches 202: off\n  told so\n" RIGHTS_TEXT "  subscribed to sip:?[2J\n" },
};

/* To be freed. */
static char *sentences(const struct slice *rows, size_t row_count)
{
	char *text = NULL;
	size_t n = 0;
	FILE *file = open_memstream(&text, &n);

	ctl_lamp_print(file, rows, row_count);
	fclose(file);
	return text;
}

static void rows_come_to_sentences(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct slice row = slice_from_cstr(cases[i].row);
		char *text = sentences(&row, 1);

		if (strcmp(text, cases[i].text) != 0)
			fail_msg("%s:\n%s", cases[i].name, text);
		free(text);
	}
}

static void rows_are_told_apart(void **state)
{
	static const struct slice rows[] = {
		SLICE_INIT(EXTENSION("\"lamp\":\"off\",\"legs\":[]")),
		SLICE_INIT("{\"type\":\"watcher\",\"watched\":\"202\",\"watcher\":\"299\","
			   "\"watching\":false,\"exists\":false}"),
	};
	char *text = sentences(rows, ARRAY_LEN(rows));

	(void)state;
	assert_string_equal(text, "202 Bob: off\n  it has no call here\n\n"
				  "299 does not watch 202\n  there is no such extension\n");
	free(text);
}

#define STEADY(sees, pickup, dialog)                                                               \
	"{\"type\":\"watcher\",\"watched\":\"202\",\"watcher\":\"203\",\"watching\":true,"         \
	"\"sees\":\"" sees "\",\"pickup\":" pickup ",\"lamp\":\"steady\",\"dialogs\":[" dialog     \
	"]}"

/* What is true of the extension decides how a watcher's lamp is explained. */
static void a_steady_lamp_is_explained(void **state)
{
	static const struct {
		const char *extension;
		const char *watcher;
		const char *sentence;
	} steady[] = {
		{ EXTENSION("\"lamp\":\"flash\""),
		  STEADY("numbers", "false", "{\"call\":7,\"age\":1,\"with\":\"201\"}"),
		  "  it does not flash: that would promise a pick-up, and it may not pick up\n" },
		{ EXTENSION("\"lamp\":\"flash\""),
		  STEADY("busy", "true", "{\"state\":\"confirmed\"}"),
		  "  it does not flash: who sees `busy` is not told that it rings\n" },
		{ EXTENSION("\"lamp\":\"flash\""),
		  STEADY("numbers", "true", "{\"call\":7,\"age\":1,\"with\":\"203\"}"),
		  "  it does not flash: the call that rings there is its own\n" },
		{ EXTENSION("\"lamp\":\"steady\",\"status\":\"do-not-disturb\""),
		  STEADY("numbers", "true", "{\"state\":\"confirmed\"}"),
		  "  shown: confirmed, because of do-not-disturb\n" },
		{ EXTENSION("\"lamp\":\"steady\",\"status\":\"do-not-disturb\""),
		  STEADY("busy", "true", "{\"state\":\"confirmed\"}"), "  shown: confirmed\n" },
		{ EXTENSION("\"lamp\":\"steady\""),
		  STEADY("numbers", "false", "{\"state\":\"confirmed\",\"call\":7,\"age\":1}"),
		  "  shown: confirmed, because of call 7 since 1s\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(steady); i++) {
		const struct slice rows[] = { slice_from_cstr(steady[i].extension),
					      slice_from_cstr(steady[i].watcher) };
		char *text = sentences(rows, ARRAY_LEN(rows));

		if (!strstr(text, steady[i].sentence) ||
		    (strstr(text, "flash:") != NULL) !=
			    (strstr(steady[i].sentence, "flash:") != NULL))
			fail_msg("row %zu:\n%s", i, text);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_come_to_sentences),
		cmocka_unit_test(rows_are_told_apart),
		cmocka_unit_test(a_steady_lamp_is_explained),
	};

	return cmocka_run_group_tests_name("ctl_lamp", tests, NULL, NULL);
}
