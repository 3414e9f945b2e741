/* SPDX-License-Identifier: MIT */
/*
 * What is no YAML, or YAML that a configuration does without (aliases, anchors, tags, directives):
 * the sentence names the place and the remedy, not the parser's state.
 */
#include "conf_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct conf_rig_bad bad[] = {
	/* Text that YAML takes for something else. */
	{ "code without quotes", "codes:\n  pickup: *8\n" REST,
	  "f:2:11: syntax: *8 without quotes is a YAML alias, which is not used here; write \"*8\" "
	  "if "
	  "the text is meant, else repeat the value\n" },
	{ "two stars without quotes", "codes: {pickup: [**, \"*8\"]}\n" REST,
	  "f:1:19: syntax: a value that begins with * or & must be quoted; write \"*8\" in place "
	  "of "
	  "*8\n" },
	{ "anchor and alias",
	  DOMAIN "extensions:\n  201: &a {password: x}\n  202: *a\n  203: {<<: *a}\n",
	  "f:3:8: syntax: &a without quotes is a YAML anchor, which is not used here; put the text "
	  "in "
	  "quotes, or remove the anchor\n"
	  "f:4:8: syntax: *a without quotes is a YAML alias, which is not used here; write \"*a\" "
	  "if "
	  "the text is meant, else repeat the value\n"
	  "f:5:3: extensions.203.password: missing, and " ANYONE "; add one\n"
	  "f:5:9: extensions.203.<<: unknown key; the keys here are name, password, groups, "
	  "forward, visibility, pickup, max-calls, notify, keys, profile, lamps, refer, barge-in, "
	  "trunk-to-trunk, click-to-dial, hold-reminder\n"
	  "f:5:13: syntax: *a without quotes is a YAML alias, which is not used here; write \"*a\" "
	  "if "
	  "the text is meant, else repeat the value\n" },
	{ "alias as a key", "*a : 1\n" REST,
	  "f:1:1: syntax: *a without quotes is a YAML alias, which is not used here; write \"*a\" "
	  "if "
	  "the text is meant, else repeat the value\n" },
	{ "tag", "store: !!str memory\n" REST,
	  "f:1:8: syntax: a YAML tag (!) is not used here; remove it, or put the text in "
	  "quotes\n" },
	{ "undefined tag", "store: !x!y memory\n" REST,
	  "f:1:8: syntax: a value that begins with ! must be quoted; put it in quotes\n" },
	{ "directive", "%YAML 1.1\n---\n" REST,
	  "f:1:1: syntax: a YAML directive (%) is not used here; remove the line, or put the text "
	  "in "
	  "quotes\n" },

	/* Ends, indentation, brackets and quotes. */
	{ "two documents", REST "---\n" REST,
	  "f:3:1: syntax: a second document begins here; a file holds one configuration, remove "
	  "the "
	  "'---'\n" },
	{ "text behind the end", REST "...\nstore: memory\n",
	  "f:4:1: syntax: text follows behind the end of the configuration; remove it, or align it "
	  "with the keys\n" },
	{ "tab", DOMAIN "extensions:\n\t201: {password: x}\n",
	  "f:3:1: syntax: a tab indents this line; use spaces\n" },
	{ "tab behind spaces", DOMAIN "extensions:\n  \t201: {password: x}\n",
	  "f:3:3: syntax: a tab indents this line; use spaces\n" },
	{ "quote not closed", DOMAIN "extensions:\n  201: {password: \"x}\n",
	  "f:3:19: syntax: the quoted text that begins here is never closed; add the missing "
	  "quote\n" },
	{ "brace not closed", DOMAIN "extensions:\n  201: {password: x\n  202: {password: y}\n",
	  "f:3:8: syntax: the map in braces that begins here is not closed; add the missing ',' or "
	  "'}'\n" },
	{ "bracket not closed", "listen: [udp:127.0.0.1:0\n" REST,
	  "f:1:9: syntax: the list in brackets that begins here is not closed; add the missing ',' "
	  "or "
	  "']'\n" },
	{ "wrong indentation", DOMAIN "extensions:\n  201: {password: x}\n 202: {password: y}\n",
	  "f:4:2: syntax: no key can stand here; give all keys of a section the same indentation, "
	  "and "
	  "look for a wrong quote\n" },
	{ "wrong indentation of an item", "listen:\n  - udp:127.0.0.1:0\n  udp:127.0.0.1:0\n" REST,
	  "f:3:3: syntax: this key has no ':' behind it; write KEY: VALUE\n" },
	{ "key without a colon", DOMAIN "extensions\n  201: {password: x}\n",
	  "f:2:1: syntax: this key has no ':' behind it; write KEY: VALUE\n" },
	{ "colon in a value", DOMAIN "extensions:\n  201: {password: x}\nstore: a: b\n",
	  "f:4:9: syntax: a ':' stands where no key can be; align the key with its neighbours, or "
	  "put "
	  "a value with a ':' in quotes\n" },
	{ "value that begins with @", DOMAIN "extensions:\n  201: {password: @x}\n",
	  "f:3:19: syntax: a value cannot begin with this character; put the value in quotes\n" },
	{ "backslash", DOMAIN "extensions:\n  201: {password: \"a\\q\"}\n",
	  "f:3:21: syntax: this backslash sequence is unknown; write \\\\ for a backslash, or use "
	  "single quotes\n" },
	{ "item behind a key", "listen: - udp:127.0.0.1:0\n" REST,
	  "f:1:9: syntax: a list item stands where none can be; put '-' on a line of its own below "
	  "the key\n" },
	{ "template never filled in", "domain: {{ domain }}\n" EXTENSIONS,
	  "f:1:10: syntax: a key cannot be a list or a map; write KEY: VALUE, or put a text with "
	  "brackets or braces in quotes\n" },

	/* Bytes. */
	{ "not UTF-8", "domain: pbx\n# caf\xe9\n" EXTENSIONS,
	  "f:2:6: syntax: the text is not UTF-8 here; save the file in the encoding UTF-8\n" },
	{ "UTF-16",
	  "\xff\xfe"
	  "d",
	  "f:1:1: syntax: the text is not UTF-8 here; save the file in the "
	  "encoding UTF-8\n" },
	{ "UTF-8 torn at the end", DOMAIN "# caf\xc3",
	  "f:2:6: syntax: the text is not UTF-8 here; save the file in the encoding UTF-8\n" },
	{ "control character", "domain: \xc3\xa9\x01\n" EXTENSIONS,
	  "f:1:10: syntax: a control character (0x01) stands here; remove it, a configuration is "
	  "plain text\n" },

	{ "too deep", "a: [[[[[[[[[[[[[[[[[[[[[[[[",
	  "f:1:19: syntax: more than 16 lists and maps stand inside each other; no setting needs "
	  "so "
	  "many\n" },
};

static void a_mistake_is_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		conf_rig_expect_bad(bad[i].name, bad[i].yaml, bad[i].lines);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mistake_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
