/* SPDX-License-Identifier: MIT */
/*
 * dialog-info documents (RFC 4235 4.1): printed and read back equal; what the servers in the field
 * send is understood; what is hostile is refused in bounded time and memory.
 */
#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "support/guarded.h"
#include "xml/dialog_info_read.h"

#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>

#include <cmocka.h>

#define XMLNS " xmlns=\"urn:ietf:params:xml:ns:dialog-info\""
#define ROOT "<dialog-info" XMLNS " version=\"0\">"
#define END "</dialog-info>"
#define EARLY "<state>early</state>"
#define ONE(inside) ROOT "<dialog id=\"1\">" inside "</dialog>" END

static alignas(max_align_t) char block[4 * XML_MAX_BYTES];

/* Reads from in front of an unreadable page; what it gives lives until the next read. */
static int read_text(struct slice text, struct dialog_info *ret_info)
{
	struct guarded input = guarded_copy(text);
	struct arena arena;
	int err;

	arena_init(&arena, block, sizeof(block));
	err = dialog_info_read(input.text, &arena, ret_info);
	guarded_free(&input);
	return err;
}

static void assert_slice_equal(struct slice a, struct slice b)
{
	if (!slice_eq(a, b))
		fail_msg("\"%.*s\" is not \"%.*s\"", SLICE_ARGS(a), SLICE_ARGS(b));
}

static void assert_party_equal(const struct dialog_party *a, const struct dialog_party *b)
{
	assert_slice_equal(a->display, b->display);
	assert_slice_equal(a->identity, b->identity);
	assert_slice_equal(a->target, b->target);
	assert_int_equal(a->is_rendering_no, b->is_rendering_no);
}

static void assert_info_equal(const struct dialog_info *a, const struct dialog_info *b)
{
	assert_int_equal(a->version, b->version);
	assert_int_equal(a->is_partial, b->is_partial);
	assert_slice_equal(a->entity, b->entity);
	assert_int_equal(a->dialog_count, b->dialog_count);
	for (size_t i = 0; i < a->dialog_count; i++) {
		const struct dialog_entry *x = &a->dialogs[i], *y = &b->dialogs[i];

		assert_slice_equal(x->id, y->id);
		assert_slice_equal(x->call_id, y->call_id);
		assert_slice_equal(x->local_tag, y->local_tag);
		assert_slice_equal(x->remote_tag, y->remote_tag);
		assert_int_equal(x->direction, y->direction);
		assert_int_equal(x->state, y->state);
		assert_slice_equal(x->event, y->event);
		assert_int_equal(x->code, y->code);
		assert_int_equal(x->has_duration, y->has_duration);
		assert_int_equal(x->duration_s, y->duration_s);
		assert_slice_equal(x->replaces.call_id, y->replaces.call_id);
		assert_slice_equal(x->replaces.local_tag, y->replaces.local_tag);
		assert_slice_equal(x->replaces.remote_tag, y->replaces.remote_tag);
		assert_slice_equal(x->referred_by_display, y->referred_by_display);
		assert_slice_equal(x->referred_by, y->referred_by);
		assert_party_equal(&x->local, &y->local);
		assert_party_equal(&x->remote, &y->remote);
	}
	assert_slice_equal(a->status, b->status);
}

