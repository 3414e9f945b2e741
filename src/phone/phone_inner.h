/* SPDX-License-Identifier: MIT */
/*
 * What the files of this folder share: the phone's parts among themselves.
 */
#ifndef LAMPYRID_PHONE_PHONE_INNER_H
#define LAMPYRID_PHONE_PHONE_INNER_H

#include "phone/phone.h"
#include "sip/sdp.h"

#define PHONE_XML_BYTES (3 * XML_MAX_BYTES) /* all that dialog_info_read() can ask for */
#define PHONE_SDP_MAX_BYTES 8192
#define PHONE_LINES_MAX_BYTES 4096

/* --- phone.c ------------------------------------------------------------------------------ */

void phone_emit(struct phone *phone, const struct phone_event *event);

/* Tells an error in words and answers `err`. */
int phone_fail(struct phone *phone, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* What a person or a document calls somebody ("202", "202@example.com", a URI) as a URI. */
int phone_print_uri(const struct phone *phone, struct slice text, struct buf *buf);

/* --- call.c ------------------------------------------------------------------------------- */

/* An INVITE outside of any dialog. */
void phone_call_on_invite(struct phone *phone, struct incoming *in);

/* Calls `target`, as phone_print_uri() takes it; `pickup` to take a call by it, or NULL. */
int phone_call_start(struct phone *phone, struct slice target, const struct phone_pickup *pickup);

void phone_call_fini(struct phone_call *call);
struct slice phone_call_state_name(enum phone_call_state state);

/* --- media.c ------------------------------------------------------------------------------ */

/*
 * Our own description: sound both ways, or only to the peer when we hold it. Its version counts
 * when it is sent (RFC 3264 8): the caller adds one to call->sdp_version then.
 */
void phone_media_print(const struct phone_call *call, struct buf *buf);

/*
 * Our answer to an offer. ERR_SYNTAX, or ERR_UNSUPPORTED when there is no codec in common.
 * *ret_is_hold: the offerer holds us.
 */
int phone_media_answer(struct phone_call *call, struct slice offer, struct buf *buf,
		       bool *ret_is_hold);

/* --- key.c -------------------------------------------------------------------------------- */

int phone_keys_init(struct phone *phone, const struct phone_config *config);
void phone_keys_fini(struct phone *phone);

/* Watches what is not watched yet. */
void phone_keys_start(struct phone *phone);
void phone_keys_stop(struct phone *phone);
void phone_keys_on_connection_lost(struct phone *phone, struct handle conn);
struct phone_key *phone_key_find(struct phone *phone, unsigned number);

#endif
