/* mail.h: a transfer that is a mail: to a server for SMTP, which sends it on. Beside 127.0.0.1 and
 * the like it is encrypted, or not sent at all. Private to the transport.
 */
#ifndef IO_TRANSPORT_MAIL_H
#define IO_TRANSPORT_MAIL_H

#include "io/net/transport.h"

struct transfer;
struct mail; /* sender, receivers, and how much of the text is sent */

/* Copies what is given. ERR_USAGE: an address that is none, no receiver or too many; ERR_MEMORY. */
int mail_new(struct mail **out, const struct transport_mail *given, struct err *err) MUST_CHECK;
void mail_free(struct mail *mail);

/* The options of x, whose body is the text, on its easy handle, which serves nothing else. */
void mail_set_options(struct transfer *x);

#endif
