/* SPDX-License-Identifier: MIT */
/*
 * The directory owns copies of all its texts. An extension is one block: the struct, and behind it
 * the bytes that its slices point to.
 */
#include "pbx/directory.h"

#include "base/err.h"
#include "base/mem.h"
#include "crypto/tls.h"
#include "pbx/visibility.h"

#define EXPIRES_MAX_DEFAULT_S 3600
#define RING_TIMEOUT_DEFAULT_S 60
#define STRANGERS_DEFAULT_PER_S 30
#define SUBSCRIPTIONS_EACH_DEFAULT 1000 /* seven phones with a list of 128 keys */
#define LAMP_GAP_DEFAULT_MS 20		/* sooner than anybody sees */
#define SESSION_EXPIRES_DEFAULT_S 1800	/* what RFC 4028 4 recommends */
#define SIP_PORT 5060			/* RFC 3261 19.1.2 */

static void text_free(struct slice *text)
{
	mem_free((void *)text->p);
	*text = SLICE_NONE;
}

static int text_replace(struct slice *text, struct slice by)
{
	struct slice copy;
	int err = slice_keep(by, &copy);

	if (err)
		return err;
	text_free(text);
	*text = copy;
	return 0;
}

static void listen_on_any(struct directory *directory, uint8_t transport)
{
	directory->listen[directory->listen_count++] = (struct listen_addr){
		.transport = transport,
		.addr = { .port = SIP_PORT, .family = ADDR_IPV4 },
	};
}

struct directory *directory_new(const uint64_t map_secret[2])
{
	struct directory *directory = mem_alloc(sizeof(*directory));

	if (!directory)
		return NULL;
	directory->refs = 1;
	directory->expires_max_s = EXPIRES_MAX_DEFAULT_S;
	directory->ring_timeout_s = RING_TIMEOUT_DEFAULT_S;
	directory->refer = REFER_HANDLE;
	directory->lamp_gap_ms = LAMP_GAP_DEFAULT_MS;
	directory->limits.strangers_per_s = STRANGERS_DEFAULT_PER_S;
	directory->limits.subscriptions_each = SUBSCRIPTIONS_EACH_DEFAULT;
	directory->session_expires_s = SESSION_EXPIRES_DEFAULT_S;
	map_init(&directory->extensions, map_secret);
	map_init(&directory->groups, map_secret);
	map_init(&directory->group_names, map_secret);
	list_init(&directory->kept);
	dialplan_init(&directory->dialplan);
	listen_on_any(directory, TRANSPORT_UDP);
	listen_on_any(directory, TRANSPORT_TCP);
	if (directory_add_pickup_code(directory, SLICE("**")) ||
	    directory_add_pickup_code(directory, SLICE("*8")) ||
	    directory_set_group_pickup_code(directory, SLICE("*8")) ||
	    directory_set_dnd_codes(directory, SLICE("*78"), SLICE("*79"))) {
		directory_unref(directory);
		return NULL;
	}
	return directory;
}

/* Rules, or numbers, and behind them the bytes that they point to. */
struct kept {
	struct list node; /* in directory->kept */
};

struct directory *directory_ref(struct directory *directory)
{
	CHECK(directory->refs > 0 && directory->refs < UINT32_MAX);
	directory->refs++;
	return directory;
}

static void group_free(struct group *group)
{
	LIST_FOR (member, &group->members, struct group_member, node)
		mem_free(member);
	mem_free(group);
}

void directory_unref(struct directory *directory)
{
	struct map_node *node;

	if (!directory)
		return;
	CHECK(directory->refs > 0);
	if (--directory->refs > 0)
		return;
	while ((node = map_first(&directory->extensions))) {
		map_remove(&directory->extensions, node);
		mem_free(CONTAINER_OF(node, struct extension, node));
	}
	map_fini(&directory->extensions);
	while ((node = map_first(&directory->groups))) {
		struct group *group = CONTAINER_OF(node, struct group, by_number);

		map_remove(&directory->groups, &group->by_number);
		map_remove(&directory->group_names, &group->by_name);
		group_free(group);
	}
	map_fini(&directory->groups);
	map_fini(&directory->group_names);
	LIST_FOR (kept, &directory->kept, struct kept, node)
		mem_free(kept);
	dialplan_fini(&directory->dialplan);
	directory_clear_pickup_codes(directory);
	text_free(&directory->group_pickup_code);
	text_free(&directory->dnd_on_code);
	text_free(&directory->dnd_off_code);
	text_free(&directory->park.code);
	text_free(&directory->domain);
	text_free(&directory->ctl);
	text_free(&directory->records);
	tls_context_unref(directory->tls);
	mem_free(directory);
}

