/* SPDX-License-Identifier: MIT */
/*
 * What is said of our certificate's age.
 */
#include "base/check.h"
#include "cmd/certificate.h"
#include "crypto/tls.h"
#include "support/certs.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define DAY_S 86400

static void an_age_has_a_word(void **state)
{
	static const struct {
		long from_s, until_s; /* from now */
		enum certificate_age age;
		const char *word;
	} rows[] = {
		{ -DAY_S, 20 * DAY_S, CERTIFICATE_GOOD, "good" },
		{ -DAY_S, 13 * DAY_S, CERTIFICATE_EXPIRES_SOON, "expires-soon" },
		{ -DAY_S, -60, CERTIFICATE_EXPIRED, "expired" },
		{ 60, DAY_S, CERTIFICATE_NOT_YET_VALID, "not-yet-valid" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct tls_context *context;
		enum tls_fault fault;
		struct cert cert;
		char text[32];
		struct buf until = BUF_ON(text);

		cert_make(
			&(struct cert_spec){ .from_s = rows[i].from_s, .until_s = rows[i].until_s },
			&cert);
		assert_int_equal(
			tls_context_new(&(struct tls_spec){ .certificate = cert_text(&cert),
							    .key = cert_key(&cert) },
					&context, &fault),
			0);
		assert_int_equal(certificate_age(context, &until), rows[i].age);
		assert_string_equal(certificate_age_word(rows[i].age), rows[i].word);
		assert_int_equal(until.n, 20);
		assert_true(slice_starts_with(buf_text(&until), SLICE("20")));
		assert_int_equal(text[19], 'Z');
		tls_context_unref(context);
	}
}

static void without_a_certificate_there_is_no_age(void **state)
{
	struct tls_context *context;
	enum tls_fault fault;
	char text[32];
	struct buf until = BUF_ON(text);

	(void)state;
	assert_int_equal(certificate_age(NULL, &until), CERTIFICATE_NONE);
	assert_int_equal(tls_context_new(&(struct tls_spec){ 0 }, &context, &fault), 0);
	assert_int_equal(certificate_age(context, &until), CERTIFICATE_NONE);
	assert_int_equal(until.n, 0);
	tls_context_unref(context);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_age_has_a_word),
		cmocka_unit_test(without_a_certificate_there_is_no_age),
	};

	return cmocka_run_group_tests_name("certificate", tests, NULL, NULL);
}
