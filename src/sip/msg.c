/* SPDX-License-Identifier: MIT */
/*
 * Reading a message (RFC 3261 7): the start line, one pass that cuts the lines, the typed headers,
 * the body. The first fault decides the verdict; reading goes on behind it, so that a request whose
 * transaction can still be told is answered with 400 rather than left to its retransmissions.
 */
#include "sip/msg.h"

#include "base/err.h"
#include "sip/lex.h"
#include "sip/scan.h"

/* The typed headers without which nobody can be answered (RFC 3261 8.2.6.2). */
enum { READ_VIA = 1, READ_FROM = 2, READ_TO = 4, READ_CALL_ID = 8, READ_CSEQ = 16, READ_ALL = 31 };

struct reader {
	const char *p; /* not read yet */
	const char *end;
	struct sip_msg *msg;
	struct sip_header *headers; /* [SIP_HEADERS_MAX] */
	struct sip_fault *fault;
	const char *nul; /* the first one in a whole line */
	size_t vias;	 /* Via lines */
	int err;	 /* of the fault, 0: none */
	unsigned read;	 /* READ_ bits */
};

static const bool is_single[HDR_COUNT] = {
#define HDR(id, text, letter, single) [HDR_##id] = single,
#include "sip/headers.def"
#undef HDR
};

/* Keeps the first fault. */
static void refuse(struct reader *r, int err, const char *at, const char *reason)
{
	if (r->err)
		return;
	r->err = err;
	r->fault->offset = (size_t)(at - r->msg->bytes.p);
	r->fault->reason = reason;
}

struct line {
	struct slice text;
	const char *colon; /* the first one, or NULL; folds are not asked */
};

/*
 * Where a line ends that is not plainly ended by CRLF: behind `at` stands a bare LF, or what no
 * line may hold. NULL when it has no end.
 */
static __attribute__((noinline)) const char *find_odd_end(struct reader *r, const char *at)
{
	const char *cr = NULL, *nul = NULL;

	for (; at < r->end && *at != '\n'; at = scan_break(at + 1, r->end)) {
		if (*at == '\r' && r->end - at > 1 && at[1] == '\n')
			break;
		if (*at == '\0')
			nul = nul ? nul : at;
		else
			cr = cr ? cr : at;
	}
	if (at == r->end)
		return NULL;
	r->nul = r->nul ? r->nul : nul;
	/* A CR elsewhere is a line end to some readers and none to others. */
	if (cr)
		refuse(r, ERR_SYNTAX, cr, "CR without LF");
	return at;
}

/*
 * Cuts up to the next line end, CRLF or the bare LF that a datagram is forgiven. This is the one
 * look at every byte: what no line may hold is found on the way.
 */
static inline bool cut_physical_line(struct reader *r, struct line *ret_line)
{
	const char *start = r->p, *colon;
	const char *at = scan_line(start, r->end, &colon);

	if (r->end - at < 2 || at[0] != '\r' || at[1] != '\n')
		at = find_odd_end(r, at);
	if (!at)
		return false;
	*ret_line = (struct line){ slice_of(start, (size_t)(at - start)), colon };
	r->p = at + (*at == '\r' ? 2 : 1);
	return true;
}

static inline bool is_fold_next(const struct reader *r)
{
	return r->p < r->end && (*r->p == ' ' || *r->p == '\t');
}

/* RFC 3261 7.3.1: a line goes on in those that begin with white space. Its end, or NULL. */
static __attribute__((noinline)) const char *cut_folds(struct reader *r)
{
	struct line fold;

	do
		if (!cut_physical_line(r, &fold))
			return NULL;
	while (is_fold_next(r));
	return fold.text.p + fold.text.n;
}

/* A header line with its folds, or the empty line. False when the head has no end. */
static inline bool cut_line(struct reader *r, struct line *ret_line)
{
	const char *end;

	if (!cut_physical_line(r, ret_line))
		return false;
	if (ret_line->text.n == 0 || !is_fold_next(r))
		return true;
	end = cut_folds(r);
	if (end)
		ret_line->text.n = (size_t)(end - ret_line->text.p);
	return end != NULL;
}

static bool is_token(struct slice s)
{
	return s.n > 0 && lex_cut(&s, LEX_TOKEN).n > 0 && s.n == 0;
}