int directory_set_domain(struct directory *directory, struct slice domain)
{
	int err = text_replace(&directory->domain, domain);
	char *p = (char *)directory->domain.p;

	if (err)
		return err;
	for (size_t i = 0; i < directory->domain.n; i++)
		p[i] = char_to_lower(p[i]);
	return 0;
}

int directory_add_pickup_code(struct directory *directory, struct slice code)
{
	int err;

	for (size_t i = 0; i < directory->pickup_code_count; i++)
		if (slice_eq(directory->pickup_codes[i], code))
			return 0;
	if (directory->pickup_code_count == DIRECTORY_CODES_MAX)
		return ERR_LIMIT;
	err = slice_keep(code, &directory->pickup_codes[directory->pickup_code_count]);
	if (err)
		return err;
	directory->pickup_code_count++;
	return 0;
}

void directory_clear_pickup_codes(struct directory *directory)
{
	while (directory->pickup_code_count > 0)
		text_free(&directory->pickup_codes[--directory->pickup_code_count]);
}

int directory_set_group_pickup_code(struct directory *directory, struct slice code)
{
	return text_replace(&directory->group_pickup_code, code);
}

int directory_set_dnd_codes(struct directory *directory, struct slice on, struct slice off)
{
	int err = text_replace(&directory->dnd_on_code, on);

	return err ? err : text_replace(&directory->dnd_off_code, off);
}

int directory_set_park(struct directory *directory, const struct park_config *park)
{
	int err = text_replace(&directory->park.code, park->code);

	if (err)
		return err;
	directory->park.orbits = park->orbits;
	directory->park.timeout_s = park->timeout_s;
	return 0;
}

int directory_set_ctl(struct directory *directory, struct slice path)
{
	return text_replace(&directory->ctl, path);
}

int directory_set_records(struct directory *directory, struct slice path)
{
	return text_replace(&directory->records, path);
}

/* Copies `*text` to `*room`, points it at the copy and moves the room on. */
static void text_move(struct slice *text, char **room)
{
	if (text->n == 0) {
		*text = SLICE_NONE;
		return;
	}
	memcpy(*room, text->p, text->n);
	text->p = *room;
	*room += text->n;
}

static size_t forward_bytes(const struct forward *forward)
{
	size_t n = 0;

	for (size_t i = 0; i < FORWARD_KINDS; i++)
		n += forward->to[i].n;
	return n;
}

static void forward_move(struct forward *forward, char **room)
{
	for (size_t i = 0; i < FORWARD_KINDS; i++)
		text_move(&forward->to[i], room);
}

/* --- Groups ------------------------------------------------------------------------------- */

int directory_add_group(struct directory *directory, const struct group *group)
{
	struct group *copy;
	char *room;
	int err;

	if (map_find(&directory->groups, group->number) ||
	    map_find(&directory->group_names, group->name))
		return ERR_EXISTS;
	copy = mem_alloc(sizeof(*copy) + group->name.n + group->number.n +
			 forward_bytes(&group->forward));
	if (!copy)
		return ERR_NOMEM;
	*copy = *group;
	list_init(&copy->members);
	room = (char *)(copy + 1);
	text_move(&copy->name, &room);
	text_move(&copy->number, &room);
	forward_move(&copy->forward, &room);
	err = map_insert(&directory->groups, &copy->by_number, copy->number);
	if (!err && (err = map_insert(&directory->group_names, &copy->by_name, copy->name)))
		map_remove(&directory->groups, &copy->by_number);
	if (err)
		mem_free(copy);
	return err;
}