/* Documents in the manner of servers in the field, and what a phone is to understand of them. */
static const struct {
	const char *name;
	struct slice text;
	struct dialog_info expected;
} field_cases[] = {
	{ "call-id without tags, remote before local (pbxnsip)",
	  SLICE_INIT("<?xml version=\"1.0\"?>\r\n"
		     "<dialog-info" XMLNS " version=\"12\" state=\"full\" "
		     "entity=\"sip:302@pbx.example.org\">\r\n"
		     "<dialog id=\"aa31-77\" call-id=\"aa31-77\" direction=\"recipient\">\r\n"
		     "<state>early</state>\r\n"
		     "<remote><identity>sip:303@pbx.example.org</identity>"
		     "<target uri=\"sip:303@pbx.example.org\"/></remote>\r\n"
		     "<local><identity>sip:302@pbx.example.org</identity>"
		     "<target uri=\"sip:302@pbx.example.org\"/></local>\r\n"
		     "</dialog>\r\n</dialog-info>"),
	  { .version = 12,
	    .entity = SLICE_INIT("sip:302@pbx.example.org"),
	    .dialog_count = 1,
	    .dialogs = { { .id = SLICE_INIT("aa31-77"),
			   .call_id = SLICE_INIT("aa31-77"),
			   .direction = DIALOG_RECIPIENT,
			   .state = DIALOG_EARLY,
			   .local = { .identity = SLICE_INIT("sip:302@pbx.example.org"),
				      .target = SLICE_INIT("sip:302@pbx.example.org") },
			   .remote = { .identity = SLICE_INIT("sip:303@pbx.example.org"),
				       .target = SLICE_INIT("sip:303@pbx.example.org") } } } } },
	{ "the remote target is the pick-up code, state last (patched Asterisk)",
	  SLICE_INIT("<?xml version=\"1.0\"?>\n"
		     "<dialog-info" XMLNS " version=\"3\" state=\"full\" "
		     "entity=\"sip:21@pbx.example.org\">\n"
		     "<dialog id=\"21\" direction=\"recipient\">\n"
		     "<local><identity display=\"21\">21</identity>"
		     "<target uri=\"sip:204@pbx.example.org\"/></local>\n"
		     "<remote><identity display=\"\">sip:No Ext</identity>"
		     "<target uri=\"sip:*8202@pbx.example.org\"/></remote>\n"
		     "<state>early</state>\n</dialog>\n</dialog-info>\n"),
	  { .version = 3,
	    .entity = SLICE_INIT("sip:21@pbx.example.org"),
	    .dialog_count = 1,
	    .dialogs = { { .id = SLICE_INIT("21"),
			   .direction = DIALOG_RECIPIENT,
			   .state = DIALOG_EARLY,
			   .local = { .display = SLICE_INIT("21"),
				      .identity = SLICE_INIT("21"),
				      .target = SLICE_INIT("sip:204@pbx.example.org") },
			   .remote = { .identity = SLICE_INIT("sip:No Ext"),
				       .target = SLICE_INIT("sip:*8202@pbx.example.org") } } } } },
	{ "lamp only (unpatched Asterisk)",
	  SLICE_INIT("<?xml version=\"1.0\"?>\n"
		     "<dialog-info" XMLNS " version=\"96\" state=\"full\" "
		     "entity=\"sip:202@pbx.example.org\">\n"
		     "<dialog id=\"202\" direction=\"recipient\">\n<state>early</state>\n"
		     "</dialog>\n</dialog-info>"),
	  { .version = 96,
	    .entity = SLICE_INIT("sip:202@pbx.example.org"),
	    .dialog_count = 1,
	    .dialogs = { { .id = SLICE_INIT("202"),
			   .direction = DIALOG_RECIPIENT,
			   .state = DIALOG_EARLY } } } },
	{ "no entity, an initiator that is proceeding (innovaphone)",
	  SLICE_INIT("<?xml version=\"1.0\"?>\r\n"
		     "<dialog-info" XMLNS " state=\"full\" version=\"31\">\r\n"
		     "    <dialog id=\"1\" direction=\"initiator\" call-id=\"0a0b0c0d\">\r\n"
		     "        <state>proceeding</state>\r\n"
		     "        <local>\r\n            <identity>sip:27@192.0.2.8</identity>\r\n"
		     "        </local>\r\n"
		     "        <remote>\r\n            <identity>sip:29@192.0.2.8</identity>\r\n"
		     "        </remote>\r\n    </dialog>\r\n</dialog-info>\r\n\r\n"),
	  { .version = 31,
	    .dialog_count = 1,
	    .dialogs = { { .id = SLICE_INIT("1"),
			   .call_id = SLICE_INIT("0a0b0c0d"),
			   .direction = DIALOG_INITIATOR,
			   .state = DIALOG_PROCEEDING,
			   .local = { .identity = SLICE_INIT("sip:27@192.0.2.8") },
			   .remote = { .identity = SLICE_INIT("sip:29@192.0.2.8") } } } } },
	{ "a dummy id and both tags (Snom 4S)",
	  SLICE_INIT("<?xml version=\"1.0\"?>\r\n"
		     "<dialog-info" XMLNS " version=\"5\" state=\"full\" "
		     "entity=\"sip:21@example.org\"><dialog id=\"dummy\" "
		     "call-id=\"c1-d2@192.0.2.113\" local-tag=\"ltag1\" remote-tag=\"rtag2o0\" "
		     "direction=\"recipient\"><state>confirmed</state><local>"
		     "<identity>sip:21@example.org</identity><target uri=\"sip:21@example.org\"/>"
		     "</local><remote><identity>sip:22@example.org</identity>"
		     "<target uri=\"sip:22@example.org\"/></remote></dialog></dialog-info>"),
	  { .version = 5,
	    .entity = SLICE_INIT("sip:21@example.org"),
	    .dialog_count = 1,
	    .dialogs = { { .id = SLICE_INIT("dummy"),
			   .call_id = SLICE_INIT("c1-d2@192.0.2.113"),
			   .local_tag = SLICE_INIT("ltag1"),
			   .remote_tag = SLICE_INIT("rtag2o0"),
			   .direction = DIALOG_RECIPIENT,
			   .state = DIALOG_CONFIRMED,
			   .local = { .identity = SLICE_INIT("sip:21@example.org"),
				      .target = SLICE_INIT("sip:21@example.org") },
			   .remote = { .identity = SLICE_INIT("sip:22@example.org"),
				       .target = SLICE_INIT("sip:22@example.org") } } } } },
	{ "no dialog at all (Snom 4S, idle)",
	  SLICE_INIT("<?xml version=\"1.0\"?>\r\n<dialog-info" XMLNS " version=\"6\" "
		     "state=\"full\" entity=\"sip:21@example.org\"></dialog-info>\r\n"),
	  { .version = 6, .entity = SLICE_INIT("sip:21@example.org") } },
	{ "an idle one (Yealink)",
	  SLICE_INIT("<dialog-info" XMLNS " version=\"0\" state=\"partial\" entity=\"sip:a@b\">"
		     "<dialog id=\"0000\"><state> terminated\n</state></dialog></dialog-info>"),
	  { .is_partial = true,
	    .entity = SLICE_INIT("sip:a@b"),
	    .dialog_count = 1,
	    .dialogs = { { .id = SLICE_INIT("0000"), .state = DIALOG_TERMINATED } } } },
	{ "any prefix, extensions inside",
	  SLICE_INIT("<d:dialog-info xmlns:d=\"urn:ietf:params:xml:ns:dialog-info\" "
		     "xmlns:x=\"urn:x\" version=\" 4 \" x:version=\"9\"><x:dialog id=\"no\">"
		     "<d:state>early</d:state></x:dialog><d:dialog id=\"7\"><x:state>no</x:state>"
		     "<d:state event=\"cancelled\" code=\"487\">termi<x:y>no</x:y>nated</d:state>"
		     "<d:duration>9</d:duration><d:local><d:identity display=\"J&#xfc;rgen &amp; "
		     "Co\">sip:a&amp;b@<!-- c -->d</d:identity><d:target uri=\"sip:a@b\">"
		     "<d:param pname=\"+sip.rendering\" pval=\"no\"/></d:target></d:local>"
		     "</d:dialog></d:dialog-info>"),
	  { .version = 4,
	    .dialog_count = 1,
	    .dialogs = { { .id = SLICE_INIT("7"),
			   .state = DIALOG_TERMINATED,
			   .event = SLICE_INIT("cancelled"),
			   .code = 487,
			   .has_duration = true,
			   .duration_s = 9,
			   .local = { .display = SLICE_INIT("J\xc3\xbcrgen & Co"),
				      .identity = SLICE_INIT("sip:a&b@d"),
				      .target = SLICE_INIT("sip:a@b"),
				      .is_rendering_no = true } } } } },
	{ "no namespace, an unknown state, none at all",
	  SLICE_INIT("<dialog-info version=\"0\"><dialog id=\"1\"><state>dreaming</state></dialog>"
		     "<dialog id=\"2\"/><dialog id=\"3\"><state>trying</state></dialog>"
		     "</dialog-info>"),
	  { .dialog_count = 1, .dialogs = { { .id = SLICE_INIT("3"), .state = DIALOG_TRYING } } } },
};

