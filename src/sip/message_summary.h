/* SPDX-License-Identifier: MIT */
/*
 * Messages waiting (RFC 3842 5.2). There is no mailbox here, so none ever wait; but a phone that is
 * told so stops asking.
 */
#ifndef LAMPYRID_SIP_MESSAGE_SUMMARY_H
#define LAMPYRID_SIP_MESSAGE_SUMMARY_H

#include "base/buf.h"

/* `account` is the URI of whose messages they would be. */
void message_summary_print_none(struct buf *buf, struct slice account);

#endif
