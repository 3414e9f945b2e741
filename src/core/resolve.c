/* SPDX-License-Identifier: MIT */
/*
 * Locating SIP servers (RFC 3263). The transports are rows, so that one more is one line. A missing
 * answer counts as "nothing there" and leads to the next, plainer step, as an administrator wants
 * it whose name server knows no NAPTR.
 */
#include "core/resolve.h"

#include "base/check.h"
#include "base/err.h"

static const struct resolve_row {
	uint8_t transport;
	bool is_secure;
	struct slice service; /* of NAPTR (RFC 3263 4.1) */
	struct slice prefix;  /* of SRV (RFC 3263 4.2) */
} rows[] = {
	/* In the order of preference where NAPTR says nothing. */
	{ TRANSPORT_UDP, false, SLICE_INIT("SIP+D2U"), SLICE_INIT("_sip._udp.") },
	{ TRANSPORT_TCP, false, SLICE_INIT("SIP+D2T"), SLICE_INIT("_sip._tcp.") },
	{ TRANSPORT_TLS, true, SLICE_INIT("SIPS+D2T"), SLICE_INIT("_sips._tcp.") },
};

/* `transport` is one of the rows'. */
static const struct resolve_row *row_of(uint8_t transport)
{
	size_t i = 0;

	while (rows[i].transport != transport)
		i++;
	return &rows[i];
}

bool target_eq(const struct target *a, const struct target *b)
{
	return a->transport == b->transport && addr_eq(&a->addr, &b->addr);
}

static bool has_transport(const struct resolve *resolve, const struct resolve_row *row)
{
	return (resolve->means.transports & (1u << row->transport)) &&
	       (row->is_secure || !resolve->is_secure);
}

static bool has_family(const struct resolve *resolve, unsigned family)
{
	return resolve->means.families & (1u << family);
}

/* False, and nothing set, when it is no name that could be asked for. */
static bool name_set(struct resolve_name *name, struct slice prefix, struct slice text)
{
	struct buf buf = BUF_ON(name->text);

	if (text.n > 0 && text.p[text.n - 1] == '.')
		text.n--;
	if (slice_is_empty(text))
		return false;
	buf_slice(&buf, prefix);
	buf_slice(&buf, text);
	name->n = buf.n;
	return !buf.is_overflown;
}

static struct slice name_text(const struct resolve_name *name)
{
	return slice_of(name->text, name->n);
}

static void add_target(struct resolve *resolve, const struct addr *addr, uint16_t port,
		       uint8_t transport)
{
	struct target target = { .addr = *addr, .transport = transport };

	target.addr.port = port;
	for (size_t i = 0; i < resolve->target_count; i++)
		if (target_eq(&resolve->targets[i], &target))
			return;
	if (resolve->target_count < RESOLVE_TARGETS_MAX)
		resolve->targets[resolve->target_count++] = target;
}

static void add_service(struct resolve *resolve, struct slice prefix, struct slice name,
			uint8_t transport)
{
	struct resolve_service *service = &resolve->services[resolve->service_count];

	if (resolve->service_count == RESOLVE_SERVICES_MAX ||
	    !name_set(&service->name, prefix, name))
		return;
	service->transport = transport;
	resolve->service_count++;
}

static void add_server(struct resolve *resolve, struct slice name, uint16_t port, uint8_t transport)
{
	struct resolve_server *server = &resolve->servers[resolve->server_count];

	if (resolve->server_count == RESOLVE_SERVERS_MAX ||
	    !name_set(&server->name, SLICE_NONE, name))
		return;
	server->port = port;
	server->transport = transport;
	resolve->server_count++;
}

/* --- Steps -------------------------------------------------------------------------------- */

static enum dns_type first_family(const struct resolve *resolve)
{
	return has_family(resolve, ADDR_IPV4) ? DNS_A : DNS_AAAA;
}

static void go_to_addresses(struct resolve *resolve)
{
	/* 4.2, last paragraph: the name itself is the server, unless RFC 2782 said that there is
	 * none. */
	if (resolve->server_count == 0 && !resolve->is_nowhere)
		add_server(resolve, name_text(&resolve->host), transport_port(resolve->fallback),
			   resolve->fallback);
	resolve->step = resolve->server_count > 0 ? RESOLVE_ADDRESS : RESOLVE_DONE;
	resolve->address_type = first_family(resolve);
}