static void the_field_is_understood(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(field_cases); i++) {
		struct dialog_info info;
		int err = read_text(field_cases[i].text, &info);

		if (err)
			fail_msg("%s: %s", field_cases[i].name, err_text(err));
		assert_info_equal(&info, &field_cases[i].expected);
	}
}

static void what_is_printed_is_read_back(void **state)
{
	static char room[XML_MAX_BYTES];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(field_cases); i++) {
		struct buf buf = BUF_ON(room);
		struct dialog_info info;

		dialog_info_print(&buf, &field_cases[i].expected);
		assert_false(buf.is_overflown);
		assert_int_equal(read_text(buf_text(&buf), &info), 0);
		assert_info_equal(&info, &field_cases[i].expected);
	}
}

static void no_prefix_is_a_document(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(field_cases); i++) {
		struct slice whole = slice_trim(field_cases[i].text);

		for (size_t n = 0; n < whole.n; n++) {
			struct dialog_info info;

			assert_int_equal(read_text(slice_head(whole, n), &info), ERR_SYNTAX);
		}
	}
}

static void the_document_reads_so(void **state)
{
	static const struct dialog_info info = {
		.version = 4294967295u,
		.is_partial = true,
		.entity = SLICE_INIT("sip:202@pbx.example.com"),
		.dialog_count = 2,
		.dialogs = { { .id = SLICE_INIT("d1"),
			       .call_id = SLICE_INIT("c"),
			       .local_tag = SLICE_INIT("l"),
			       .remote_tag = SLICE_INIT("r"),
			       .direction = DIALOG_RECIPIENT,
			       .state = DIALOG_CONFIRMED,
			       .local = { .target = SLICE_INIT("sip:202@192.0.2.1"),
					  .is_rendering_no = true },
			       .remote = { .display = SLICE_INIT("Alice"),
					   .identity = SLICE_INIT("sip:201@pbx.example.com"),
					   .target = SLICE_INIT("sip:*8202@pbx.example.com") } },
			     { .id = SLICE_INIT("d2"),
			       .direction = DIALOG_INITIATOR,
			       .state = DIALOG_TERMINATED,
			       .event = SLICE_INIT("rejected"),
			       .code = 486 } },
	};
	static const char expected[] =
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" version=\"4294967295\" "
		"state=\"partial\" entity=\"sip:202@pbx.example.com\">\n"
		"<dialog id=\"d1\" call-id=\"c\" local-tag=\"l\" remote-tag=\"r\" "
		"direction=\"recipient\">\n"
		"<state>confirmed</state>\n"
		"<local>\n<target uri=\"sip:202@192.0.2.1\">"
		"<param pname=\"+sip.rendering\" pval=\"no\"/></target>\n</local>\n"
		"<remote>\n<identity display=\"Alice\">sip:201@pbx.example.com</identity>\n"
		"<target uri=\"sip:*8202@pbx.example.com\"/>\n</remote>\n"
		"</dialog>\n"
		"<dialog id=\"d2\" direction=\"initiator\">\n"
		"<state event=\"rejected\" code=\"486\">terminated</state>\n"
		"</dialog>\n"
		"</dialog-info>\n";
	char room[2048];
	struct buf buf = BUF_ON(room);

	(void)state;
	dialog_info_print(&buf, &info);
	assert_slice_equal(buf_text(&buf), SLICE(expected));
}