/* "SIP/2.0" without case (RFC 3261 7.1); any other "SIP/" is a version we do not speak. */
static void check_version(struct reader *r, struct slice version)
{
	if (lex_is_word(version, SLICE("SIP/2.0")))
		return;
	if (version.n > 4 && slice_eq_nocase(slice_head(version, 4), SLICE("SIP/")))
		refuse(r, ERR_SYNTAX, version.p, "SIP version not supported");
	else
		refuse(r, ERR_SYNTAX, version.p, "start line is not SIP");
}

static void read_status_line(struct reader *r, struct slice line)
{
	struct slice version, digits, reason;
	uint32_t status;

	slice_cut(line, ' ', &version, &line);
	slice_cut(line, ' ', &digits, &reason);
	check_version(r, version);
	if (digits.n != 3 || slice_to_u32(digits, 699, &status) || status < 100) {
		refuse(r, ERR_SYNTAX, digits.p ? digits.p : version.p, "bad status code");
		return;
	}
	r->msg->status = status;
	r->msg->reason = reason;
}

static void read_uri(struct sip_msg *msg, struct slice text)
{
	if (sip_uri_parse(text, &msg->uri) == 0)
		return;
	msg->uri = (struct sip_uri){ .text = text, .scheme = URI_OTHER };
	msg->is_uri_bad = true;
}

/* slice_cut() at the first space, which is near. */
static void cut_word(struct slice line, struct slice *ret_word, struct slice *ret_rest)
{
	size_t n = line.n > 0 ? (size_t)(scan_char(line.p, line.p + line.n, ' ') - line.p) : 0;

	*ret_word = slice_of(line.p, n);
	*ret_rest = n < line.n ? slice_of(line.p + n + 1, line.n - n - 1) : SLICE_NONE;
}

/* RFC 3261 7.1: exactly one space between the three, none elsewhere. */
static void read_request_line(struct reader *r, struct slice line)
{
	struct sip_msg *msg = r->msg;
	struct slice method, uri, version;

	cut_word(line, &method, &line);
	cut_word(line, &uri, &version);
	if (!is_token(method)) {
		refuse(r, ERR_SYNTAX, method.p, "start line is not SIP");
		return;
	}
	if (method.n > SIP_METHOD_MAX_BYTES) {
		refuse(r, ERR_LIMIT, method.p, "method too long");
		return;
	}
	msg->is_request = true;
	msg->method_name = method;
	msg->method = sip_method_of(method);
	if (uri.n == 0 || version.n == 0 || slice_find_char(version, ' ') < version.n) {
		refuse(r, ERR_SYNTAX, method.p, "stray space in the request line");
		return;
	}
	check_version(r, version);
	read_uri(msg, uri);
}

static bool read_start_line(struct reader *r)
{
	struct line line;

	/* RFC 3261 7.5: line ends before the start line mean nothing. */
	while (r->p < r->end && (*r->p == '\r' || *r->p == '\n'))
		r->p++;
	if (!cut_physical_line(r, &line))
		return false;
	if (line.text.n > SIP_START_LINE_MAX_BYTES)
		refuse(r, ERR_LIMIT, line.text.p, "start line too long");
	else if (line.text.n >= 4 && lex_is_word(slice_of(line.text.p, 4), SLICE("SIP/")))
		read_status_line(r, line.text);
	else
		read_request_line(r, line.text);
	return true;
}

/* The header stands behind the table's last entry; it is counted in here. */
static void count_header(struct reader *r, const struct sip_header *header)
{
	struct sip_msg *msg = r->msg;

	msg->header_count++;
	r->vias += header->id == HDR_VIA;
	if (msg->first[header->id] == 0)
		msg->first[header->id] = (uint8_t)msg->header_count;
	else if (is_single[header->id])
		refuse(r, ERR_SYNTAX, header->name.p, "single header stands twice");
}

/*
 * RFC 3261 25.1 HCOLON: spaces and tabs may stand before the colon, but belong to no name. The
 * entry is written where it stays: copying it there costs a tenth of the whole parse.
 */
static inline void read_header(struct reader *r, const struct line *line)
{
	struct sip_header *header = &r->headers[r->msg->header_count];
	const char *start = line->text.p, *colon = line->colon;
	const char *name_end = colon ? colon : start;

	while (name_end > start && (name_end[-1] == ' ' || name_end[-1] == '\t'))
		name_end--;
	header->name = slice_of(start, (size_t)(name_end - start));
	header->id = sip_header_id_of(header->name);
	/* A name we know has been compared, and is a token by that. */
	if (header->id == HDR_OTHER && !is_token(header->name)) {
		refuse(r, ERR_SYNTAX, start, "bad header name");
		return;
	}
	header->value = lex_trim(slice_of(colon + 1, (size_t)(start + line->text.n - colon) - 1));
	if (header->value.n > SIP_HEADER_MAX_BYTES)
		refuse(r, ERR_LIMIT, header->value.p, "header too long");
	else
		count_header(r, header);
}

