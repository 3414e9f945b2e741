/* SPDX-License-Identifier: MIT */
/*
 * Printing message summaries. Some phones look at the first line only, others at the counts.
 */
#include "sip/message_summary.h"

#include "sip/print.h"

void message_summary_print_none(struct buf *buf, struct slice account)
{
	buf_lit(buf, "Messages-Waiting: no\r\n");
	sip_print_header_named(buf, SLICE("Message-Account"), account);
	buf_lit(buf, "Voice-Message: 0/0 (0/0)\r\n");
}
