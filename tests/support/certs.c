/* SPDX-License-Identifier: MIT */
/*
 * Certificates for tests.
 */
#include "certs.h"

#include "base/check.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#define DAY_S 86400

static void bio_to_text(BIO *bio, char text[CERT_TEXT_BYTES])
{
	char *p;
	long n = BIO_get_mem_data(bio, &p);

	CHECK(n > 0 && n < CERT_TEXT_BYTES);
	memcpy(text, p, (size_t)n);
	text[n] = '\0';
	BIO_free(bio);
}

static EVP_PKEY *key_read(const struct cert *cert)
{
	BIO *bio = BIO_new_mem_buf(cert->key, -1);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);

	CHECK(key);
	BIO_free(bio);
	return key;
}

static X509 *cert_read(const struct cert *cert)
{
	BIO *bio = BIO_new_mem_buf(cert->text, -1);
	X509 *x509 = PEM_read_bio_X509(bio, NULL, NULL, NULL);

	CHECK(x509);
	BIO_free(bio);
	return x509;
}

static void add_extension(X509 *x509, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	CHECK(extension && X509_add_ext(x509, extension, -1));
	X509_EXTENSION_free(extension);
}

static GENERAL_NAME *general_name(const struct cert_name *name)
{
	static const int types[] = {
		[CERT_DNS] = GEN_DNS, [CERT_URI] = GEN_URI, [CERT_IP] = GEN_IPADD
	};
	GENERAL_NAME *general = GENERAL_NAME_new();
	ASN1_STRING *text = ASN1_STRING_type_new(name->kind == CERT_IP ? V_ASN1_OCTET_STRING
								       : V_ASN1_IA5STRING);

	CHECK(general && text && ASN1_STRING_set(text, name->text.p, (int)name->text.n));
	GENERAL_NAME_set0_value(general, types[name->kind], text);
	return general;
}

static void add_names(X509 *x509, const struct cert_spec *spec)
{
	GENERAL_NAMES *names = GENERAL_NAMES_new();

	for (size_t i = 0; i < spec->name_count; i++)
		CHECK(sk_GENERAL_NAME_push(names, general_name(&spec->names[i])));
	if (spec->name_count > 0)
		CHECK(X509_add1_ext_i2d(x509, NID_subject_alt_name, names, 0, 0) == 1);
	GENERAL_NAMES_free(names);
}

void cert_make(const struct cert_spec *spec, struct cert *ret_cert)
{
	static long serial;
	const char *common_name = spec->common_name ? spec->common_name : "test";
	bool is_usual = spec->from_s == 0 && spec->until_s == 0;
	EVP_PKEY *key =
		spec->rsa_bits ? EVP_RSA_gen((unsigned)spec->rsa_bits) : EVP_EC_gen("P-256");
	EVP_PKEY *issuer_key = spec->issuer ? key_read(spec->issuer) : key;
	X509 *x509 = X509_new(), *issuer = spec->issuer ? cert_read(spec->issuer) : x509;
	BIO *text = BIO_new(BIO_s_mem()), *key_text = BIO_new(BIO_s_mem());

	CHECK(key && x509 && text && key_text);
	X509_set_version(x509, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x509), ++serial);
	X509_gmtime_adj(X509_getm_notBefore(x509), is_usual ? -DAY_S : spec->from_s);
	X509_gmtime_adj(X509_getm_notAfter(x509), is_usual ? DAY_S : spec->until_s);
	X509_set_pubkey(x509, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_ASC,
				   (const unsigned char *)common_name, -1, -1, 0);
	X509_set_issuer_name(x509, X509_get_subject_name(issuer));
	if (spec->is_ca)
		add_extension(x509, NID_basic_constraints, "critical,CA:TRUE");
	add_names(x509, spec);
	CHECK(X509_sign(x509, issuer_key, EVP_sha256()) > 0);
	CHECK(PEM_write_bio_X509(text, x509) == 1);
	CHECK(PEM_write_bio_PrivateKey(key_text, key, NULL, NULL, 0, NULL, NULL) == 1);
	bio_to_text(text, ret_cert->text);
	bio_to_text(key_text, ret_cert->key);
	if (spec->issuer) {
		EVP_PKEY_free(issuer_key);
		X509_free(issuer);
	}
	EVP_PKEY_free(key);
	X509_free(x509);
}

void cert_make_ca(struct cert *ret_ca)
{
	cert_make(&(struct cert_spec){ .is_ca = true, .common_name = "root" }, ret_ca);
}

void cert_make_for(const struct cert *ca, enum cert_name_kind kind, struct slice text,
		   struct cert *ret_cert)
{
	cert_make(&(struct cert_spec){ .issuer = ca, .names = { { kind, text } }, .name_count = 1 },
		  ret_cert);
}

struct slice cert_text(const struct cert *cert)
{
	return slice_from_cstr(cert->text);
}

struct slice cert_key(const struct cert *cert)
{
	return slice_from_cstr(cert->key);
}