static void go_to_services(struct resolve *resolve)
{
	/* 4.1: without NAPTR each transport that we know is asked for. */
	bool is_known = resolve->service_count > 0;

	for (size_t i = 0; !is_known && i < ARRAY_LEN(rows); i++)
		if (has_transport(resolve, &rows[i]))
			add_service(resolve, rows[i].prefix, name_text(&resolve->host),
				    rows[i].transport);
	if (resolve->service_count > 0)
		resolve->step = RESOLVE_SERVICE;
	else
		go_to_addresses(resolve);
}

/* What the URI says, or else the first of the rows that we have; ERR_UNSUPPORTED. */
static int pick_fallback(struct resolve *resolve, struct slice param)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (!has_transport(resolve, &rows[i]) ||
		    (!slice_is_empty(param) &&
		     !slice_eq_nocase(param, transport_word(rows[i].transport))))
			continue;
		resolve->fallback = rows[i].transport;
		return 0;
	}
	return ERR_UNSUPPORTED;
}

static int start_numeric(struct resolve *resolve, const struct addr *addr, uint16_t port)
{
	if (!has_family(resolve, addr->family))
		return ERR_UNSUPPORTED;
	add_target(resolve, addr, port, resolve->fallback);
	resolve->step = RESOLVE_DONE;
	return 0;
}

int resolve_start(struct resolve *resolve, const struct env *env, const struct sip_uri *uri,
		  const struct resolve_means *means)
{
	struct slice transport = SLICE_NONE;
	bool is_given = sip_uri_param(uri, SLICE("transport"), &transport);
	struct addr addr;
	uint16_t port;

	*resolve = (struct resolve){ .env = env,
				     .means = *means,
				     .is_secure = uri->scheme == URI_SIPS,
				     .ttl_s = UINT32_MAX };
	if (pick_fallback(resolve, transport))
		return ERR_UNSUPPORTED;
	port = uri->port ? uri->port : transport_port(resolve->fallback);
	if (addr_parse_ip(uri->host, &addr) == 0)
		return start_numeric(resolve, &addr, port);
	if (!name_set(&resolve->host, SLICE_NONE, uri->host))
		return ERR_LIMIT;
	if (uri->port) {
		add_server(resolve, uri->host, port, resolve->fallback);
		go_to_addresses(resolve);
	} else if (is_given) {
		add_service(resolve, row_of(resolve->fallback)->prefix, uri->host,
			    resolve->fallback);
		go_to_services(resolve);
	} else {
		resolve->step = RESOLVE_NAPTR;
	}
	return 0;
}

bool resolve_ask(struct resolve *resolve, struct slice *ret_name, enum dns_type *ret_type)
{
	if (resolve->asked == RESOLVE_QUESTIONS_MAX)
		resolve->step = RESOLVE_DONE;
	switch (resolve->step) {
	case RESOLVE_NAPTR:
		*ret_name = name_text(&resolve->host);
		*ret_type = DNS_NAPTR;
		break;
	case RESOLVE_SERVICE:
		*ret_name = name_text(&resolve->services[resolve->service_at].name);
		*ret_type = DNS_SRV;
		break;
	case RESOLVE_ADDRESS:
		*ret_name = name_text(&resolve->servers[resolve->server_at].name);
		*ret_type = resolve->address_type;
		break;
	case RESOLVE_DONE:
		return false;
	}
	resolve->asked++;
	return true;
}

bool resolve_is_done(const struct resolve *resolve)
{
	return resolve->step == RESOLVE_DONE;
}

/* --- Answers ------------------------------------------------------------------------------ */

/* By order, then by preference (RFC 3403 4.1); equal ones stay as they stand. */
static bool record_is_before(const struct dns_record *a, const struct dns_record *b)
{
	return a->order != b->order ? a->order < b->order : a->weight < b->weight;
}

