/* SPDX-License-Identifier: MIT */
/*
 * What the headers share that name a dialog: CALL-ID;a-tag=x;b-tag=y (Replaces, RFC 3891 6.1;
 * Target-Dialog, RFC 4538 7). For their readers only.
 */
#ifndef LAMPYRID_SIP_DIALOG_IDS_H
#define LAMPYRID_SIP_DIALOG_IDS_H

#include "base/buf.h"
#include "sip/lex.h"

/*
 * Cuts the Call-ID and the space around it; what is left begins with ';' or is empty. ERR_SYNTAX on
 * an empty or over-long one, and when something else follows.
 */
int dialog_ids_cut_call_id(struct slice *rest, struct slice *ret_call_id);

/* Without what could end it: ids may come from a document, where any character can stand. */
void dialog_ids_print(struct buf *buf, struct slice id, enum lex_class class);

#endif
