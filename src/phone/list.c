/* SPDX-License-Identifier: MIT */
/*
 * Lists of keys (RFC 4662): one subscription, whose NOTIFYs name resources in an rlmi document and
 * bring a document for each that has news. Each resource becomes a key, under the first number free
 * from the list's own on, and keeps it as long as it is listed. Versions are those of the list, and
 * of each resource's documents; a gap in either is asked about by refreshing the subscription.
 */
#include "base/err.h"
#include "base/mem.h"
#include "phone/phone_inner.h"
#include "sip/multipart.h"
#include "xml/rlmi_read.h"

/* One NOTIFY on its way through. */
struct reading {
	struct phone_list *list;
	struct arena *arena;
	const struct multipart *multipart;
	bool is_gap;
};

/* --- Keys of a list ----------------------------------------------------------------------- */

static bool list_owns(const struct phone_list *list, const struct phone_key *key)
{
	return key && key->list == list;
}

static struct phone_key *list_key_find(struct phone_list *list, struct slice uri)
{
	struct phone *phone = list->phone;

	for (size_t i = 0; i < phone->key_count; i++)
		if (list_owns(list, phone->keys[i]) && slice_eq(phone->keys[i]->target, uri))
			return phone->keys[i];
	return NULL;
}

static int list_key_add(struct phone_list *list, struct slice uri, struct phone_key **ret_key)
{
	struct phone_key_config config = list->config;
	int err;

	config.kind = PHONE_KEY_BLF;
	while (phone_key_find(list->phone, config.number))
		config.number++;
	err = phone_key_add(list->phone, &config, uri, ret_key);
	if (err)
		return phone_fail(list->phone, err, "key %u: there is no key for %.*s: %s",
				  list->config.number, SLICE_ARGS(uri), err_text(err));
	(*ret_key)->list = list;
	return 0;
}

static void list_mark(struct phone_list *list, bool is_listed)
{
	for (size_t i = 0; i < list->phone->key_count; i++)
		if (list_owns(list, list->phone->keys[i]))
			list->phone->keys[i]->is_listed = is_listed;
}

/* What a full list does not name is in it no more. */
static void list_remove_unmarked(struct phone_list *list)
{
	for (size_t i = 0; i < list->phone->key_count; i++)
		if (list_owns(list, list->phone->keys[i]) && !list->phone->keys[i]->is_listed)
			phone_key_remove(list->phone, i);
}

/* Nobody keeps them: they are dark rather than wrong. */
static void list_forget(struct phone_list *list)
{
	list->has_version = false;
	list->is_asked = false;
	for (size_t i = 0; i < list->phone->key_count; i++)
		if (list_owns(list, list->phone->keys[i]))
			phone_key_forget(list->phone->keys[i], SLICE_NONE);
}

/* --- Documents ---------------------------------------------------------------------------- */

/*
 * One key shows one instance: the first that is active, else the first. (Of dialogs there is one
 * for each resource; several are those of a presence server's forks.)
 */
static const struct rlmi_instance *instance_choose(const struct rlmi_resource *resource)
{
	for (size_t i = 0; i < resource->instance_count; i++)
		if (resource->instances[i].state == RLMI_ACTIVE)
			return &resource->instances[i];
	return resource->instance_count > 0 ? &resource->instances[0] : NULL;
}

static void take_part(struct reading *reading, struct phone_key *key, struct slice cid)
{
	const struct multipart_part *part =
		reading->multipart ? multipart_find(reading->multipart, cid) : NULL;
	size_t used = reading->arena->used;

	if (!part || !multipart_part_is_plain(part)) {
		(void)phone_fail(key->phone, ERR_NOTFOUND,
				 "key %u: the list's NOTIFY lacks the document %.*s",
				 key->config.number, SLICE_ARGS(cid));
		reading->is_gap = true;
		return;
	}
	if (phone_key_take(key, multipart_part_type(part), part->body, reading->arena) ==
	    PHONE_TAKEN_GAP)
		reading->is_gap = true;
	reading->arena->used = used;
}