/* False when there is no empty line. */
static bool read_headers(struct reader *r)
{
	struct line line;

	while (cut_line(r, &line)) {
		if (line.text.n == 0)
			return true;
		if (r->msg->header_count < SIP_HEADERS_MAX)
			read_header(r, &line);
		else
			refuse(r, ERR_LIMIT, line.text.p, "too many header lines");
	}
	return false;
}

/* The mandatory header's value, or false with the fault. */
static bool need_value(struct reader *r, enum sip_header_id id, const char *reason,
		       struct slice *ret_value)
{
	size_t place = r->msg->first[id];

	if (place == 0)
		refuse(r, ERR_SYNTAX, r->msg->bytes.p, reason);
	else
		*ret_value = r->headers[place - 1].value;
	return place > 0;
}

static void type_topmost_via(struct reader *r, struct slice entry)
{
	int err = sip_via_parse(entry, &r->msg->via);

	if (err)
		refuse(r, err, entry.p, err == ERR_LIMIT ? "branch too long" : "bad Via");
	else
		r->read |= READ_VIA;
}

/* All Vias are counted, the topmost is read. */
static void type_vias(struct reader *r)
{
	const struct sip_header *header = sip_msg_header(r->msg, HDR_VIA);
	struct slice value, entry = SLICE_NONE;
	size_t count = 0;

	if (!need_value(r, HDR_VIA, "Via missing", &value))
		return;
	for (size_t lines = r->vias; lines > 0 && count <= SIP_VIAS_MAX; header++) {
		struct slice rest = header->value;

		if (header->id != HDR_VIA)
			continue;
		lines--;
		while (count <= SIP_VIAS_MAX && lex_entry_next(&rest, &entry))
			if (count++ == 0)
				type_topmost_via(r, entry);
	}
	if (count == 0)
		refuse(r, ERR_SYNTAX, value.p, "bad Via");
	if (count > SIP_VIAS_MAX)
		refuse(r, ERR_LIMIT, entry.p, "too many Vias");
}

static bool type_addr(struct reader *r, struct slice value, struct sip_addr *ret_addr,
		      struct slice *ret_tag, const char *reason)
{
	struct lex_tag tag;
	int err = lex_addr_parse(value, ret_addr, &tag);

	if (err)
		refuse(r, err, value.p, reason);
	else if (tag.err)
		refuse(r, tag.err, value.p, tag.err == ERR_LIMIT ? "tag too long" : "bad tag");
	else
		*ret_tag = tag.value;
	return !err && !tag.err;
}

static void type_call_id(struct reader *r)
{
	struct slice value, rest;

	if (!need_value(r, HDR_CALL_ID, "Call-ID missing", &value))
		return;
	rest = value;
	lex_cut(&rest, LEX_WORD);
	if (value.n == 0 || rest.n > 0) {
		refuse(r, ERR_SYNTAX, value.p, "bad Call-ID");
	} else if (value.n > SIP_CALL_ID_MAX_BYTES) {
		refuse(r, ERR_LIMIT, value.p, "Call-ID too long");
	} else {
		r->msg->call_id = value;
		r->read |= READ_CALL_ID;
	}
}

/* The method of CSeq is the request's own, or the one that the response answers (8.1.1.5). */
static void type_cseq_method(struct reader *r, struct slice method)
{
	struct sip_msg *msg = r->msg;

	if (!msg->is_request) {
		msg->method_name = method;
		msg->method = sip_method_of(method);
	} else if (!slice_eq(method, msg->method_name)) {
		refuse(r, ERR_SYNTAX, method.p, "CSeq has another method");
	}
}

