/* SPDX-License-Identifier: MIT */
/*
 * Making the bodies of list subscriptions. A resource that does not fit any more is named without
 * an instance in the first NOTIFY, as one whose state is not known yet (RFC 4662 4.5), and has its
 * turn in the next.
 */
#include "pbx/list_notice.h"

#include "sip/multipart.h"
#include "sip/rlmi.h"

/* Of a NOTIFY's head: all but the texts of its dialog, with addresses of IPv6. */
#define HEAD_BYTES 424

/* Of a body that is not bound by a datagram, so that its message is within SIP_MESSAGE_MAX_BYTES.
 */
#define BODY_MAX_BYTES (SIP_MESSAGE_MAX_BYTES - 8192)

#define ROOT_PART                                                                                  \
	((struct multipart_part){ .type = SLICE_INIT(RLMI_TYPE), .id = SLICE_INIT("rlmi@list") })

/*
 * The switch runs in one thread, and making a notice does not call itself. What does not fit here
 * would not fit into any message either.
 */
static char document_text[XML_MAX_BYTES], line_text[4096], rlmi_text[XML_MAX_BYTES],
	parts_text[2 * XML_MAX_BYTES], body_text[2 * XML_MAX_BYTES], type_text[256];

/* No line of XML with escaped text begins as a delimiter does, so few characters will do. */
#define BOUNDARY_BYTES 8

static struct slice boundary_of(const struct lamp_list *list)
{
	return slice_of(list->token, BOUNDARY_BYTES);
}

/* --- Pieces ------------------------------------------------------------------------------- */

#define CID_MAX_BYTES (2 * 10 + 2 + BOUNDARY_BYTES)

static struct slice cid_of(struct buf *buf, const struct list_entry *entry)
{
	buf_u64(buf, entry->instance);
	buf_char(buf, '.');
	buf_u64(buf, entry->list->version);
	buf_char(buf, '@');
	buf_slice(buf, boundary_of(entry->list));
	return buf_text(buf);
}

/* Names do not change without a full list. */
static void print_head(struct buf *buf, const struct lamp_list *list)
{
	rlmi_print_head(buf, list->uri, list->version, list->is_full_due,
			list->is_full_due ? list->title : SLICE_NONE);
}

static void print_line(struct buf *buf, const struct list_entry *entry, bool has_instance)
{
	char id_text[10], cid_text[CID_MAX_BYTES];
	struct buf id = BUF_ON(id_text), cid = BUF_ON(cid_text);
	struct rlmi_instance instance = { .state = RLMI_ACTIVE, .cid = cid_of(&cid, entry) };

	buf_u64(&id, entry->instance);
	instance.id = buf_text(&id);
	rlmi_print_resource(buf,
			    &(struct rlmi_resource){ .uri = entry->uri,
						     .name = entry->list->is_full_due ? entry->name
										      : SLICE_NONE,
						     .instances = &instance,
						     .instance_count = has_instance });
}

static size_t line_bytes(const struct list_entry *entry, bool has_instance)
{
	struct buf buf = BUF_ON(line_text);

	print_line(&buf, entry, has_instance);
	return buf.n;
}

/* RFC 2045 6.1: without a word about it, text is of 7 bits. */
static struct slice encoding_of(struct slice text)
{
	for (size_t i = 0; i < text.n; i++)
		if ((unsigned char)text.p[i] >= 0x80)
			return SLICE("binary");
	return SLICE_NONE;
}

/* A fetch, and the end, have one NOTIFY only; a BroadWorks phone waits for all in one. */
static bool is_bound(const struct lamp_list *list)
{
	return list->notifier->state == NOTIFIER_ACTIVE &&
	       list->notifier->dialog.flow.transport == TRANSPORT_UDP &&
	       list->profile->list != PROFILE_LIST_CONSOLIDATED;
}

static void print_part(struct buf *buf, const struct list_entry *entry)
{
	const struct lamp_package *package = entry->list->package;
	char cid_text[CID_MAX_BYTES];
	struct buf cid = BUF_ON(cid_text), document = BUF_ON(document_text);

	package->tell(entry->watcher, &document, entry->is_full_due, is_bound(entry->list));
	multipart_print_part(
		buf, boundary_of(entry->list),
		&(struct multipart_part){ .type = package->content_type,
					  .id = cid_of(&cid, entry),
					  .encoding = encoding_of(buf_text(&document)) },
		false);
	buf_slice(buf, buf_text(&document));
}