/* RFC 4235 4.1.3 to 4.1.5; what is foreign to it stands at the end (4.3). */
static void a_moved_call_says_where_it_comes_from(void **state)
{
	const struct dialog_info info = {
		.version = 7,
		.is_partial = true,
		.entity = SLICE("sip:202@pbx.example.com"),
		.dialog_count = 1,
		.dialogs = { { .id = SLICE("d3"),
			       .state = DIALOG_CONFIRMED,
			       .has_duration = true,
			       .duration_s = 45,
			       .replaces = { SLICE("c1"), SLICE("ours"), SLICE("theirs") },
			       .referred_by_display = SLICE("Alice"),
			       .referred_by = SLICE("sip:201@pbx.example.com") } },
		.status = SLICE("unregistered"),
	};
	static const char expected[] =
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<dialog-info" XMLNS " version=\"7\" state=\"partial\""
		" entity=\"sip:202@pbx.example.com\">\n"
		"<dialog id=\"d3\">\n"
		"<state>confirmed</state>\n"
		"<duration>45</duration>\n"
		"<replaces call-id=\"c1\" local-tag=\"ours\" remote-tag=\"theirs\"/>\n"
		"<referred-by display=\"Alice\">sip:201@pbx.example.com</referred-by>\n"
		"</dialog>\n"
		"<status xmlns=\"urn:lampyrid:lamp\">unregistered</status>\n"
		"</dialog-info>\n";
	char room[2048];
	struct buf buf = BUF_ON(room);
	struct dialog_info read_back;

	(void)state;
	dialog_info_print(&buf, &info);
	assert_slice_equal(buf_text(&buf), SLICE(expected));
	assert_int_equal(read_text(buf_text(&buf), &read_back), 0);
	assert_info_equal(&read_back, &info);
}

