/* SPDX-License-Identifier: MIT */
/*
 * The greeting goes to standard output, for a person. "  udp:ADDRESS:PORT" lines are meant to be
 * read by scripts, too: with port 0 they are the only way to learn the port.
 */
#include "cmd/greeting.h"

#include "base/mem.h"
#include "sip/limits.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#define ADDRESSES_MAX 64
#define EXTENSIONS_SHOWN_MAX 40
#define GROUPS_SHOWN_MAX 8
#define ROUTES_SHOWN_MAX 8
#define SIP_PORT 5060

/* A wildcard listener stands here once for each address of the machine. */
struct address_list {
	struct listen_addr items[ADDRESSES_MAX];
	size_t count;
};

/* --- Addresses ---------------------------------------------------------------------------- */

static void address_add(struct address_list *list, uint8_t transport, const struct addr *addr)
{
	if (list->count < ADDRESSES_MAX)
		list->items[list->count++] =
			(struct listen_addr){ .transport = transport, .addr = *addr };
}

/* ADDR_NONE for what is no address to type into a phone, as link-local IPv6 with its scope. */
static struct addr interface_addr(const struct ifaddrs *interface)
{
	struct addr addr = { .family = ADDR_NONE };
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	if (!interface->ifa_addr || !(interface->ifa_flags & IFF_UP))
		return addr;
	if (interface->ifa_addr->sa_family == AF_INET) {
		memcpy(&in, interface->ifa_addr, sizeof(in));
		addr.family = ADDR_IPV4;
		memcpy(addr.ip, &in.sin_addr, 4);
	} else if (interface->ifa_addr->sa_family == AF_INET6) {
		memcpy(&in6, interface->ifa_addr, sizeof(in6));
		if (IN6_IS_ADDR_LINKLOCAL(&in6.sin6_addr))
			return addr;
		addr.family = ADDR_IPV6;
		memcpy(addr.ip, &in6.sin6_addr, 16);
	}
	return addr;
}

static void add_expanded(struct address_list *list, const struct listen_addr *listen,
			 const struct ifaddrs *interfaces)
{
	if (!addr_is_any(&listen->addr)) {
		address_add(list, listen->transport, &listen->addr);
		return;
	}
	for (const struct ifaddrs *i = interfaces; i; i = i->ifa_next) {
		struct addr addr = interface_addr(i);

		addr.port = listen->addr.port;
		if (addr.family == listen->addr.family)
			address_add(list, listen->transport, &addr);
	}
}

static void address_list_make(struct address_list *list, const struct listen_addr *listen,
			      size_t listen_count)
{
	struct ifaddrs *interfaces = NULL;

	list->count = 0;
	if (getifaddrs(&interfaces))
		interfaces = NULL;
	for (size_t i = 0; i < listen_count; i++)
		add_expanded(list, &listen[i], interfaces);
	freeifaddrs(interfaces);
	for (size_t i = 0; i < listen_count && list->count == 0; i++)
		address_add(list, listen[i].transport, &listen[i].addr);
}

/*
 * The address that most phones can reach: not this machine's own, by IPv4 and UDP if there is, by
 * TLS only if there is nothing else.
 */
static const struct listen_addr *address_for_phones(const struct address_list *list)
{
	const struct listen_addr *best = NULL;
	int best_points = -1;

	for (size_t i = 0; i < list->count; i++) {
		const struct listen_addr *item = &list->items[i];
		int points = 8 * !addr_is_loopback(&item->addr) +
			     4 * (item->addr.family == ADDR_IPV4) +
			     (TRANSPORT_TLS - item->transport);

		if (points > best_points) {
			best = item;
			best_points = points;
		}
	}
	return best;
}

static void print_addresses(const struct address_list *list)
{
	puts("Listening on");
	for (size_t i = 0; i < list->count; i++) {
		const struct listen_addr *item = &list->items[i];
		char text[ADDR_TEXT_MAX];
		struct buf buf = BUF_ON(text);

		addr_print(&buf, &item->addr);
		printf("  %.*s:%.*s%s\n", SLICE_ARGS(transport_word(item->transport)),
		       SLICE_ARGS(buf_text(&buf)),
		       addr_is_loopback(&item->addr) ? "  (this machine only)" : "");
	}
}

/* --- Extensions --------------------------------------------------------------------------- */

/* Shorter numbers first, as numbers are sorted. */
static int number_compare(struct slice x, struct slice y)
{
	if (x.n != y.n)
		return x.n < y.n ? -1 : 1;
	return memcmp(x.p, y.p, x.n);
}

static int compare_extensions(const void *a, const void *b)
{
	return number_compare((*(const struct extension *const *)a)->number,
			      (*(const struct extension *const *)b)->number);
}

