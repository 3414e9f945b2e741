/* SPDX-License-Identifier: MIT */
/*
 * Reading feature requests with expat. They are one element with a few texts in it; the namespace
 * is not asked for, as some phones spell it in ways of their own.
 */
#include "xml/feature_read.h"

#include "base/err.h"
#include "sip/limits.h"
#include "xml/expat_mem.h"

#define NAMESPACE_END '\n'

/* The texts of interest, in the order of `texts`. */
enum field {
	FIELD_DEVICE,
	FIELD_DND_ON,
	FIELD_FORWARD_ON,
	FIELD_FORWARD_TYPE,
	FIELD_FORWARD_TO,
	FIELD_RING_COUNT,
	FIELDS,
	FIELD_NONE = FIELDS,
};

struct reader {
	XML_Parser parser;
	bool is_forwarding; /* the document is a SetForwarding */
	size_t depth;	    /* open elements */
	enum field field;   /* whose text is being gathered, at depth 2 */
	char texts[FIELDS][FEATURE_TEXT_MAX_BYTES];
	size_t sizes[FIELDS];
	bool is_given[FIELDS];
	int err;
};

static void reader_fail(struct reader *reader, int err)
{
	reader->err = err;
	XML_StopParser(reader->parser, XML_FALSE);
}

static struct slice name_local(const XML_Char *name)
{
	struct slice head, tail;

	return slice_cut(slice_from_cstr(name), NAMESPACE_END, &head, &tail) ? tail : head;
}

static void document_start(struct reader *reader, struct slice name)
{
	reader->is_forwarding = slice_eq(name, SLICE("SetForwarding"));
	if (!reader->is_forwarding && !slice_eq(name, SLICE("SetDoNotDisturb")))
		reader_fail(reader, ERR_SYNTAX);
}

static enum field field_find(struct slice name)
{
	static const struct slice names[FIELDS] = {
		[FIELD_DEVICE] = SLICE_INIT("device"),
		[FIELD_DND_ON] = SLICE_INIT("doNotDisturbOn"),
		[FIELD_FORWARD_ON] = SLICE_INIT("activateForward"),
		[FIELD_FORWARD_TYPE] = SLICE_INIT("forwardingType"),
		[FIELD_FORWARD_TO] = SLICE_INIT("forwardDN"),
		[FIELD_RING_COUNT] = SLICE_INIT("ringCount"),
	};

	for (enum field field = 0; field < FIELDS; field++)
		if (slice_eq(name, names[field]))
			return field;
	return FIELD_NONE;
}

static void on_element_start(void *context, const XML_Char *name, const XML_Char **attributes)
{
	struct reader *reader = context;

	(void)attributes;
	if (reader->err)
		return;
	if (reader->depth == XML_DEPTH_MAX) {
		reader_fail(reader, ERR_LIMIT);
		return;
	}
	reader->depth++;
	if (reader->depth == 1) {
		document_start(reader, name_local(name));
	} else if (reader->depth == 2) {
		reader->field = field_find(name_local(name));
		/* Said twice, the last one counts. */
		if (reader->field != FIELD_NONE) {
			reader->is_given[reader->field] = true;
			reader->sizes[reader->field] = 0;
		}
	}
}

static void on_element_end(void *context, const XML_Char *name)
{
	struct reader *reader = context;

	(void)name;
	reader->depth--;
	if (reader->depth == 1)
		reader->field = FIELD_NONE;
}

/* Expat hands text over in pieces, cut wherever it likes. */
static void on_text(void *context, const XML_Char *piece, int piece_bytes)
{
	struct reader *reader = context;
	size_t n = (size_t)piece_bytes;

	if (reader->err || reader->depth != 2 || reader->field == FIELD_NONE)
		return;
	if (n > FEATURE_TEXT_MAX_BYTES - reader->sizes[reader->field]) {
		reader_fail(reader, ERR_LIMIT);
		return;
	}
	memcpy(reader->texts[reader->field] + reader->sizes[reader->field], piece, n);
	reader->sizes[reader->field] += n;
}

static void on_doctype(void *context, const XML_Char *name, const XML_Char *system_id,
		       const XML_Char *public_id, int has_internal_subset)
{
	(void)name;
	(void)system_id;
	(void)public_id;
	(void)has_internal_subset;
	reader_fail(context, ERR_SYNTAX);
}