/* What is no number is no duration; what is not ours is no status, whatever it is called. */
static void what_is_foreign_says_nothing(void **state)
{
	static const char text[] = ROOT "<status>not ours</status>"
					"<status xmlns=\"urn:example\">not ours</status>"
					"<dialog id=\"1\">" EARLY "<duration>-1</duration>"
					"<x xmlns=\"urn:example\"><state>confirmed</state></x>"
					"</dialog>" END;
	struct dialog_info info;

	(void)state;
	assert_int_equal(read_text(slice_from_cstr(text), &info), 0);
	assert_int_equal(info.dialog_count, 1);
	assert_int_equal(info.dialogs[0].state, DIALOG_EARLY);
	assert_false(info.dialogs[0].has_duration);
	assert_slice_equal(info.status, SLICE_NONE);
}

/* S7: a quote in a call-id broke the document of another server. */
static const struct {
	struct slice plain, read_back;
} escape_cases[] = {
	{ SLICE_INIT("a\"b@\"c"), SLICE_INIT("a\"b@\"c") },
	{ SLICE_INIT("<&>'\"]]>&amp;"), SLICE_INIT("<&>'\"]]>&amp;") },
	{ SLICE_INIT("\"/><dialog id=\"2"), SLICE_INIT("\"/><dialog id=\"2") },
	{ SLICE_INIT("a\tb\r\nc\0d\x1b\x7f"), SLICE_INIT("a?b??c?d??") },
	{ SLICE_INIT("J\xc3\xbcrgen \xe2\x82\xac \xf0\x9f\x94\x94"),
	  SLICE_INIT("J\xc3\xbcrgen \xe2\x82\xac \xf0\x9f\x94\x94") },
	{ SLICE_INIT("J\xfcrgen"), SLICE_INIT("J?rgen") },
	{ SLICE_INIT("\xc0\xbc\xe0\x80\xbc\xf0\x80\x80\xbc"), SLICE_INIT("?????????") },
	{ SLICE_INIT("\xed\xa0\x80|\xef\xbf\xbf|\xef\xbf\xbe|\xef\xbf\xbd"),
	  SLICE_INIT("???|???|???|\xef\xbf\xbd") },
	{ SLICE_INIT("\xf4\x90\x80\x80|\xf5\x80\x80\x80|\xff"), SLICE_INIT("????|????|?") },
	{ SLICE_INIT("cut \xc3"), SLICE_INIT("cut ?") },
	{ SLICE_INIT("cut \xe2\x82"), SLICE_INIT("cut ??") },
	{ SLICE_INIT("cut \xf0\x9f\x94"), SLICE_INIT("cut ???") },
};