const struct group *directory_find_group(const struct directory *directory, struct slice number)
{
	struct map_node *node = map_find(&directory->groups, number);

	return node ? CONTAINER_OF(node, struct group, by_number) : NULL;
}

static struct group *find_group_by_name(const struct directory *directory, struct slice name)
{
	struct map_node *node = map_find(&directory->group_names, name);

	return node ? CONTAINER_OF(node, struct group, by_name) : NULL;
}

const struct group *directory_find_group_by_name(const struct directory *directory,
						 struct slice name)
{
	return find_group_by_name(directory, name);
}

/* A name without a group is good as well: it is a circle of people who may pick up. */
static int join_groups(struct directory *directory, const struct extension *extension)
{
	for (size_t i = 0; i < extension->group_count; i++) {
		struct group *group = find_group_by_name(directory, extension->groups[i]);
		struct group_member *member;

		if (!group)
			continue;
		member = mem_alloc(sizeof(*member));
		if (!member)
			return ERR_NOMEM;
		member->extension = extension;
		list_append(&group->members, &member->node);
	}
	return 0;
}

static void leave_groups(struct directory *directory, const struct extension *extension)
{
	for (size_t i = 0; i < extension->group_count; i++) {
		struct group *group = find_group_by_name(directory, extension->groups[i]);

		if (!group)
			continue;
		LIST_FOR (member, &group->members, struct group_member, node) {
			if (member->extension != extension)
				continue;
			list_remove(&member->node);
			mem_free(member);
		}
	}
}

/* --- What extensions share ---------------------------------------------------------------- */

/* `n` bytes of the directory's; NULL when memory is refused. */
static void *keep_room(struct directory *directory, size_t n)
{
	struct kept *kept = mem_alloc(sizeof(*kept) + n);

	if (!kept)
		return NULL;
	list_append(&directory->kept, &kept->node);
	return kept + 1;
}

int directory_keep_rules(struct directory *directory, const struct visibility_rule *rules,
			 size_t count, struct visibility_rules *ret_rules)
{
	size_t n = count * sizeof(*rules);
	struct visibility_rule *copies;
	char *room;

	if (count > DIRECTORY_RULES_MAX)
		return ERR_LIMIT;
	for (size_t i = 0; i < count; i++)
		n += rules[i].who.n;
	copies = keep_room(directory, n);
	if (!copies)
		return ERR_NOMEM;
	room = (char *)(copies + count);
	for (size_t i = 0; i < count; i++) {
		copies[i] = rules[i];
		text_move(&copies[i].who, &room);
	}
	*ret_rules = (struct visibility_rules){ copies, count };
	return 0;
}

int directory_keep_numbers(struct directory *directory, const struct slice *numbers, size_t count,
			   struct number_list *ret_list)
{
	size_t n = count * sizeof(*numbers);
	struct slice *copies;
	char *room;

	if (count > DIRECTORY_LIST_MAX)
		return ERR_LIMIT;
	for (size_t i = 0; i < count; i++)
		n += numbers[i].n;
	copies = keep_room(directory, n);
	if (!copies)
		return ERR_NOMEM;
	room = (char *)(copies + count);
	for (size_t i = 0; i < count; i++) {
		copies[i] = numbers[i];
		text_move(&copies[i], &room);
	}
	*ret_list = (struct number_list){ copies, count };
	return 0;
}

/* --- Extensions --------------------------------------------------------------------------- */

static struct extension *extension_copy(const struct extension *original)
{
	size_t n = original->number.n + original->name.n + original->password.n +
		   forward_bytes(&original->forward);
	struct extension *copy;
	char *room;

	for (size_t i = 0; i < original->group_count; i++)
		n += original->groups[i].n;
	copy = mem_alloc(sizeof(*copy) + n);
	if (!copy)
		return NULL;
	*copy = *original;
	room = (char *)(copy + 1);
	text_move(&copy->number, &room);
	text_move(&copy->name, &room);
	text_move(&copy->password, &room);
	for (size_t i = 0; i < copy->group_count; i++)
		text_move(&copy->groups[i], &room);
	forward_move(&copy->forward, &room);
	return copy;
}

