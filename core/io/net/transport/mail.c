/* mail.c: libcurl's SMTP. */
#include "io/net/transport/mail.h"

#include <string.h>

#include "io/net/transport/transfer.h"

struct mail {
    char *texts; /* owned: sender, user, receivers; NUL-separated */
    const char *from, *user; /* user: NULL without a login */
    struct curl_slist to[TRANSPORT_MAIL_MAX];
    size_t sent;
};

/* One address as it stands between < and >. */
static bool is_address(const char *text)
{
    const char *at = strchr(text, '@');
    size_t len = strlen(text);
    for (const char *p = text; *p; p++)
        if ((unsigned char)*p <= 0x20 || (unsigned char)*p >= 0x7F || strchr("<>\"(),;:\\", *p))
            return false;
    return at && at > text && at[1] && !strchr(at + 1, '@') && len <= 254;
}

static int check(const struct transport_mail *given, struct err *err)
{
    bool fits = given->to_count > 0 && given->to_count <= TRANSPORT_MAIL_MAX;
    if (!fits)
        return err_set(err, ERR_USAGE, "a mail has 1 to %d receivers", TRANSPORT_MAIL_MAX);
    fits = is_address(given->from);
    for (size_t i = 0; i < given->to_count && fits; i++)
        fits = is_address(given->to[i]);
    return fits ? 0 : err_set(err, ERR_USAGE, "an address of the mail is none");
}

static void point(struct mail *mail, const struct transport_mail *given)
{
    char *text = mail->texts;
    mail->from = text;
    text += strlen(text) + 1;
    mail->user = given->user ? text : NULL;
    text += strlen(text) + 1;
    for (size_t i = 0; i < given->to_count; i++, text += strlen(text) + 1) {
        mail->to[i].data = text;
        mail->to[i].next = i + 1 < given->to_count ? &mail->to[i + 1] : NULL;
    }
}

int mail_new(struct mail **out, const struct transport_mail *given, struct err *err)
{
    struct buf texts = {0};
    int rc = check(given, err);
    if (rc)
        return rc;
    buf_put(&texts, given->from, strlen(given->from) + 1);
    buf_put(&texts, given->user ? given->user : "", given->user ? strlen(given->user) + 1 : 1);
    for (size_t i = 0; i < given->to_count; i++)
        buf_put(&texts, given->to[i], strlen(given->to[i]) + 1);
    struct mail *mail = buf_ok(&texts) ? calloc(1, sizeof *mail) : NULL;
    if (!mail) {
        buf_clear(&texts);
        return err_set(err, ERR_MEMORY, "out of memory for a mail");
    }
    mail->texts = texts.data;
    point(mail, given);
    *out = mail;
    return 0;
}

void mail_free(struct mail *mail)
{
    if (mail)
        free(mail->texts);
    free(mail);
}

static size_t on_text(char *out, size_t size, size_t count, void *ctx)
{
    struct transfer *x = ctx;
    size_t left = x->body_len - x->mail->sent, len = size * count;
    if (len > left)
        len = left;
    memcpy(out, x->body + x->mail->sent, len);
    x->mail->sent += len;
    return len;
}

void mail_set_options(struct transfer *x)
{
    const struct curl *curl = x->owner->curl;
    struct mail *mail = x->mail;
    long tls = endpoint_is_own(x->endpoint) ? CURLUSESSL_TRY : CURLUSESSL_ALL;
    curl->easy_setopt(x->easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl->easy_setopt(x->easy, CURLOPT_USE_SSL, tls);
    curl->easy_setopt(x->easy, CURLOPT_UPLOAD, 1L);
    curl->easy_setopt(x->easy, CURLOPT_READFUNCTION, on_text);
    curl->easy_setopt(x->easy, CURLOPT_READDATA, x);
    curl->easy_setopt(x->easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)x->body_len);
    curl->easy_setopt(x->easy, CURLOPT_MAIL_FROM, mail->from);
    curl->easy_setopt(x->easy, CURLOPT_MAIL_RCPT, &mail->to[0]);
    // one who is refused holds up no other
    curl->easy_setopt(x->easy, CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);
    if (mail->user && x->secret) {
        curl->easy_setopt(x->easy, CURLOPT_USERNAME, mail->user);
        curl->easy_setopt(x->easy, CURLOPT_PASSWORD, secret_value(x->secret));
    }
}