static void s7_no_text_breaks_the_document(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(escape_cases); i++) {
		struct guarded plain = guarded_copy(escape_cases[i].plain);
		struct slice expected = escape_cases[i].read_back;
		struct slice text = plain.text;
		struct dialog_party party = { .display = text, .identity = text, .target = text };
		struct dialog_info info = { .entity = text,
					    .dialog_count = 1,
					    .dialogs = { { .id = text,
							   .call_id = text,
							   .local_tag = text,
							   .remote_tag = text,
							   .event = text,
							   .local = party,
							   .remote = party } } };
		struct dialog_info read;
		char room[4096];
		struct buf buf = BUF_ON(room);

		dialog_info_print(&buf, &info);
		assert_int_equal(read_text(buf_text(&buf), &read), 0);
		assert_int_equal(read.dialog_count, 1);
		assert_slice_equal(read.entity, expected);
		assert_slice_equal(read.dialogs[0].id, expected);
		assert_slice_equal(read.dialogs[0].call_id, expected);
		assert_slice_equal(read.dialogs[0].local_tag, expected);
		assert_slice_equal(read.dialogs[0].remote_tag, expected);
		assert_slice_equal(read.dialogs[0].event, expected);
		assert_slice_equal(read.dialogs[0].local.display, expected);
		assert_slice_equal(read.dialogs[0].local.identity, expected);
		assert_slice_equal(read.dialogs[0].remote.target, expected);
		guarded_free(&plain);
	}
}

static const struct {
	const char *name;
	struct slice text;
	int err;
} refused_cases[] = {
	{ "empty", SLICE_INIT(""), ERR_SYNTAX },
	{ "no XML", SLICE_INIT("SIP/2.0 200 OK"), ERR_SYNTAX },
	{ "another root", SLICE_INIT("<presence/>"), ERR_SYNTAX },
	{ "another namespace", SLICE_INIT("<dialog-info xmlns=\"urn:x\"/>"), ERR_SYNTAX },
	{ "two roots", SLICE_INIT(ROOT END ROOT END), ERR_SYNTAX },
	{ "a NUL", SLICE_INIT(ONE("<state>ear\0ly</state>")), ERR_SYNTAX },
	{ "bad UTF-8", SLICE_INIT(ONE("<local><identity>\xff</identity></local>")), ERR_SYNTAX },
	{ "an unknown encoding", SLICE_INIT("<?xml version=\"1.0\" encoding=\"x\"?>" ROOT END),
	  ERR_SYNTAX },
	{ "P11 version 4294967296", SLICE_INIT("<dialog-info" XMLNS " version=\"4294967296\"/>"),
	  ERR_SYNTAX },
	{ "P11 version of 40 digits",
	  SLICE_INIT("<dialog-info" XMLNS
		     " version=\"9999999999999999999999999999999999999999\"/>"),
	  ERR_SYNTAX },
	{ "no version", SLICE_INIT("<dialog-info" XMLNS " state=\"full\"/>"), ERR_SYNTAX },
	{ "P11 version -1", SLICE_INIT("<dialog-info" XMLNS " version=\"-1\"/>"), ERR_SYNTAX },
	{ "P11 document type", SLICE_INIT("<!DOCTYPE dialog-info>" ROOT END), ERR_SYNTAX },
	{ "P11 external subset", SLICE_INIT("<!DOCTYPE d SYSTEM \"file:///etc/passwd\">" ROOT END),
	  ERR_SYNTAX },
	{ "P11 external entity",
	  SLICE_INIT("<!DOCTYPE d [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>" ONE(
		  "<local><identity>&x;</identity></local>" EARLY)),
	  ERR_SYNTAX },
	{ "P11 billion laughs",
	  SLICE_INIT("<!DOCTYPE d [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">"
		     "<!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;\">"
		     "<!ENTITY d \"&c;&c;&c;&c;&c;&c;&c;&c;\">"
		     "<!ENTITY e \"&d;&d;&d;&d;&d;&d;&d;&d;\">]>" ONE(
			     "<local><identity>&e;</identity></local>" EARLY)),
	  ERR_SYNTAX },
	{ "P11 undeclared entity", SLICE_INIT(ONE(EARLY "<local>&x;</local>")), ERR_SYNTAX },
};

