/* SPDX-License-Identifier: MIT */
/*
 * The section `tls`: files of PEM text become one TLS context. A file's name counts from the folder
 * that the configuration is in, so that it means the same whoever starts the server, and where.
 */
#include "conf/conf_reader.h"

#include "base/err.h"
#include "base/mem.h"
#include "crypto/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#define PEM_MAX_BYTES (1 << 20) /* every root that there is takes a quarter of it */

struct section {
	const struct conf_node *certificate; /* NULL: not there */
	const struct conf_node *key;
	const struct conf_node *ca;
	bool verifies_clients;
};

/* A file's text, owned; empty where there is none. */
struct pem {
	char *p;
	size_t n;
};

/* --- Files -------------------------------------------------------------------------------- */

static void pem_free(struct pem *pem)
{
	/* It may be a private key. */
	if (pem->p)
		explicit_bzero(pem->p, pem->n);
	mem_free(pem->p);
	*pem = (struct pem){ 0 };
}

static const char *remedy_for(int number)
{
	switch (number) {
	case ENOENT:
		return "write the path as seen from the folder of this file, or a whole one";
	case EACCES:
		return "let the user that runs lampyrid read it";
	default:
		return "name a file with PEM text";
	}
}

static void tell_errno(const struct conf_reader *reader, const struct conf_node *value,
		       const char *path, int number)
{
	conf_tell_value(&reader->teller, value, "'%s' cannot be read: %s; %s",
			conf_quote(slice_from_cstr(path)).text, strerror(number),
			remedy_for(number));
}

/* ERR_SYNTAX when the name cannot be one. */
static int print_path(const struct conf_reader *reader, struct slice name, char path[PATH_MAX])
{
	struct slice file = reader->teller.file_name;
	struct buf buf = { .p = path, .cap = PATH_MAX - 1 };
	size_t folder = file.n;

	while (folder > 0 && file.p[folder - 1] != '/')
		folder--;
	if (!slice_starts_with(name, SLICE("/")))
		buf_slice(&buf, slice_head(file, folder));
	buf_slice(&buf, name);
	if (buf.is_overflown || name.n == 0 || slice_find_char(buf_text(&buf), '\0') < buf.n)
		return ERR_SYNTAX;
	path[buf.n] = '\0';
	return 0;
}

/* A device or a pipe could go on for ever. ERR_IO with errno, ERR_NOMEM. */
static int read_regular(int fd, struct pem *ret_pem)
{
	struct pem pem;
	struct stat stat;
	int err;

	if (fstat(fd, &stat))
		return ERR_IO;
	if (!S_ISREG(stat.st_mode) || stat.st_size > PEM_MAX_BYTES) {
		errno = S_ISDIR(stat.st_mode) ? EISDIR : EINVAL;
		return ERR_IO;
	}
	pem.p = mem_alloc((size_t)stat.st_size + 1);
	if (!pem.p)
		return ERR_NOMEM;
	err = conf_read_fd(fd, pem.p, (size_t)stat.st_size, &pem.n);
	if (err) {
		pem_free(&pem);
		return err;
	}
	*ret_pem = pem;
	return 0;
}

/* What is wrong with the file is told, and then the text is empty. ERR_NOMEM. */
static int read_pem(const struct conf_reader *reader, const struct conf_node *value,
		    struct pem *ret_pem)
{
	char path[PATH_MAX];
	int fd, err;

	if (!value)
		return 0;
	if (print_path(reader, value->text, path)) {
		conf_tell_value(&reader->teller, value,
				"this is no name of a file; write one, "
				"such as lampyrid.pem");
		return 0;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		tell_errno(reader, value, path, errno);
		return 0;
	}
	err = read_regular(fd, ret_pem);
	if (err == ERR_IO)
		tell_errno(reader, value, path, errno);
	close(fd);
	return err == ERR_NOMEM ? err : 0;
}

/* --- The context -------------------------------------------------------------------------- */

static void tell_fault(const struct conf_reader *reader, const struct section *section,
		       enum tls_fault fault)
{
	const struct conf_teller *teller = &reader->teller;

	switch (fault) {
	case TLS_FAULT_NONE:
		break;
	case TLS_FAULT_CERTIFICATE:
		conf_tell_value(teller, section->certificate,
				"there is no certificate in the file; expected PEM text that "
				"begins with -----BEGIN CERTIFICATE-----");
		break;
	case TLS_FAULT_WEAK:
		conf_tell_value(teller, section->certificate,
				"the certificate is too weak; use RSA with 2048 bits or more, or "
				"an elliptic curve, signed with SHA-256");
		break;
	case TLS_FAULT_KEY:
		conf_tell_value(teller, section->key,
				"there is no private key in the file, or it has a passphrase; "
				"expected PEM text without one, as `openssl pkey` writes it");
		break;
	case TLS_FAULT_MISMATCH:
		conf_tell_value(teller, section->key,
				"the key is not that of the certificate; take the one that the "
				"certificate was requested with");
		break;
	case TLS_FAULT_CA:
		conf_tell_value(teller, section->ca,
				"there is no certificate in the file; expected those of the "
				"authorities to trust, as PEM text");
		break;
	}
}

