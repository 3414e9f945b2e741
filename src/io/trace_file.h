/* SPDX-License-Identifier: MIT */
/*
 * A text file with every message sent and received, in the shape of a desk phone's SIP trace. Each
 * record is
 *
 *	Sent to udp:192.0.2.1:5060 from 192.0.2.7:5060 at 9/2/2025 07:05:03:040 (425 bytes):
 *	(empty line)
 *	(exactly that many bytes: the message)
 *	(at least two LF)
 *
 * or `Received from udp:192.0.2.1:5060 to 192.0.2.7:5060 at ...`. The peer stands first, our own
 * address second; phones leave out the second. The transport is udp or tcp, IPv6 stands in
 * brackets. The time is day/month/year hour:minute:second:millisecond in UTC. Lines end in LF, the
 * message keeps its own ends. A reader takes the message by its count, and skips LFs before the
 * next record; when a message does not end in LF, one more is written so that a record always
 * starts a line.
 */
#ifndef LAMPYRID_IO_TRACE_FILE_H
#define LAMPYRID_IO_TRACE_FILE_H

#include "base/addr.h"

struct trace_file;

/*
 * Appends to the file, or makes it, readable by its owner only: others could read it otherwise, or
 * choose what is written to (CWE-59). ERR_DENIED, with errno for those who print that, when it is a
 * symbolic link, no regular file or somebody else's; ERR_IO with errno; ERR_NOMEM.
 */
int trace_file_open(const char *path, struct trace_file **ret_file);

/*
 * Opens such a file for appending and reading, for its owner only, without waiting for anybody; the
 * caller closes it. Errors as trace_file_open().
 */
int private_file_open(const char *path, int *ret_fd);

/* Has the shape of the host's tap; `ctx` is the struct trace_file. Whole in the file on return. */
void trace_file_tap(void *ctx, bool is_sent, const struct flow *flow, struct slice bytes,
		    uint64_t wall_ms);

/* ERR_IO when a record could not be written whole; nothing was written behind it. */
int trace_file_close(struct trace_file *file);

#endif