/* An instance that ended says why; that one comes in its place is told by another id. */
static void take_instance(struct reading *reading, struct phone_key *key,
			  const struct rlmi_instance *instance)
{
	if (!instance || instance->state == RLMI_TERMINATED) {
		phone_key_forget(key, instance ? instance->reason : SLICE_NONE);
		return;
	}
	if (phone_key_set_text(&key->instance, instance->id))
		dialog_set_restart(&key->watch.set);
	if (!slice_is_empty(instance->cid))
		take_part(reading, key, instance->cid);
	else
		phone_key_update(key);
}

static void take_resource(struct reading *reading, const struct rlmi_resource *resource)
{
	struct phone_key *key = list_key_find(reading->list, resource->uri);
	int err = key ? 0 : list_key_add(reading->list, resource->uri, &key);

	if (err) {
		reading->is_gap |= err == ERR_NOMEM;
		return;
	}
	key->is_listed = true;
	if (!slice_is_empty(resource->name))
		(void)phone_key_set_text(&key->name, resource->name);
	take_instance(reading, key, instance_choose(resource));
}

static void take_rlmi(struct reading *reading, const struct rlmi_list *rlmi)
{
	struct phone_list *list = reading->list;
	bool is_next = list->has_version && rlmi->version == list->version + 1;
	bool is_base = rlmi->is_full || (list->is_asked && !is_next);

	if (list->has_version && rlmi->version <= list->version)
		return;
	list->version = rlmi->version;
	list->has_version = true;
	if (is_base)
		list->is_asked = false;
	else if (!is_next)
		reading->is_gap = true;
	if (rlmi->is_full)
		list_mark(list, false);
	for (size_t i = 0; i < rlmi->resource_count; i++)
		take_resource(reading, &rlmi->resources[i]);
	if (rlmi->is_full)
		list_remove_unmarked(list);
	if (reading->is_gap)
		feed_want_full_state(&list->feed);
	else if (rlmi->is_full)
		feed_want_no_more(&list->feed);
}

/* The rlmi document, and the parts that it names: *ret_multipart, or NULL when it stands alone. */
static int find_rlmi(const struct sip_msg *notify, struct multipart *parts,
		     const struct multipart **ret_multipart, struct slice *ret_rlmi)
{
	struct slice content_type = sip_msg_value(notify, HDR_CONTENT_TYPE), type, params;
	int err;

	*ret_multipart = NULL;
	*ret_rlmi = notify->body;
	sip_token_params(content_type, &type, &params);
	if (slice_eq_nocase(type, SLICE(FEED_RLMI_TYPE)))
		return 0;
	err = multipart_read(content_type, notify->body, parts);
	if (err)
		return err;
	*ret_multipart = parts;
	*ret_rlmi = parts->parts[parts->root].body;
	if (!slice_eq_nocase(multipart_part_type(&parts->parts[parts->root]),
			     SLICE(FEED_RLMI_TYPE)))
		return ERR_UNSUPPORTED;
	return 0;
}

/* --- The subscription --------------------------------------------------------------------- */

static struct phone_list *list_of(const struct subscriber *subscriber)
{
	struct feed *feed = subscriber->owner;

	return CONTAINER_OF(feed, struct phone_list, feed);
}

static void on_new(struct subscriber *subscriber)
{
	struct phone_list *list = list_of(subscriber);

	feed_want_no_more(&list->feed);
	list->has_version = false;
	list->is_asked = false;
	for (size_t i = 0; i < list->phone->key_count; i++)
		if (list_owns(list, list->phone->keys[i]))
			dialog_set_restart(&list->phone->keys[i]->watch.set);
}

