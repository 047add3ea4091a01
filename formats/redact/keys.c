#include "formats/redact/keys.h"

#include "base/mem.h"
#include "formats/redact/hunt.h"

#define NAME(text, class)                                        \
    {                                                            \
        text, sizeof(text) - 1, class, 0, 0, false, RULE_SECRETS \
    }
#define ANYWHERE(text, class)                                   \
    {                                                           \
        text, sizeof(text) - 1, class, 0, 0, true, RULE_SECRETS \
    }
#define DIGITS(text, least, most, rule)                              \
    {                                                                \
        text, sizeof(text) - 1, KEY_DIGITS, least, most, false, rule \
    }
#define END          \
    {                \
        .text = NULL \
    }
#define OF(name) static const struct key_name name[]

/* By their last byte; of two of which one ends in the other the longer comes first. */
/* clang-format off */
OF(of_a) = {NAME("senha", KEY_STRONG), NAME("contrasena", KEY_STRONG), END};
OF(of_c) = {DIGITS("cvc", 3, 4, RULE_SECRETS), END};
OF(of_d) = {
    ANYWHERE("password", KEY_STRONG), ANYWHERE("passwd", KEY_STRONG), NAME("pwd", KEY_PASS), NAME("pswd", KEY_PASS), NAME("connectsid", KEY_TOKEN), ANYWHERE("jsessionid", KEY_TOKEN),
    ANYWHERE("phpsessid", KEY_TOKEN), NAME("aspnetsessionid", KEY_TOKEN), NAME("sessionid", KEY_TOKEN),
    NAME("sessid", KEY_TOKEN), NAME("sid", KEY_WEAK), NAME("cred", KEY_WEAK), END,
};
OF(of_e) = {
    NAME("motdepasse", KEY_STRONG), ANYWHERE("passphrase", KEY_STRONG), NAME("seedphrase", KEY_STRONG), NAME("recoveryphrase", KEY_STRONG),
    NAME("setcookie", KEY_COOKIE), NAME("cookie", KEY_COOKIE), NAME("passcode", KEY_STRONG),
    DIGITS("securitycode", 3, 4, RULE_SECRETS), DIGITS("verificationcode", 4, 10, RULE_SECRETS),
    DIGITS("otpcode", 4, 10, RULE_SECRETS), DIGITS("mfacode", 4, 10, RULE_SECRETS),
    NAME("authorizationcode", KEY_TOKEN), NAME("authcode", KEY_TOKEN), NAME("recoverycode", KEY_TOKEN),
    NAME("amzsignature", KEY_TOKEN), NAME("signature", KEY_WEAK), END,
};
OF(of_f) = {NAME("csrf", KEY_TOKEN), NAME("xsrf", KEY_TOKEN), END};
OF(of_g) = {NAME("sig", KEY_WEAK), NAME("secretstring", KEY_STRONG), END};
OF(of_h) = {
    NAME("basicauth", KEY_STRONG), NAME("proxyauth", KEY_HEADER), NAME("auth", KEY_WEAK),
    NAME("passwordhash", KEY_STRONG), NAME("passhash", KEY_STRONG), END,
};
OF(of_k) = {NAME("psk", KEY_STRONG), END};
OF(of_n) = {
    ANYWHERE("authorization", KEY_HEADER),
    NAME("nextpagetoken", KEY_NONE), NAME("pagetoken", KEY_NONE), NAME("nexttoken", KEY_NONE),
    NAME("continuationtoken", KEY_NONE), NAME("paginationtoken", KEY_NONE), NAME("cancellationtoken", KEY_NONE),
    NAME("canceltoken", KEY_NONE), NAME("resumetoken", KEY_NONE), NAME("synctoken", KEY_NONE),
    NAME("publictoken", KEY_NONE), NAME("fencingtoken", KEY_NONE), NAME("unexpectedtoken", KEY_NONE),
    ANYWHERE("accesstoken", KEY_STRONG), ANYWHERE("refreshtoken", KEY_STRONG), NAME("idtoken", KEY_STRONG),
    ANYWHERE("authtoken", KEY_STRONG), NAME("authenticationtoken", KEY_STRONG), ANYWHERE("apitoken", KEY_STRONG),
    NAME("bearertoken", KEY_STRONG), NAME("sessiontoken", KEY_STRONG), NAME("securitytoken", KEY_STRONG),
    NAME("privatetoken", KEY_STRONG), NAME("jobtoken", KEY_STRONG), NAME("deploytoken", KEY_STRONG),
    NAME("bottoken", KEY_STRONG), NAME("sastoken", KEY_STRONG), NAME("resettoken", KEY_STRONG),
    NAME("oauthtoken", KEY_STRONG), NAME("logintoken", KEY_STRONG), NAME("githubtoken", KEY_STRONG),
    NAME("gitlabtoken", KEY_STRONG), NAME("slacktoken", KEY_STRONG), NAME("npmtoken", KEY_STRONG),
    NAME("vaulttoken", KEY_STRONG), NAME("jwttoken", KEY_STRONG), NAME("secrettoken", KEY_STRONG),
    NAME("token", KEY_TOKENS), NAME("session", KEY_TOKEN),
    DIGITS("ssn", 4, 9, RULE_SSN), DIGITS("pin", 4, 8, RULE_SECRETS), END,
};
OF(of_p) = {DIGITS("otp", 4, 10, RULE_SECRETS), DIGITS("totp", 4, 10, RULE_SECRETS), END};
OF(of_r) = {
    DIGITS("socialsecuritynumber", 4, 9, RULE_SSN),
    DIGITS("pinnumber", 4, 8, RULE_SECRETS), END,
};
OF(of_s) = {
    ANYWHERE("credentials", KEY_STRONG), NAME("creds", KEY_STRONG), ANYWHERE("passwords", KEY_STRONG),
    NAME("secrets", KEY_TOKENS), NAME("tokens", KEY_TOKENS), NAME("cookies", KEY_COOKIE), NAME("dbpass", KEY_STRONG), NAME("smtppass", KEY_STRONG),
    NAME("userpass", KEY_STRONG), ANYWHERE("storepass", KEY_STRONG), NAME("keypass", KEY_STRONG), NAME("pass", KEY_PASS), END,
};
OF(of_t) = {
    ANYWHERE("clientsecret", KEY_STRONG), ANYWHERE("secret", KEY_SECRET), ANYWHERE("passwort", KEY_STRONG), ANYWHERE("kennwort", KEY_STRONG), NAME("wachtwoord", KEY_STRONG),
    NAME("jwt", KEY_TOKEN), END,
};
OF(of_v) = {DIGITS("cvv", 3, 4, RULE_SECRETS), END};
OF(of_w) = {ANYWHERE("userpw", KEY_STRONG), ANYWHERE("dbpw", KEY_STRONG), ANYWHERE("bindpw", KEY_STRONG), ANYWHERE("rootpw", KEY_STRONG), NAME("pw", KEY_PASS), END};
OF(of_y) = {
    NAME("publickey", KEY_NONE), NAME("pubkey", KEY_NONE), NAME("primarykey", KEY_NONE),
    NAME("foreignkey", KEY_NONE), NAME("cachekey", KEY_NONE), NAME("partitionkey", KEY_NONE),
    NAME("sortkey", KEY_NONE), NAME("routingkey", KEY_NONE), NAME("rowkey", KEY_NONE), NAME("objectkey", KEY_NONE),
    NAME("bucketkey", KEY_NONE), NAME("shardkey", KEY_NONE), NAME("idempotencykey", KEY_NONE),
    NAME("messagekey", KEY_NONE), NAME("groupkey", KEY_NONE), NAME("s3key", KEY_NONE), NAME("hostkey", KEY_NONE),
    NAME("sequencekey", KEY_NONE), NAME("naturalkey", KEY_NONE), NAME("schemakey", KEY_NONE), NAME("dedupkey", KEY_NONE),
    ANYWHERE("apikey", KEY_STRONG), ANYWHERE("secretkey", KEY_STRONG), ANYWHERE("accesskey", KEY_STRONG),
    ANYWHERE("privatekey", KEY_STRONG), NAME("accountkey", KEY_STRONG), NAME("sharedkey", KEY_STRONG),
    NAME("encryptionkey", KEY_STRONG), NAME("signingkey", KEY_STRONG), NAME("masterkey", KEY_STRONG),
    NAME("subscriptionkey", KEY_STRONG), NAME("licensekey", KEY_STRONG), NAME("licencekey", KEY_STRONG),
    NAME("authkey", KEY_STRONG), NAME("storagekey", KEY_STRONG), NAME("functionskey", KEY_STRONG),
    NAME("servicekey", KEY_TOKEN), NAME("integrationkey", KEY_TOKEN), NAME("hmackey", KEY_STRONG),
    NAME("aeskey", KEY_STRONG), NAME("presharedkey", KEY_STRONG), NAME("passkey", KEY_STRONG),
    NAME("consumerkey", KEY_STRONG), NAME("key", KEY_WEAK), END,
};
/* clang-format on */

