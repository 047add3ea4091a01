/*
 * What redaction (formats/redact) looks for, and what becomes of it if nobody says otherwise. A rule is what users name in
 * their configuration, in metrics and in tests; it stands here, below both, as the configuration has a key for each.
 *
 *  1. The mark of a rule is what stands in the line afterwards: "[email]".
 *  2. A rule whose action is REDACT_KEEP is not looked for.
 */
#ifndef BASE_REDACT_RULES_H
#define BASE_REDACT_RULES_H

#include "base/str.h"

enum redact_action {
    REDACT_KEEP,
    REDACT_MASK,    /* "[email]" */
    REDACT_PARTIAL, /* what may stay to tell values apart: "[card:1111]" */
    REDACT_REMOVE,  /* nothing */
    REDACT_TOKEN,   /* "[email:k1:4f9c2ad10c6be7a3]": the same for the same value and key */
    REDACT_ACTIONS
};

/* As they are written. */
#define REDACT_KEEP_TEXT    "keep"
#define REDACT_MASK_TEXT    "mask"
#define REDACT_PARTIAL_TEXT "partial"
#define REDACT_REMOVE_TEXT  "remove"
#define REDACT_TOKEN_TEXT   "token"

/*      rule              name           mark          action          what */
#define REDACT_RULES_X(X)                                                                       \
    X(RULE_EMAIL, "email", "email", REDACT_TOKEN, "e-mail addresses")                           \
    X(RULE_CARD, "card", "card", REDACT_TOKEN, "numbers of payment cards")                      \
    X(RULE_IBAN, "iban", "iban", REDACT_TOKEN, "international bank account numbers")            \
    X(RULE_SSN, "ssn", "ssn", REDACT_MASK, "US social security and taxpayer numbers")           \
    X(RULE_JWT, "jwt", "jwt", REDACT_MASK, "JSON web tokens")                                   \
    X(RULE_SECRETS, "secrets", "secret", REDACT_MASK, "keys, tokens, passwords, private keys")  \
    X(RULE_PHONE, "phone", "phone", REDACT_KEEP, "telephone numbers")                           \
    X(RULE_IP, "ip", "ip", REDACT_KEEP, "public IP addresses")                                  \
    X(RULE_MAC, "mac", "mac", REDACT_KEEP, "hardware addresses")                                \
    X(RULE_UK_NHS, "uk_nhs", "uk_nhs", REDACT_MASK, "UK numbers of the NHS")                    \
    X(RULE_UK_NINO, "uk_nino", "uk_nino", REDACT_MASK, "UK national insurance numbers")         \
    X(RULE_DE_TAX_ID, "de_tax_id", "de_tax_id", REDACT_MASK, "German tax identifiers")          \
    X(RULE_FR_NIR, "fr_nir", "fr_nir", REDACT_MASK, "French social security numbers")           \
    X(RULE_ES_DNI, "es_dni", "es_dni", REDACT_MASK, "Spanish DNI and NIE")                      \
    X(RULE_IT_CF, "it_cf", "it_cf", REDACT_MASK, "Italian fiscal codes")                        \
    X(RULE_PL_PESEL, "pl_pesel", "pl_pesel", REDACT_MASK, "Polish PESEL")                       \
    X(RULE_NL_BSN, "nl_bsn", "nl_bsn", REDACT_MASK, "Dutch citizen service numbers")            \
    X(RULE_CA_SIN, "ca_sin", "ca_sin", REDACT_MASK, "Canadian social insurance numbers")        \
    X(RULE_AU_TFN, "au_tfn", "au_tfn", REDACT_MASK, "Australian tax file numbers")              \
    X(RULE_AU_MEDICARE, "au_medicare", "au_medicare", REDACT_MASK, "Australian Medicare cards") \
    X(RULE_IN_AADHAAR, "in_aadhaar", "in_aadhaar", REDACT_MASK, "Indian Aadhaar numbers")       \
    X(RULE_IN_PAN, "in_pan", "in_pan", REDACT_MASK, "Indian permanent account numbers")         \
    X(RULE_BR_CPF, "br_cpf", "br_cpf", REDACT_MASK, "Brazilian CPF")

enum redact_rule {
#define X(name, ...) name,
    REDACT_RULES_X(X)
#undef X
        REDACT_RULES
};

struct redact_rule_text {
    struct str name, mark;
    enum redact_action action; /* if the configuration does not say */
    const char *what;
};

extern const struct redact_rule_text redact_rules[REDACT_RULES];

extern const char *const redact_action_names[REDACT_ACTIONS + 1]; /* NULL at the end */

#endif
