/* SPDX-License-Identifier: MIT */
/*
 * The DNS of the virtual world: records that a test writes, answered after a moment of virtual
 * time. Like the wires it takes no memory of the program's.
 */
#ifndef LAMPYRID_TESTS_ZONE_H
#define LAMPYRID_TESTS_ZONE_H

#include "base/dns.h"
#include "base/timer.h"
#include "wire.h"

/*
 * One more record of the wires' zone: "A 192.0.2.1", "SRV 10 0 5060 sip1.example" or "NAPTR 10 50 s
 * SIP+D2U _sip._udp.example". The texts must outlive the zone.
 */
void zone_add(struct wires *wires, const char *name, const char *data, uint32_t ttl_s);
void zone_clear(struct wires *wires);

/* From now on no question gets an answer but the failure, after some seconds. */
void zone_set_dead(struct wires *wires, bool is_dead);

/* How many questions there have been. */
unsigned zone_asked(const struct wires *wires);

int zone_ask(struct zone *zone, struct timers *timers, const struct dns_question *question);
void zone_free(struct zone *zone);

#endif
