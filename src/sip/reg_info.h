/* SPDX-License-Identifier: MIT */
/*
 * Registration documents (RFC 3680 5) of one address of record.
 */
#ifndef LAMPYRID_SIP_REG_INFO_H
#define LAMPYRID_SIP_REG_INFO_H

#include "base/buf.h"

#define REG_INFO_CONTACTS_MAX 32

/* RFC 3680 3.1: of an address of record. */
enum reg_state {
	REG_INIT, /* it has no contact */
	REG_ACTIVE,
	REG_TERMINATED, /* it has none any more */
};

/* RFC 3680 4.2, 5.1: what happened to a contact; from REG_EXPIRED on it is no more. */
enum reg_event {
	REG_REGISTERED,
	REG_REFRESHED,
	REG_EXPIRED,
	REG_UNREGISTERED, /* by its phone */
	REG_DEACTIVATED,  /* by us; the phone may come back at once */
	REG_REJECTED,	  /* by us, for good */
};

struct reg_contact {
	uint64_t id; /* unlike that of any other contact, however often it is printed */
	struct slice uri;
	enum reg_event event;
	uint64_t expires_s;   /* left; not of one that is no more */
	uint16_t q;	      /* thousandths, 0 to 1000 */
	struct slice call_id; /* of its REGISTER; may be empty */
	uint32_t cseq;	      /* with it */
};

struct reg_info {
	uint32_t version;
	bool is_partial;  /* only the contacts that have changed */
	struct slice aor; /* a URI */
	enum reg_state state;
	size_t contact_count;
	struct reg_contact contacts[REG_INFO_CONTACTS_MAX];
};

bool reg_event_is_end(enum reg_event event);

/* The whole document with its XML declaration. Text is escaped. */
void reg_info_print(struct buf *buf, const struct reg_info *info);

#endif