/* All of them, sorted; the caller frees the array. NULL when there is no memory, or nobody. */
static const struct extension **sorted_extensions(const struct directory *directory)
{
	const struct extension **sorted;
	size_t n = 0;

	if (directory->extensions.count == 0)
		return NULL;
	sorted = mem_alloc(directory->extensions.count * sizeof(const struct extension *));
	if (!sorted)
		return NULL;
	for (struct map_node *node = map_first(&directory->extensions); node;
	     node = map_next(&directory->extensions, node))
		sorted[n++] = CONTAINER_OF(node, struct extension, node);
	qsort(sorted, n, sizeof(const struct extension *), compare_extensions);
	return sorted;
}

static void print_extension(const struct extension *extension)
{
	printf("  %-8.*s %.*s", SLICE_ARGS(extension->number), SLICE_ARGS(extension->name));
	for (size_t i = 0; i < extension->group_count; i++)
		printf("%s%.*s", i == 0 ? "  (" : ", ", SLICE_ARGS(extension->groups[i]));
	puts(extension->group_count > 0 ? ")" : "");
}

static void print_extensions(const struct extension *const *sorted, size_t count)
{
	puts("\nExtensions");
	for (size_t i = 0; i < count && i < EXTENSIONS_SHOWN_MAX; i++)
		print_extension(sorted[i]);
	if (count > EXTENSIONS_SHOWN_MAX)
		printf("  and %zu more\n", count - EXTENSIONS_SHOWN_MAX);
}

/* --- What to type into a phone ------------------------------------------------------------ */

static void print_uri(const struct listen_addr *server, struct slice number)
{
	char text[ADDR_TEXT_MAX];
	struct buf buf = BUF_ON(text);

	if (server->addr.port == SIP_PORT)
		addr_print_ip(&buf, &server->addr);
	else
		addr_print(&buf, &server->addr);
	printf("sip:%.*s@%.*s", SLICE_ARGS(number), SLICE_ARGS(buf_text(&buf)));
}

static const struct listen_addr *find_by(const struct address_list *list, uint8_t transport)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].transport == transport)
			return &list->items[i];
	return NULL;
}

static const char *transports_in_words(const struct address_list *list)
{
	bool has_udp = find_by(list, TRANSPORT_UDP), has_tcp = find_by(list, TRANSPORT_TCP);

	if (has_udp && has_tcp)
		return "UDP or TCP";
	if (!has_udp && !has_tcp)
		return "TLS";
	return has_udp ? "UDP" : "TCP";
}

static void print_phone_settings(const struct address_list *list, const struct listen_addr *server,
				 const struct extension *extension, const char *config)
{
	const struct listen_addr *by_tls = find_by(list, TRANSPORT_TLS);
	char text[ADDR_TEXT_MAX];
	struct buf ip = BUF_ON(text);

	addr_print_ip(&ip, &server->addr);
	printf("\nTo type into a phone, here for %.*s\n", SLICE_ARGS(extension->number));
	printf("  server, registrar or domain     %.*s\n", SLICE_ARGS(buf_text(&ip)));
	printf("  port                            %u\n", server->addr.port);
	printf("  transport                       %s\n", transports_in_words(list));
	if (by_tls && server->transport != TRANSPORT_TLS)
		printf("  or, encrypted                   TLS, port %u\n", by_tls->addr.port);
	printf("  user, and user to authenticate  %.*s\n", SLICE_ARGS(extension->number));
	printf("  password                        extensions.%.*s.password in %s\n",
	       SLICE_ARGS(extension->number), config);
}

static void print_examples(const struct listen_addr *server, const struct extension *extension,
			   const struct extension *watched)
{
	struct slice word = transport_word(server->transport);
	bool is_udp = server->transport == TRANSPORT_UDP;
	bool is_tls = server->transport == TRANSPORT_TLS;

	/* As it was started: build/lampyrid, until it is installed. */
	printf("\nOr, with softphones on this machine\n  %s phone --aor ", program_invocation_name);
	print_uri(server, extension->number);
	printf("%s%.*s%s --password PASSWORD --key 1=blf:%.*s\n", is_udp ? "" : " --transport ",
	       SLICE_ARGS(is_udp ? SLICE_NONE : word), is_tls ? " --tls-ca FILE" : "",
	       SLICE_ARGS(watched->number));
	fputs("  baresip -e '/uanew <", stdout);
	print_uri(server, extension->number);
	printf("%s%.*s>;auth_pass=PASSWORD'\n",
	       is_udp ? "" : ";transport=", SLICE_ARGS(is_udp ? SLICE_NONE : word));
}

