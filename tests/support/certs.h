/* SPDX-License-Identifier: MIT */
/*
 * Certificates made on the spot, good ones and such as no authority would sign. Nothing is kept in
 * files, so nothing runs out.
 */
#ifndef LAMPYRID_TESTS_CERTS_H
#define LAMPYRID_TESTS_CERTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

#define CERT_NAMES_MAX 4
#define CERT_TEXT_BYTES 8192

enum cert_name_kind { CERT_DNS, CERT_URI, CERT_IP };

struct cert_name {
	enum cert_name_kind kind;
	struct slice text; /* any bytes; an IP address as its 4 or 16 */
};

/* PEM */
struct cert {
	char text[CERT_TEXT_BYTES];
	char key[CERT_TEXT_BYTES];
};

struct cert_spec {
	const struct cert *issuer; /* NULL: signed by itself */
	const char *common_name;   /* NULL: "test" */
	bool is_ca;
	struct cert_name names[CERT_NAMES_MAX];
	size_t name_count;
	long from_s, until_s; /* from now; both 0: a day each way */
	int rsa_bits;	      /* 0: an elliptic curve */
};

/* Asserts that it works. */
void cert_make(const struct cert_spec *spec, struct cert *ret_cert);

/* A root, and one signed by it for these names. */
void cert_make_ca(struct cert *ret_ca);
void cert_make_for(const struct cert *ca, enum cert_name_kind kind, struct slice text,
		   struct cert *ret_cert);

struct slice cert_text(const struct cert *cert);
struct slice cert_key(const struct cert *cert);

#endif