static const struct key_name *const by_last[26] = {
    ['a' - 'a'] = of_a, ['c' - 'a'] = of_c, ['d' - 'a'] = of_d, ['e' - 'a'] = of_e,
    ['f' - 'a'] = of_f, ['g' - 'a'] = of_g, ['h' - 'a'] = of_h, ['k' - 'a'] = of_k,
    ['n' - 'a'] = of_n, ['p' - 'a'] = of_p, ['r' - 'a'] = of_r, ['s' - 'a'] = of_s,
    ['t' - 'a'] = of_t, ['v' - 'a'] = of_v, ['w' - 'a'] = of_w, ['y' - 'a'] = of_y,
};

const struct key_name *key_name_of(struct str text)
{
    if (text.len > 1 && is_digit(text.ptr[text.len - 1]))
        text.len--;
    char last = text.len ? text.ptr[text.len - 1] : 0;
    if (!is_letter(last) || text.len < 2)
        return NULL;
    char before = (char)(text.ptr[text.len - 2] | 0x20);
    for (const struct key_name *name = by_last[(last | 0x20) - 'a']; name && name->text; name++) {
        size_t at = name->text[name->len - 2] == before
                        ? words_begin(text, str_of(name->text, name->len))
                        : SIZE_MAX;
        if (at != SIZE_MAX && (name->is_anywhere || is_word_begin(text, at)))
            return name->class == KEY_NONE ? NULL : name;
    }
    return NULL;
}

/* With a digit behind it: rule 3. */
static void add_numbered(struct name_ends *ends, struct str name)
{
    char text[UINT8_MAX + 1];
    memcpy(text, name.ptr, name.len);
    for (char digit = '0'; digit <= '9'; digit++) {
        text[name.len] = digit;
        name_ends_add(ends, str_of(text, name.len + 1));
    }
}

void key_ends_add(struct name_ends *ends)
{
    static const struct str others[] = {
        STR_INIT("value"), /* {"name":"DB_PASSWORD","value":"x"} */
        STR_INIT("session_id"),
        STR_INIT("session-id"),
        STR_INIT("session.id"),
    };
    for (size_t i = 0; i < countof(others); i++)
        name_ends_add(ends, others[i]);
    for (size_t i = 0; i < countof(by_last); i++) {
        for (const struct key_name *name = by_last[i]; name && name->text; name++) {
            struct str text = str_of(name->text, name->len);
            name_ends_add(ends, text);
            if (text.len > 2) /* "pw1" would be the end of too much */
                add_numbered(ends, text);
        }
    }
}
