/* SPDX-License-Identifier: MIT */
/*
 * What a reader says of a request that it cannot be done as it stands: no error, but the answer
 * that its sender gets.
 */
#ifndef LAMPYRID_SIP_VERDICT_H
#define LAMPYRID_SIP_VERDICT_H

#include "base/slice.h"

struct sip_verdict {
	unsigned status;     /* 0: it is in order */
	struct slice reason; /* constant text; empty: the usual one of the status */
};

#define SIP_VERDICT_OK ((struct sip_verdict){ 0 })

#endif