static void on_notify(struct subscriber *subscriber, const struct sip_msg *notify)
{
	struct phone_list *list = list_of(subscriber);
	struct multipart parts;
	struct reading reading = { .list = list };
	struct rlmi_list rlmi;
	struct arena arena;
	struct slice document;
	int err;

	if (slice_is_empty(notify->body))
		return;
	arena_init(&arena, list->phone->xml_block, PHONE_XML_BYTES);
	reading.arena = &arena;
	err = find_rlmi(notify, &parts, &reading.multipart, &document);
	if (!err)
		err = rlmi_read(document, &arena, &rlmi);
	if (!err) {
		take_rlmi(&reading, &rlmi);
		return;
	}
	(void)phone_fail(list->phone, err, "key %u: unreadable list: %s", list->config.number,
			 err == ERR_UNSUPPORTED ? "the server has sent something else"
						: err_text(err));
	if (err == ERR_NOMEM)
		feed_want_full_state(&list->feed);
	else
		list_forget(list);
}

static const struct subscriber_ops subscriber_ops;

static void on_lost(struct subscriber *subscriber, unsigned status, struct slice reason)
{
	struct phone_list *list = list_of(subscriber);

	if (feed_fall_back(&list->feed, status, &subscriber_ops))
		return;
	feed_want_no_more(&list->feed);
	list_forget(list);
	if (status > 0)
		reason = sip_status_reason(status);
	(void)phone_fail(list->phone, ERR_DENIED, "key %u: the list %.*s is not watched: %u %.*s",
			 list->config.number, SLICE_ARGS(list->target), status, SLICE_ARGS(reason));
}

static void on_stopped(struct subscriber *subscriber)
{
	struct phone_list *list = list_of(subscriber);

	feed_end(&list->feed);
	list_forget(list);
}

static const struct subscriber_ops subscriber_ops = { on_new, on_notify, on_lost, on_stopped };

/* --- Life --------------------------------------------------------------------------------- */

static void on_ask(void *user)
{
	struct phone_list *list = user;

	list->is_asked = true;
	for (size_t i = 0; i < list->phone->key_count; i++)
		if (list_owns(list, list->phone->keys[i]))
			dialog_set_on_asked(&list->phone->keys[i]->watch.set);
}

int phone_list_init(struct phone *phone, const struct phone_key_config *config)
{
	struct phone_list *list = &phone->lists[phone->list_count];
	char text[SIP_URI_MAX_BYTES];
	struct buf uri = BUF_ON(text);
	struct slice target;
	int err;

	if (phone->list_count == PHONE_LISTS_MAX)
		return ERR_LIMIT;
	err = phone_print_uri(phone, config->target, &uri);
	if (!err)
		err = slice_keep(buf_text(&uri), &target);
	if (err)
		return err;
	*list = (struct phone_list){
		.config = *config,
		.phone = phone,
		.target = target,
		.feed = { .phone = phone,
			  .target = target,
			  .is_list = true,
			  .is_presence = phone->config.profile->asks_presence,
			  .on_ask = on_ask,
			  .user = list },
	};
	phone->list_count++;
	return 0;
}

void phone_lists_fini(struct phone *phone)
{
	for (size_t i = 0; i < phone->list_count; i++) {
		feed_end(&phone->lists[i].feed);
		mem_free((char *)phone->lists[i].target.p);
	}
	phone->list_count = 0;
}

void phone_lists_start(struct phone *phone)
{
	for (size_t i = 0; i < phone->list_count; i++) {
		struct phone_list *list = &phone->lists[i];
		int err = feed_start(&list->feed, &subscriber_ops);

		if (err)
			(void)phone_fail(phone, err, "key %u: the list cannot be watched: %s",
					 list->config.number, err_text(err));
	}
}

void phone_lists_stop(struct phone *phone)
{
	for (size_t i = 0; i < phone->list_count; i++)
		feed_stop(&phone->lists[i].feed);
}

void phone_lists_on_connection_lost(struct phone *phone, struct handle conn)
{
	for (size_t i = 0; i < phone->list_count; i++)
		feed_on_connection_lost(&phone->lists[i].feed, conn);
}