/* --- Room --------------------------------------------------------------------------------- */

static size_t head_bytes(const struct notifier *notifier)
{
	const struct dialog *dialog = &notifier->dialog;

	return HEAD_BYTES + dialog_texts_bytes(dialog) + notifier->event_n;
}

static size_t room_of(const struct lamp_list *list)
{
	size_t head = head_bytes(list->notifier), most = list->profile->notify_bytes;

	if (!is_bound(list))
		return BODY_MAX_BYTES;
	return most > head ? most - head : 0;
}

/* The RLMI document in its part: with all, or with those who are told of. */
static void print_root(struct buf *buf, const struct lamp_list *list)
{
	struct buf rlmi = BUF_ON(rlmi_text);
	struct multipart_part root = ROOT_PART;

	print_head(&rlmi, list);
	for (size_t i = 0; i < list->count; i++)
		if (list->is_full_due || list->entries[i].is_pending)
			print_line(&rlmi, &list->entries[i], list->entries[i].is_pending);
	rlmi_print_end(&rlmi);
	root.encoding = encoding_of(buf_text(&rlmi));
	multipart_print_part(buf, boundary_of(list), &root, true);
	buf_slice(buf, buf_text(&rlmi));
}

/* What stands around the lines and the parts, and in a full one all the lines without instances. */
static size_t frame_bytes(const struct lamp_list *list)
{
	struct buf buf = BUF_ON(body_text);

	print_root(&buf, list);
	multipart_print_end(&buf, boundary_of(list));
	return buf.n;
}

/* --- The notice --------------------------------------------------------------------------- */

/* Adds the entry's part if it fits into *room, of which it takes its bytes, or must be added. */
static bool take(struct list_entry *entry, struct buf *parts, size_t *room, bool must_fit)
{
	struct buf parts_before = *parts;
	struct watcher watcher_before = *entry->watcher;
	size_t bytes = line_bytes(entry, true);

	if (entry->list->is_full_due)
		bytes -= line_bytes(entry, false);
	print_part(parts, entry);
	bytes += parts->n - parts_before.n;
	if ((bytes > *room && !must_fit) || parts->is_overflown) {
		/* It was not told anything after all. */
		*entry->watcher = watcher_before;
		*parts = parts_before;
		return false;
	}
	*room -= bytes < *room ? bytes : *room;
	entry->is_wanted = entry->is_full_due = false;
	entry->is_pending = true;
	return true;
}

/* Those whose turn it is, as many as fit. True: one did not. */
static bool take_wanted(struct lamp_list *list, struct buf *parts)
{
	unsigned most = list->profile->list_resources, taken = 0;
	size_t first = list->is_full_due ? 0 : list->next;
	size_t frame = frame_bytes(list), room = room_of(list);

	room = room > frame ? room - frame : 0;
	for (size_t i = 0; i < list->count; i++) {
		size_t at = (first + i) % list->count;
		struct list_entry *entry = &list->entries[at];
		/* Otherwise nothing would ever come of one that is too long for a datagram. */
		bool is_alone = !list->is_full_due && taken == 0;

		if (!entry->is_wanted)
			continue;
		list->next = at;
		if ((most > 0 && taken == most) || !take(entry, parts, &room, is_alone))
			return true;
		taken++;
	}
	return false;
}

static void print_body(struct buf *buf, const struct lamp_list *list, struct slice parts)
{
	print_root(buf, list);
	buf_slice(buf, parts);
	multipart_print_end(buf, boundary_of(list));
}

void list_notice_make(struct lamp_list *list, struct list_notice *ret_notice)
{
	struct buf parts = BUF_ON(parts_text), body = BUF_ON(body_text), type = BUF_ON(type_text);

	ret_notice->is_rest_due = take_wanted(list, &parts);
	print_body(&body, list, buf_text(&parts));
	multipart_print_type(&type, boundary_of(list), SLICE(RLMI_TYPE), ROOT_PART.id);
	ret_notice->type = buf_text(&type);
	ret_notice->body = buf_text(&body);
	list->version++;
	list->is_full_due = false;
}