static void type_cseq(struct reader *r)
{
	struct slice value, rest, digits, method;
	int err;

	if (!need_value(r, HDR_CSEQ, "CSeq missing", &value))
		return;
	rest = value;
	digits = lex_cut(&rest, LEX_TOKEN);
	err = slice_to_u32(digits, SIP_CSEQ_MAX, &r->msg->cseq);
	if (err == ERR_RANGE) {
		refuse(r, ERR_SYNTAX, value.p, "CSeq number too large");
		return;
	}
	method = lex_trim(rest);
	if (err || method.p == rest.p || !is_token(method)) {
		refuse(r, ERR_SYNTAX, value.p, "bad CSeq");
	} else if (method.n > SIP_METHOD_MAX_BYTES) {
		refuse(r, ERR_LIMIT, method.p, "method too long");
	} else {
		r->read |= READ_CSEQ;
		type_cseq_method(r, method);
	}
}

/* RFC 3261 20.22: 0 to 255. It says nothing in a response. */
static void type_max_forwards(struct reader *r)
{
	struct slice value = sip_msg_value(r->msg, HDR_MAX_FORWARDS);

	if (!r->msg->first[HDR_MAX_FORWARDS] || !r->msg->is_request)
		return;
	if (slice_to_u32(value, 255, &r->msg->max_forwards))
		refuse(r, ERR_SYNTAX, value.p, "bad Max-Forwards");
	else
		r->msg->has_max_forwards = true;
}

/* RFC 3261 18.3: a datagram may be longer than it says, never shorter. */
static void cut_body(struct reader *r)
{
	struct sip_msg *msg = r->msg;
	struct slice value = sip_msg_value(msg, HDR_CONTENT_LENGTH);
	int err;

	msg->body = slice_of(r->p, (size_t)(r->end - r->p));
	if (!msg->first[HDR_CONTENT_LENGTH])
		return;
	err = slice_to_u32(value, SIP_MESSAGE_MAX_BYTES, &msg->content_length);
	if (err) {
		refuse(r, err == ERR_RANGE ? ERR_LIMIT : ERR_SYNTAX, value.p,
		       err == ERR_RANGE ? "Content-Length too large" : "bad Content-Length");
		return;
	}
	msg->has_content_length = true;
	if (msg->content_length > msg->body.n)
		refuse(r, ERR_SYNTAX, value.p, "body shorter than Content-Length");
	msg->body = slice_head(msg->body, msg->content_length);
}

static void type_headers(struct reader *r)
{
	struct sip_msg *msg = r->msg;
	struct slice value;

	type_vias(r);
	if (need_value(r, HDR_FROM, "From missing", &value) &&
	    type_addr(r, value, &msg->from, &msg->from_tag, "bad From"))
		r->read |= READ_FROM;
	if (need_value(r, HDR_TO, "To missing", &value) &&
	    type_addr(r, value, &msg->to, &msg->to_tag, "bad To"))
		r->read |= READ_TO;
	type_call_id(r);
	type_cseq(r);
	type_max_forwards(r);
}

static void read_message(struct reader *r)
{
	bool is_whole = read_start_line(r) && read_headers(r);

	/* Two hops that disagree about NUL read two messages (RFC 3261 25.1 has it in no header).
	 */
	if (r->nul)
		refuse(r, ERR_SYNTAX, r->nul, "NUL in the head");
	if (!is_whole)
		refuse(r, ERR_SYNTAX, r->p, "head without an end");
	type_headers(r);
	if (is_whole)
		cut_body(r);
	r->fault->is_answerable = r->err && r->msg->is_request && r->read == READ_ALL;
}

int sip_msg_parse(struct slice bytes, struct arena *arena, struct sip_msg *ret_msg,
		  struct sip_fault *ret_fault)
{
	struct reader r = {
		.p = bytes.p, .end = bytes.p + bytes.n, .msg = ret_msg, .fault = ret_fault
	};
	size_t mark = arena->used;

	*ret_msg = (struct sip_msg){ .bytes = bytes };
	*ret_fault = (struct sip_fault){ .reason = "" };
	if (bytes.n == 0 || bytes.n > SIP_MESSAGE_MAX_BYTES) {
		ret_fault->reason = bytes.n == 0 ? "empty message" : "message too long";
		return bytes.n == 0 ? ERR_SYNTAX : ERR_LIMIT;
	}
	r.headers = arena_alloc(arena, SIP_HEADERS_MAX * sizeof(*r.headers));
	if (!r.headers)
		return ERR_NOMEM;
	ret_msg->headers = r.headers;
	read_message(&r);
	/* The block is the last one handed out: what the table does not fill goes back. */
	arena->used = mark;
	(void)arena_alloc(arena, ret_msg->header_count * sizeof(*r.headers));
	return r.err;
}