static void print_park(const struct park_config *park)
{
	char first_text[SIP_USER_MAX_BYTES], last_text[SIP_USER_MAX_BYTES];
	struct buf first = BUF_ON(first_text), last = BUF_ON(last_text);

	if (park->orbits == 0)
		return;
	park_print_orbit(park, 1, &first);
	park_print_orbit(park, park->orbits, &last);
	printf("  %.*s, with the transfer key, parks a call in %.*s", SLICE_ARGS(park->code),
	       SLICE_ARGS(buf_text(&first)));
	if (park->orbits > 1)
		printf(" to %.*s", SLICE_ARGS(buf_text(&last)));
	puts("; who dials that fetches it");
}

static void print_codes(const struct directory *directory, const struct extension *extension)
{
	struct slice number = extension->number, code;

	if (directory->pickup_code_count > 0) {
		code = directory->pickup_codes[0];
		printf("  %.*s%.*s takes the call that rings at %.*s\n", SLICE_ARGS(code),
		       SLICE_ARGS(number), SLICE_ARGS(number));
	}
	code = directory->group_pickup_code;
	if (code.n > 0)
		printf("  %.*s takes a call that rings in one's group\n", SLICE_ARGS(code));
	print_park(&directory->park);
	if (directory->dnd_on_code.n > 0 && directory->dnd_off_code.n > 0)
		printf("  %.*s turns do-not-disturb on, %.*s turns it off\n",
		       SLICE_ARGS(directory->dnd_on_code), SLICE_ARGS(directory->dnd_off_code));
}

/* The first by number of those behind `after`; NULL: of all. */
static const struct group *next_group(const struct directory *directory, const struct group *after)
{
	const struct group *next = NULL;

	for (struct map_node *node = map_first(&directory->groups); node;
	     node = map_next(&directory->groups, node)) {
		const struct group *group = CONTAINER_OF(node, struct group, by_number);

		if ((!after || number_compare(group->number, after->number) > 0) &&
		    (!next || number_compare(group->number, next->number) < 0))
			next = group;
	}
	return next;
}

static void print_groups(const struct directory *directory)
{
	const struct group *group = next_group(directory, NULL);

	for (size_t shown = 0; group && shown < GROUPS_SHOWN_MAX; shown++) {
		printf("  %.*s rings the group %.*s\n", SLICE_ARGS(group->number),
		       SLICE_ARGS(group->name));
		group = next_group(directory, group);
	}
}

static void print_routes(const struct directory *directory)
{
	size_t shown = 0;

	LIST_FOR (route, &directory->dialplan.routes, struct route, node) {
		if (shown++ == ROUTES_SHOWN_MAX) {
			puts("  and by more routes");
			return;
		}
		printf("  %.*s%s leaves by the trunk %.*s\n", SLICE_ARGS(route->match.text),
		       route->match.is_prefix ? "..." : "", SLICE_ARGS(route->trunks[0]->name));
	}
}

static void print_dialing(const struct directory *directory, const struct extension *extension)
{
	printf("\nTo dial\n  %.*s calls %.*s\n", SLICE_ARGS(extension->number),
	       SLICE_ARGS(extension->name.n > 0 ? extension->name : extension->number));
	print_groups(directory);
	print_routes(directory);
	print_codes(directory, extension);
	puts("A lamp key (BLF) for an extension shows its calls; pressed while it flashes, it "
	     "picks up.\n"
	     "The transfer key sends a call to whatever can be dialed, or brings two calls "
	     "together.");
}

void greeting_print(const struct directory *directory, const struct listen_addr *listen,
		    size_t listen_count, const char *config, bool has_ctl)
{
	static struct address_list list;
	const struct extension **sorted = sorted_extensions(directory);
	size_t count = directory->extensions.count;
	const struct listen_addr *server;

	address_list_make(&list, listen, listen_count);
	server = address_for_phones(&list);
	printf("lampyrid " LAMPYRID_VERSION " serves %.*s as %s says.\n\n",
	       SLICE_ARGS(directory->domain), config);
	print_addresses(&list);
	if (sorted && server) {
		const struct extension *second = sorted[count > 1 ? 1 : 0];

		print_extensions(sorted, count);
		print_phone_settings(&list, server, sorted[0], config);
		print_examples(server, sorted[0], second);
		print_dialing(directory, second);
	}
	if (has_ctl)
		printf("\nTo look in, from another terminal\n  %s ctl%s%.*s status\n",
		       program_invocation_name, directory->ctl.n > 0 ? " --socket " : "",
		       SLICE_ARGS(directory->ctl));
	puts("\nCtrl-C ends the server.");
	fflush(stdout);
	mem_free(sorted);
}