int directory_add_extension(struct directory *directory, const struct extension *extension)
{
	struct extension *copy;
	int err;

	if (extension->group_count > DIRECTORY_GROUPS_MAX)
		return ERR_LIMIT;
	if (map_find(&directory->extensions, extension->number))
		return ERR_EXISTS;
	copy = extension_copy(extension);
	if (!copy)
		return ERR_NOMEM;
	err = join_groups(directory, copy);
	if (!err)
		err = map_insert(&directory->extensions, &copy->node, copy->number);
	if (err) {
		leave_groups(directory, copy);
		mem_free(copy);
	}
	return err;
}

static struct extension *find_watcher(const struct directory *directory,
				      const struct extension *watched, struct slice number)
{
	struct map_node *node = map_find(&directory->extensions, number);
	struct extension *watcher = node ? CONTAINER_OF(node, struct extension, node) : NULL;

	if (!watcher || watcher == watched ||
	    rights_of(watched, watcher).visibility == VISIBILITY_NONE)
		return NULL;
	return watcher;
}

static void each_told(struct directory *directory,
		      void (*tell)(struct extension *watcher, const struct extension *watched))
{
	const struct map_node *node = map_first(&directory->extensions);

	for (; node; node = map_next(&directory->extensions, node)) {
		const struct extension *watched = CONTAINER_OF(node, struct extension, node);

		for (size_t i = 0; i < watched->notify.count; i++) {
			struct extension *watcher =
				find_watcher(directory, watched, watched->notify.numbers[i]);

			if (watcher)
				tell(watcher, watched);
		}
	}
}

static void count_told(struct extension *watcher, const struct extension *watched)
{
	(void)watched;
	watcher->told_count++;
}

static void add_told(struct extension *watcher, const struct extension *watched)
{
	const struct extension **room = (const struct extension **)watcher->told_of;

	room[watcher->told_count++] = watched;
}

int directory_link(struct directory *directory)
{
	const struct map_node *node = map_first(&directory->extensions);

	each_told(directory, count_told);
	for (; node; node = map_next(&directory->extensions, node)) {
		struct extension *watcher = CONTAINER_OF(node, struct extension, node);

		if (watcher->told_count == 0)
			continue;
		watcher->told_of =
			keep_room(directory, watcher->told_count * sizeof(*watcher->told_of));
		if (!watcher->told_of)
			return ERR_NOMEM;
		watcher->told_count = 0;
	}
	each_told(directory, add_told);
	return 0;
}

void directory_set_tls(struct directory *directory, struct tls_context *context)
{
	tls_context_ref(context);
	tls_context_unref(directory->tls);
	directory->tls = context;
}

const struct extension *directory_find(const struct directory *directory, struct slice number)
{
	struct map_node *node = map_find(&directory->extensions, number);

	return node ? CONTAINER_OF(node, struct extension, node) : NULL;
}

/* All numbers of orbits have the same length, so that a phone knows when one is complete. */
static size_t orbit_digits(const struct park_config *park)
{
	return park->orbits > 9 ? 2 : 1;
}

uint32_t park_orbit_of(const struct park_config *park, struct slice number)
{
	struct slice digits = slice_from(number, park->code.n);
	uint32_t orbit;

	if (park->orbits == 0 || !slice_starts_with(number, park->code) ||
	    digits.n != orbit_digits(park) || slice_to_u32(digits, park->orbits, &orbit))
		return 0;
	return orbit;
}

void park_print_orbit(const struct park_config *park, uint32_t orbit, struct buf *buf)
{
	buf_slice(buf, park->code);
	if (orbit_digits(park) == 2 && orbit < 10)
		buf_char(buf, '0');
	buf_u64(buf, orbit);
}

bool extension_shares_group(const struct extension *a, const struct extension *b)
{
	for (size_t i = 0; i < a->group_count; i++)
		for (size_t k = 0; k < b->group_count; k++)
			if (slice_eq(a->groups[i], b->groups[k]))
				return true;
	return false;
}