/* --- What it says ------------------------------------------------------------------------- */

static struct slice field_text(const struct reader *reader, enum field field)
{
	return slice_trim(slice_of(reader->texts[field], reader->sizes[field]));
}

/* xs:boolean. */
static int field_bool(const struct reader *reader, enum field field, bool *ret_value)
{
	struct slice text = field_text(reader, field);

	if (slice_eq_nocase(text, SLICE("true")) || slice_eq(text, SLICE("1")))
		*ret_value = true;
	else if (slice_eq_nocase(text, SLICE("false")) || slice_eq(text, SLICE("0")))
		*ret_value = false;
	else
		return ERR_SYNTAX;
	return 0;
}

static int field_keep(const struct reader *reader, enum field field, struct arena *arena,
		      struct slice *ret_text)
{
	struct slice text = field_text(reader, field);
	char *copy;

	if (text.n == 0)
		return 0;
	copy = arena_alloc(arena, text.n);
	if (!copy)
		return ERR_LIMIT;
	memcpy(copy, text.p, text.n);
	*ret_text = slice_of(copy, text.n);
	return 0;
}

static int forwarding_type(const struct reader *reader, enum feature *ret_feature)
{
	struct slice text = field_text(reader, FIELD_FORWARD_TYPE);

	for (enum feature feature = FEATURE_FORWARD_ALWAYS; feature < FEATURES; feature++)
		if (slice_eq_nocase(text, feature_forwarding_type(feature))) {
			*ret_feature = feature;
			return 0;
		}
	return ERR_SYNTAX;
}

static int forwarding_finish(const struct reader *reader, struct arena *arena,
			     struct feature_event *event)
{
	int err = forwarding_type(reader, &event->feature);

	if (!err)
		err = field_bool(reader, FIELD_FORWARD_ON, &event->is_on);
	if (!err)
		err = field_keep(reader, FIELD_FORWARD_TO, arena, &event->to);
	/* A forward that needs a number and names none is no mistake yet: it may be set before. */
	if (!err && field_text(reader, FIELD_RING_COUNT).n > 0)
		err = slice_to_u32(field_text(reader, FIELD_RING_COUNT), 100, &event->ring_count);
	return err == ERR_RANGE ? ERR_SYNTAX : err;
}

static int request_finish(const struct reader *reader, struct arena *arena,
			  struct feature_event *ret_event)
{
	struct feature_event event = { .feature = FEATURE_DND };
	int err = field_keep(reader, FIELD_DEVICE, arena, &event.device);

	if (!err && reader->is_forwarding)
		err = forwarding_finish(reader, arena, &event);
	else if (!err)
		err = field_bool(reader, FIELD_DND_ON, &event.is_on);
	if (!err)
		*ret_event = event;
	return err;
}

static int document_read(struct reader *reader, struct slice document)
{
	XML_SetUserData(reader->parser, reader);
	XML_SetElementHandler(reader->parser, on_element_start, on_element_end);
	XML_SetCharacterDataHandler(reader->parser, on_text);
	XML_SetStartDoctypeDeclHandler(reader->parser, on_doctype);
	if (XML_Parse(reader->parser, document.p, (int)document.n, XML_TRUE) == XML_STATUS_OK)
		return reader->err;
	if (reader->err)
		return reader->err;
	return XML_GetErrorCode(reader->parser) == XML_ERROR_NO_MEMORY ? ERR_NOMEM : ERR_SYNTAX;
}

int feature_request_read(struct slice document, struct arena *arena,
			 struct feature_event *ret_event)
{
	static const XML_Char separator[] = { NAMESPACE_END, '\0' };
	struct reader reader = { .field = FIELD_NONE };
	int err;

	if (document.n > XML_MAX_BYTES)
		return ERR_LIMIT;
	if (document.n == 0)
		return ERR_SYNTAX;
	reader.parser = XML_ParserCreate_MM(NULL, &expat_mem_suite, separator);
	if (!reader.parser)
		return ERR_NOMEM;
	err = document_read(&reader, document);
	XML_ParserFree(reader.parser);
	return err ? err : request_finish(&reader, arena, ret_event);
}