static void what_is_no_document_is_refused(void **state)
{
	struct mem_count before = mem_count();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(refused_cases); i++) {
		struct dialog_info info = { .version = 77 };
		int err = read_text(refused_cases[i].text, &info);

		if (err != refused_cases[i].err)
			fail_msg("%s: %s", refused_cases[i].name, err_text(err));
		assert_int_equal(info.version, 77);
	}
	assert_int_equal(mem_count().blocks, before.blocks);
}

static char document[XML_MAX_BYTES + 1];

/* "head", `count` times "part", "tail". */
static struct slice repeated(struct slice head, struct slice part, size_t count, struct slice tail)
{
	struct buf buf = BUF_ON(document);

	buf_slice(&buf, head);
	for (size_t i = 0; i < count; i++)
		buf_slice(&buf, part);
	buf_slice(&buf, tail);
	assert_false(buf.is_overflown);
	return buf_text(&buf);
}

static void p11_depth_is_bounded(void **state)
{
	struct dialog_info info;

	(void)state;
	assert_int_equal(read_text(repeated(SLICE(ROOT), SLICE("<x>"), 10000, SLICE("")), &info),
			 ERR_LIMIT);
	assert_int_equal(read_text(repeated(SLICE(""), SLICE("<x>"), 10000, SLICE("")), &info),
			 ERR_SYNTAX);
	assert_int_equal(
		read_text(repeated(SLICE(ROOT "<x><x><x><x><x><x><x><x>"), SLICE("<y></y><y/>"),
				   1000, SLICE("</x></x></x></x></x></x></x></x>" END)),
			  &info),
		0);
}

static void p11_size_and_dialogs_are_bounded(void **state)
{
	static const char one[] = "<dialog id=\"1\">" EARLY "</dialog>";
	size_t room = XML_MAX_BYTES - (sizeof(ROOT) - 1) - (sizeof(END) - 1);
	struct dialog_info info;

	(void)state;
	assert_int_equal(
		read_text(repeated(SLICE(ROOT), SLICE(one), DIALOG_INFO_MAX, SLICE(END)), &info),
		0);
	assert_int_equal(info.dialog_count, DIALOG_INFO_MAX);
	assert_int_equal(
		read_text(repeated(SLICE(ROOT), SLICE(one), DIALOG_INFO_MAX + 1, SLICE(END)),
			  &info),
		ERR_LIMIT);
	assert_int_equal(read_text(repeated(SLICE(ROOT), SLICE(" "), room, SLICE(END)), &info), 0);
	assert_int_equal(read_text(repeated(SLICE(ROOT), SLICE(" "), room + 1, SLICE(END)), &info),
			 ERR_LIMIT);
}

