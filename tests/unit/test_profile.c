/* SPDX-License-Identifier: MIT */
/*
 * Phone profiles: each row of the table says what PHONES needs of it, and is found by what the
 * phones call themselves.
 */
#include "base/check.h"
#include "pbx/profile.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct {
	const char *user_agent, *profile;
} agents[] = {
	{ "", "generic" },
	{ "baresip v1.0.0 (x86_64/Linux)", "generic" },
	{ "snom360/5.5", "snom" },
	{ "snomD735/10.1.175.16", "snom" },
	{ "Yealink SIP-T54W 96.86.0.70", "yealink" },
	{ "yealink SIP-T21P_E2 52.84.0.15", "yealink" },
	{ "PolycomVVX-VVX_410-UA/5.9.5.0614", "poly" },
	{ "Polycom/6.4.3.5156 PolycomVVX-VVX_450-UA/6.4.3.5156", "poly" },
	{ "PolyEdge-Edge_E220-UA/8.0.2.3267", "poly" },
	{ "Grandstream GXP2170 1.0.11.64", "grandstream" },
	{ "Cisco/SPA504G-7.6.2f", "cisco-spa" },
	{ "Linksys/SPA942-6.1.5(a)", "cisco-spa" },
	{ "Cisco-CP-8841-3PCC/12.0.1", "cisco-mpp" },
	{ "Mitel 6867i/5.1.0.1024", "mitel" },
	{ "Aastra 6757i/2.6.0.2019", "mitel" },
	{ "Linphone-Desktop/5.0.2 (host) debian/11 LinphoneSDK/5.2.0", "linphone" },
};

static const struct profile *profile(const char *name)
{
	const struct profile *found = profile_find(slice_from_cstr(name));

	assert_non_null(found);
	return found;
}

static void a_phone_is_known_by_its_user_agent(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(agents); i++)
		assert_string_equal(profile_of_agent(slice_from_cstr(agents[i].user_agent))->name,
				    agents[i].profile);
}

static void every_name_is_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < PROFILE_COUNT; i++)
		assert_string_equal(profile(profile_name(i))->name, profile_name(i));
	assert_null(profile_find(SLICE("snoms")));
	assert_null(profile_find(SLICE("")));
	assert_ptr_equal(profile_find(SLICE("generic")), profile_generic());
}

/* PHONES, Copy 3; traps 3, 8 and 9. */
static void every_make_gets_what_it_needs(void **state)
{
	(void)state;
	assert_true(profile("generic")->is_dialog_needed);
	assert_false(profile("generic")->is_partial);
	assert_int_equal(profile("generic")->dialogs_max, 0);
	assert_false(profile("snom")->is_partial);
	assert_false(profile("snom")->is_caller_steady);
	assert_true(profile("snom")->is_name_shown);
	assert_true(profile("yealink")->is_dialog_needed);
	assert_true(profile("yealink")->is_partial);
	assert_true(profile("yealink")->is_caller_steady);
	assert_true(profile("poly")->is_name_shown);
	assert_int_equal(profile("poly")->list, PROFILE_LIST_CONSOLIDATED);
	assert_int_equal(profile("grandstream")->list, PROFILE_LIST_RFC);
	assert_int_equal(profile("grandstream")->list_resources, 3);
	assert_int_equal(profile("cisco-spa")->dialogs_max, 1);
	assert_true(profile("cisco-spa")->is_caller_steady);
	assert_false(profile("cisco-mpp")->is_caller_steady);
	assert_false(profile("linphone")->is_dialog_needed);
	assert_true(profile("mitel")->is_refer_told_early);
	assert_false(profile("snom")->is_refer_told_early);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_phone_is_known_by_its_user_agent),
		cmocka_unit_test(every_name_is_found),
		cmocka_unit_test(every_make_gets_what_it_needs),
	};

	return cmocka_run_group_tests_name("profile", tests, NULL, NULL);
}
