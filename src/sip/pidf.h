/* SPDX-License-Identifier: MIT */
/*
 * Presence documents (RFC 3863) with what a person does (RFC 4479, RFC 4480): one person, one way
 * to reach them. Reading them is xml/'s work.
 */
#ifndef LAMPYRID_SIP_PIDF_H
#define LAMPYRID_SIP_PIDF_H

#include "base/buf.h"

/* RFC 4480 3.2: what is printed for each contains the ones before it. */
enum pidf_activity { PIDF_IDLE, PIDF_BUSY, PIDF_ON_THE_PHONE };

struct pidf {
	struct slice entity;  /* the person's URI */
	struct slice contact; /* the URI to call; may be empty */
	bool is_open;	      /* they can be reached */
	enum pidf_activity activity;
	struct slice note; /* for people: "Ringing"; may be empty */
};

/* The whole document with its XML declaration. Text is escaped. */
void pidf_print(struct buf *buf, const struct pidf *pidf);

#endif