static void text_in_ten_thousand_pieces_is_one(void **state)
{
	struct slice text =
		repeated(SLICE(ROOT "<dialog id=\"1\">" EARLY "<local><identity>"), SLICE("&amp;"),
			 10000, SLICE("</identity></local></dialog>" END));
	struct dialog_info info;

	(void)state;
	assert_int_equal(read_text(text, &info), 0);
	assert_int_equal(info.dialogs[0].local.identity.n, 10000);
	assert_int_equal(slice_find_char(info.dialogs[0].local.identity, '\0'), 10000);
}

static void p11_a_huge_code_is_none(void **state)
{
	struct dialog_info info;

	(void)state;
	assert_int_equal(
		read_text(SLICE(ONE("<state code=\"4294967782\">terminated</state>")), &info), 0);
	assert_int_equal(info.dialogs[0].state, DIALOG_TERMINATED);
	assert_int_equal(info.dialogs[0].code, 0);
}

static void every_refused_allocation_is_survived(void **state)
{
	struct slice text = field_cases[0].text;
	struct mem_count before = mem_count();
	struct dialog_info info;
	uint64_t allocs;

	(void)state;
	assert_int_equal(read_text(text, &info), 0);
	allocs = mem_count().allocs - before.allocs;
	for (uint64_t n = 1; n <= allocs; n++) {
		mem_refuse_nth(n);
		assert_int_equal(read_text(text, &info), ERR_NOMEM);
		assert_int_equal(mem_count().blocks, before.blocks);
		assert_int_equal(mem_count().bytes, before.bytes);
	}
	mem_refuse_nth(0);
}

static void a_small_arena_is_noticed(void **state)
{
	struct slice text = field_cases[4].text;
	struct dialog_info info = { .version = 77 };
	struct arena arena;
	size_t needed;

	(void)state;
	arena_init(&arena, block, sizeof(block));
	assert_int_equal(dialog_info_read(text, &arena, &info), 0);
	needed = arena.used;
	for (size_t n = 0; n < needed; n++) {
		arena_init(&arena, block, n);
		assert_int_equal(dialog_info_read(text, &arena, &info), ERR_LIMIT);
	}
}

static void a_small_buffer_is_noticed(void **state)
{
	char room[2048], short_room[2048];
	struct buf whole = BUF_ON(room);

	(void)state;
	dialog_info_print(&whole, &field_cases[0].expected);
	for (size_t n = 0; n < whole.n; n++) {
		struct buf buf = { .p = short_room, .cap = n };

		dialog_info_print(&buf, &field_cases[0].expected);
		assert_true(buf.is_overflown);
		assert_true(slice_starts_with(buf_text(&whole), buf_text(&buf)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_field_is_understood),
		cmocka_unit_test(what_is_printed_is_read_back),
		cmocka_unit_test(no_prefix_is_a_document),
		cmocka_unit_test(the_document_reads_so),
		cmocka_unit_test(a_moved_call_says_where_it_comes_from),
		cmocka_unit_test(what_is_foreign_says_nothing),
		cmocka_unit_test(s7_no_text_breaks_the_document),
		cmocka_unit_test(what_is_no_document_is_refused),
		cmocka_unit_test(p11_depth_is_bounded),
		cmocka_unit_test(p11_size_and_dialogs_are_bounded),
		cmocka_unit_test(p11_a_huge_code_is_none),
		cmocka_unit_test(text_in_ten_thousand_pieces_is_one),
		cmocka_unit_test(every_refused_allocation_is_survived),
		cmocka_unit_test(a_small_arena_is_noticed),
		cmocka_unit_test(a_small_buffer_is_noticed),
	};

	return cmocka_run_group_tests_name("dialog_info", tests, NULL, NULL);
}