static void sort_records(struct dns_record *records, size_t count)
{
	for (size_t i = 1; i < count; i++)
		for (size_t k = i; k > 0 && record_is_before(&records[k], &records[k - 1]); k--) {
			struct dns_record swapped = records[k];

			records[k] = records[k - 1];
			records[k - 1] = swapped;
		}
}

/* RFC 3263 4.1: the flag is "s"; other services and transports that we lack are passed over. */
static void take_naptr(struct resolve *resolve, const struct dns_record *record)
{
	if (!slice_eq_nocase(record->flags, SLICE("s")))
		return;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (slice_eq_nocase(record->service, rows[i].service) &&
		    has_transport(resolve, &rows[i]))
			add_service(resolve, SLICE_NONE, record->name, rows[i].transport);
}

/* RFC 2782: among those of one priority, by chance with its weight; zero comes last mostly. */
static size_t pick_by_weight(const struct resolve *resolve, const struct dns_record *records,
			     size_t count)
{
	uint32_t sum = 0, running = 0, chosen;

	for (size_t i = 0; i < count; i++)
		sum += records[i].weight;
	resolve->env->random(resolve->env->host, &chosen, sizeof(chosen));
	chosen %= sum + 1;
	/* Records of weight 0 stand first, because the order of preference was ascending. */
	for (size_t i = 0; i < count; i++) {
		running += records[i].weight;
		if (running >= chosen)
			return i;
	}
	return count - 1;
}

static void take_srv(struct resolve *resolve, struct dns_record *records, size_t count)
{
	uint8_t transport = resolve->services[resolve->service_at].transport;

	while (count > 0) {
		struct dns_record picked;
		size_t same = 1, at;

		while (same < count && records[same].order == records[0].order)
			same++;
		at = pick_by_weight(resolve, records, same);
		picked = records[at];
		memmove(&records[at], &records[at + 1], (count - at - 1) * sizeof(records[0]));
		count--;
		/* A target of "." says: decidedly not here (RFC 2782). */
		if (picked.port > 0)
			add_server(resolve, picked.name, picked.port, transport);
		else
			resolve->is_nowhere = true;
	}
}

/* All families of a server before the next one. */
static void next_address(struct resolve *resolve)
{
	if (resolve->address_type == DNS_A && has_family(resolve, ADDR_IPV6)) {
		resolve->address_type = DNS_AAAA;
		return;
	}
	resolve->address_type = first_family(resolve);
	if (++resolve->server_at == resolve->server_count)
		resolve->step = RESOLVE_DONE;
}

static void take_addresses(struct resolve *resolve, const struct dns_record *records, size_t count)
{
	const struct resolve_server *server = &resolve->servers[resolve->server_at];
	unsigned family = resolve->address_type == DNS_A ? ADDR_IPV4 : ADDR_IPV6;

	for (size_t i = 0; i < count; i++)
		if (records[i].addr.family == family && !addr_is_any(&records[i].addr))
			add_target(resolve, &records[i].addr, server->port, server->transport);
	next_address(resolve);
}

void resolve_on_answer(struct resolve *resolve, const struct dns_answer *answer)
{
	struct dns_record records[DNS_RECORDS_MAX];
	size_t count = answer->status == DNS_FOUND ? answer->count : 0;

	if (count > DNS_RECORDS_MAX)
		count = DNS_RECORDS_MAX;
	if (answer->status == DNS_FAILED)
		resolve->is_doubtful = true;
	for (size_t i = 0; i < count; i++) {
		records[i] = answer->records[i];
		if (records[i].ttl_s < resolve->ttl_s)
			resolve->ttl_s = records[i].ttl_s;
	}
	switch (resolve->step) {
	case RESOLVE_NAPTR:
		sort_records(records, count);
		for (size_t i = 0; i < count; i++)
			take_naptr(resolve, &records[i]);
		go_to_services(resolve);
		break;
	case RESOLVE_SERVICE:
		sort_records(records, count);
		take_srv(resolve, records, count);
		if (++resolve->service_at == resolve->service_count)
			go_to_addresses(resolve);
		break;
	case RESOLVE_ADDRESS:
		take_addresses(resolve, records, count);
		break;
	case RESOLVE_DONE:
		break;
	}
}