static int make_context(struct conf_reader *reader, const struct section *section,
			const struct pem *certificate, const struct pem *key, const struct pem *ca)
{
	struct tls_spec spec = { .certificate = slice_of(certificate->p, certificate->n),
				 .key = slice_of(key->p, key->n),
				 .ca = slice_of(ca->p, ca->n),
				 .verifies_clients = section->verifies_clients };
	struct tls_context *context;
	enum tls_fault fault;
	int err = tls_context_new(&spec, &context, &fault);

	if (err == ERR_NOMEM)
		return err;
	if (err) {
		tell_fault(reader, section, fault);
		return 0;
	}
	directory_set_tls(reader->directory, context);
	tls_context_unref(context);
	return 0;
}

/* An empty file is told as one without what it should have. */
static bool is_missing(const struct conf_node *value, const struct pem *pem)
{
	return value && !pem->p;
}

static int read_files(struct conf_reader *reader, const struct section *section)
{
	struct pem certificate = { 0 }, key = { 0 }, ca = { 0 };
	int err = read_pem(reader, section->certificate, &certificate);

	if (!err)
		err = read_pem(reader, section->key, &key);
	if (!err)
		err = read_pem(reader, section->ca, &ca);
	if (!err && section->certificate && certificate.p && certificate.n == 0)
		tell_fault(reader, section, TLS_FAULT_CERTIFICATE);
	else if (!err && section->ca && ca.p && ca.n == 0)
		tell_fault(reader, section, TLS_FAULT_CA);
	else if (!err && !is_missing(section->certificate, &certificate) &&
		 !is_missing(section->key, &key) && !is_missing(section->ca, &ca))
		err = make_context(reader, section, &certificate, &key, &ca);
	pem_free(&certificate);
	pem_free(&key);
	pem_free(&ca);
	return err;
}

/* --- Keys --------------------------------------------------------------------------------- */

static int take_certificate(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	struct section *section = object;

	section->certificate = value;
	reader->has_certificate = true;
	return 0;
}

static int take_key(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	struct section *section = object;

	(void)reader;
	section->key = value;
	return 0;
}

static int take_ca(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	struct section *section = object;

	(void)reader;
	section->ca = value;
	return 0;
}

static int take_verify_clients(struct conf_reader *reader, const struct conf_node *value,
			       void *object)
{
	static const struct slice words[] = { SLICE_INIT("no"), SLICE_INIT("yes") };
	struct section *section = object;
	size_t i;

	if (conf_read_word(reader, value, words, ARRAY_LEN(words), &i))
		section->verifies_clients = i == 1;
	return 0;
}

/* False when the files need not even be read. */
static bool check_section(const struct conf_reader *reader, const struct conf_node *map,
			  const struct section *section)
{
	const struct conf_teller *teller = &reader->teller;

	if (section->certificate && !section->key)
		conf_tell_missing(teller, map, SLICE("key"),
				  "missing; add the file with the certificate's private key");
	if (section->key && !section->certificate)
		conf_tell_missing(teller, map, SLICE("certificate"),
				  "missing; add the file with the certificate that the key "
				  "belongs to");
	/* With the system's roots anybody's certificate from a shop would do. */
	if (section->verifies_clients && !section->ca)
		conf_tell_missing(teller, map, SLICE("ca"),
				  "missing; verify-clients needs the file with the certificate "
				  "of the authority that signs your phones' certificates");
	return !section->certificate == !section->key &&
	       (!section->verifies_clients || section->ca);
}

int conf_take_tls(struct conf_reader *reader, const struct conf_node *map, void *object)
{
	static const struct conf_key keys[] = {
		{ SLICE_INIT("certificate"), CONF_TEXT, "the name of a PEM file",
		  take_certificate },
		{ SLICE_INIT("key"), CONF_TEXT, "the name of a PEM file", take_key },
		{ SLICE_INIT("ca"), CONF_TEXT, "the name of a PEM file", take_ca },
		{ SLICE_INIT("verify-clients"), CONF_TEXT, "yes or no", take_verify_clients },
	};
	struct section section = { 0 };
	int err = conf_read_map(reader, map, keys, ARRAY_LEN(keys), &section);

	(void)object;
	if (err || !check_section(reader, map, &section))
		return err;
	return read_files(reader, &section);
}
