#include "formats/redact/forms.h"

#include "base/mem.h"
#include "formats/redact/checks.h"
#include "formats/redact/phones.h"

static unsigned number_of(const char *digits, size_t n)
{
    unsigned number = 0;
    for (size_t i = 0; i < n; i++)
        number = number * 10 + (unsigned)(digits[i] - '0');
    return number;
}

/* ---- payment cards ---- */

/* ISO/IEC 7812 issuer prefixes of four digits, and the lengths in use, as bits; the most common first. */
static const struct {
    unsigned short from, to;
    unsigned lengths;
} issuers[] = {
    {4000, 4999, 1u << 13 | 1u << 16 | 1u << 19},            /* Visa */
    {2221, 2720, 1u << 16},                                  /* Mastercard */
    {5100, 5599, 1u << 16},                                  /* Mastercard */
    {3400, 3499, 1u << 15},                                  /* American Express */
    {3700, 3799, 1u << 15},                                  /* American Express */
    {3000, 3059, 1u << 14},                                  /* Diners Club */
    {3095, 3095, 1u << 14},                                  /* Diners Club */
    {3528, 3589, 1u << 16 | 1u << 19},                       /* JCB */
    {3600, 3699, 1u << 14},                                  /* Diners Club */
    {3800, 3999, 1u << 14},                                  /* Diners Club */
    {6011, 6011, 1u << 16 | 1u << 19},                       /* Discover */
    {6440, 6599, 1u << 16 | 1u << 19},                       /* Discover */
    {6200, 6299, 1u << 16 | 1u << 17 | 1u << 18 | 1u << 19}, /* UnionPay */
    {8100, 8171, 1u << 16 | 1u << 19},                       /* UnionPay */
    {5018, 5020, 0xffu << 12},                               /* Maestro */
    {5038, 5038, 0xffu << 12},                               /* Maestro */
    {5893, 5893, 0xffu << 12},                               /* Maestro */
    {6304, 6304, 0xffu << 12},                               /* Maestro */
    {6759, 6763, 0xffu << 12},                               /* Maestro */
};

static bool is_card(const char *digits, size_t n)
{
    unsigned prefix = number_of(digits, 4);
    if (prefix < 2221 || prefix > 8171)
        return false;
    for (size_t i = 0; i < countof(issuers); i++) {
        if (prefix >= issuers[i].from && prefix <= issuers[i].to && issuers[i].lengths >> n & 1)
            return is_luhn(digits, n);
    }
    return false;
}

static bool is_day(unsigned month, unsigned day)
{
    return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

/* Sixteen digits that begin as the date of today do are a number of an order or an event more often than the
 * Mastercard with that prefix. */
static bool is_card_no_date(const char *digits, size_t n)
{
    bool is_date = digits[0] == '2' && is_day(number_of(digits + 2, 2), number_of(digits + 4, 2));
    return !is_date && is_card(digits, n);
}

/* ---- social security and tax numbers ---- */

/* Social Security Administration, POMS RM 10201.030: no area 000, 666, 900 and more, no group 00, no serial 0000. */
static bool is_ssn(const char *digits, size_t n)
{
    static const char samples[][10] = {"078051120", "219099999", "123456789"};
    unsigned area = number_of(digits, 3);
    for (size_t i = 0; i < countof(samples); i++) {
        if (memcmp(digits, samples[i], n) == 0)
            return false;
    }
    return area != 0 && area != 666 && area < 900 && number_of(digits + 3, 2) != 0 &&
           number_of(digits + 5, n - 5) != 0;
}

/* IRS, Internal Revenue Manual 3.21.263: 9, and groups 50 to 65, 70 to 88, 90 to 92, 94 to 99. 987-65-432x are samples. */
static bool is_itin(const char *digits, size_t n)
{
    unsigned group = number_of(digits + 3, 2);
    return digits[0] == '9' && group >= 50 && (group < 66 || group > 69) && group != 89 &&
           group != 93 && memcmp(digits, "98765432", n - 1) != 0;
}

/* Numbers in use begin with 4, 6, 7 (England), 32 to 39 (Northern Ireland), or a day and a month (Scotland). */
static bool is_nhs_in_use(const char *digits, size_t n)
{
    bool is_england = digits[0] == '4' || digits[0] == '6' || digits[0] == '7';
    bool is_irish = digits[0] == '3' && digits[1] >= '2';
    return (is_england || is_irish || is_day(number_of(digits + 2, 2), number_of(digits, 2))) &&
           is_nhs(digits, n);
}

/* Bundeszentralamt fuer Steuern: of the first ten digits one stands there twice or three times, the others once.
 * repeated_max: how many may; more in numbers that are made up for tests. */
static bool is_de_tax_id_of(const char *digits, size_t n, unsigned repeated_max)
{
    unsigned char counts[10] = {0};
    unsigned repeated = 0;
    for (size_t i = 0; i + 1 < n; i++) {
        unsigned count = ++counts[digits[i] - '0'];
        if (count > 3)
            return false;
        repeated += count == 2;
    }
    return digits[0] != '0' && repeated <= repeated_max && is_mod_11_10(digits, n);
}

static bool is_de_tax_id(const char *digits, size_t n)
{
    return is_de_tax_id_of(digits, n, 1);
}

static bool is_any_de_tax_id(const char *digits, size_t n)
{
    return is_de_tax_id_of(digits, n, 10);
}

/* INSEE: sex, year, month (or a code for an unknown one, over 20), department, place, order. */
static bool is_nir_13(const char *digits, size_t n)
{
    unsigned month = number_of(digits + 3, 2);
    return (digits[0] == '1' || digits[0] == '2') && month >= 1 &&
           (month <= 12 || (month >= 20 && month <= 42) || month >= 50) &&
           number_of(digits + 5, 2) != 0 && number_of(digits + 7, 3) != 0 &&
           number_of(digits + 10, 3) != 0 && n >= 13;
}

static bool is_nir_15(const char *digits, size_t n)
{
    return is_nir_13(digits, n) && number_of(digits + 3, 2) <= 12 && is_nir(digits, n);
}

static bool is_any_nir_15(const char *digits, size_t n)
{
    return is_nir_13(digits, n) && is_nir(digits, n);
}

/* Months of 1800 to 1899 count from 81 on, of 2000 from 21, of 2100 from 41, of 2200 from 61. */
static bool is_dated_pesel(const char *digits, size_t n)
{
    return is_day(number_of(digits + 2, 2) % 20, number_of(digits + 4, 2)) && is_pesel(digits, n);
}

/* Government of Canada: none begins with 0; those with 8 are numbers of firms. */
static bool is_sin(const char *digits, size_t n)
{
    return digits[0] != '0' && digits[0] != '8' && is_luhn(digits, n);
}

static bool is_au_medicare(const char *digits, size_t n)
{
    return digits[0] >= '2' && digits[0] <= '6' && digits[9] != '0' && is_medicare(digits, n);
}

static bool is_aadhaar(const char *digits, size_t n)
{
    return digits[0] >= '2' && is_verhoeff(digits, n);
}

/* ---- words ---- */

/* Those that logs use for other things as well are left out: "uid", "nas", "health", "payment". */
static const char card_words[] =
    "card|cards|cardnumber|cardno|pan|cc|ccn|ccnum|creditcard|debitcard|visa|mastercard|"
    "master_card|amex|american_express|diners|jcb|unionpay|maestro|kreditkarte|kartennummer|"
    "karte|carte|tarjeta|cartao";
static const char ssn_words[] =
    "ssn|ssns|social_security|social_sec|soc_sec|ss_number|itin|taxpayer|tax_payer|tin|tax_id";
static const char nhs_words[] = "nhs|patient|patients|chi_number";
static const char de_tax_words[] =
    "steuer|steuerid|steueridentifikationsnummer|identifikationsnummer|steuernummer|"
    "steueridnr|id_nr|idnr|tax_id|tax_number|taxid|tin|bzst";
static const char nir_words[] =
    "nir|insee|secu|vitale|social_security|ssn|securite|sociale|numss|assure";
static const char pesel_words[] = "pesel|ewidencyjny|obywatel|pacjent|national_id";
static const char bsn_words[] =
    "bsn|burgerservicenummer|burger_service_nummer|sofi|sofinummer|sofi_nummer|"
    "citizen_service";
static const char sin_words[] = "sin|social_insurance|assurance_sociale";
static const char tfn_words[] = "tfn|tax_file|taxfile";
static const char medicare_words[] = "medicare";
static const char aadhaar_words[] = "aadhaar|aadhar|adhaar|adhar|uidai";
static const char cpf_words[] = "cpf|do_cliente|cadastro|pessoa|contribuinte|documento";

/* ---- the table ---- */

#define G1(a)             ((uint64_t)(a))
#define G2(a, b)          (G1(a) << 5 | (b))
#define G3(a, b, c)       (G2(a, b) << 5 | (c))
#define G4(a, b, c, d)    (G3(a, b, c) << 5 | (d))
#define G5(a, b, c, d, e) (G4(a, b, c, d) << 5 | (e))
#define BD                (SEP_BLANK | SEP_DASH)
#define BDD               (BD | SEP_DOT)

/* By shape; of one shape the surer ones first. One that no number has is at the end. */
static const struct number_form forms[] = {
    {G1(8), SEP_NONE, NEED_WORD, RULE_AU_TFN, "tax file number", is_tfn, tfn_words},
    {G1(9), SEP_NONE, NEED_WORD, RULE_CA_SIN, "social insurance number", is_sin, sin_words},
    {G1(9), SEP_NONE, NEED_WORD, RULE_AU_TFN, "tax file number", is_tfn, tfn_words},
    {G1(9), SEP_NONE, NEED_WORD, RULE_NL_BSN, "citizen service number", is_bsn, bsn_words},
    {G1(9), SEP_NONE, NEED_WORD, RULE_SSN, "social security number", is_ssn, ssn_words},
    {G1(9), SEP_NONE, NEED_WORD, RULE_SSN, "taxpayer number", is_itin, ssn_words},
    {G1(10), SEP_NONE, NEED_WORD, RULE_UK_NHS, "NHS number", is_nhs, nhs_words},
    {G1(10), SEP_NONE, NEED_WORD, RULE_AU_MEDICARE, "Medicare card", is_au_medicare,
     medicare_words},
    {G1(11), SEP_NONE, NEED_WORD, RULE_DE_TAX_ID, "tax identifier", is_any_de_tax_id, de_tax_words},
    {G1(11), SEP_NONE, NEED_WORD, RULE_PL_PESEL, "PESEL", is_dated_pesel, pesel_words},
    {G1(11), SEP_NONE, NEED_WORD, RULE_BR_CPF, "CPF", is_cpf, cpf_words},
    {G1(12), SEP_NONE, NEED_WORD, RULE_IN_AADHAAR, "Aadhaar number", is_aadhaar, aadhaar_words},
    {G1(12), SEP_NONE, NEED_WORD, RULE_CARD, "payment card", is_card, card_words},
    {G1(13), SEP_NONE, NEED_WORD, RULE_CARD, "payment card", is_card, card_words},
    {G1(13), SEP_NONE, NEED_WORD, RULE_FR_NIR, "NIR without its key", is_nir_13, nir_words},
    {G1(14), SEP_NONE, NEED_NOTHING, RULE_CARD, "payment card", is_card, card_words},
    {G1(15), SEP_NONE, NEED_NOTHING, RULE_CARD, "payment card", is_card, card_words},
    {G1(15), SEP_NONE, NEED_NOTHING, RULE_FR_NIR, "NIR", is_nir_15, nir_words},
    {G1(15), SEP_NONE, NEED_WORD, RULE_FR_NIR, "NIR", is_any_nir_15, nir_words},
    {G1(16), SEP_NONE, NEED_NOTHING, RULE_CARD, "payment card", is_card_no_date, card_words},
    {G1(16), SEP_NONE, NEED_WORD, RULE_CARD, "payment card", is_card, card_words},
    {G1(17), SEP_NONE, NEED_WORD, RULE_CARD, "payment card", is_card, card_words},
    {G1(18), SEP_NONE, NEED_WORD, RULE_CARD, "payment card", is_card, card_words},
    {G1(19), SEP_NONE, NEED_WORD, RULE_CARD, "payment card", is_card, card_words},
    {G2(13, 2), SEP_BLANK, NEED_NOTHING, RULE_FR_NIR, "NIR", is_nir_15, nir_words},
    {G3(2, 3, 3), BD, NEED_WORD, RULE_AU_TFN, "tax file number", is_tfn, tfn_words},
    {G3(3, 2, 4), SEP_DASH, NEED_NOTHING, RULE_SSN, "social security number", is_ssn, ssn_words},
    {G3(3, 2, 4), SEP_DASH, NEED_NOTHING, RULE_SSN, "taxpayer number", is_itin, ssn_words},
    {G3(3, 2, 4), BDD, NEED_WORD, RULE_SSN, "social security number", is_ssn, ssn_words},
    {G3(3, 2, 4), BDD, NEED_WORD, RULE_SSN, "taxpayer number", is_itin, ssn_words},
    {G3(3, 3, 3), BD, NEED_WORD, RULE_CA_SIN, "social insurance number", is_sin, sin_words},
    {G3(3, 3, 3), BD, NEED_WORD, RULE_AU_TFN, "tax file number", is_tfn, tfn_words},
    {G3(3, 3, 3), BDD, NEED_WORD, RULE_NL_BSN, "citizen service number", is_bsn, bsn_words},
    {G3(3, 3, 4), SEP_BLANK, NEED_VALUE_OR_WORD, RULE_UK_NHS, "NHS number", is_nhs_in_use,
     nhs_words},
    {G3(3, 3, 4), BD, NEED_WORD, RULE_UK_NHS, "NHS number", is_nhs, nhs_words},
    {G3(3, 3, 4), SEP_DASH | SEP_DOT, NEED_NOTHING, RULE_PHONE, "national number",
     is_north_american, phone_words},
    {G3(4, 2, 3), SEP_DOT, NEED_WORD, RULE_NL_BSN, "citizen service number", is_bsn, bsn_words},
    {G3(4, 4, 4), SEP_BLANK, NEED_VALUE_OR_WORD, RULE_IN_AADHAAR, "Aadhaar number", is_aadhaar,
     aadhaar_words},
    {G3(4, 4, 4), BD, NEED_WORD, RULE_IN_AADHAAR, "Aadhaar number", is_aadhaar, aadhaar_words},
    {G3(4, 5, 1), BD, NEED_WORD, RULE_AU_MEDICARE, "Medicare card", is_au_medicare, medicare_words},
    {G3(4, 6, 4), BD, NEED_NOTHING, RULE_CARD, "payment card", is_card, card_words},
    {G3(4, 6, 5), BD, NEED_NOTHING, RULE_CARD, "payment card", is_card, card_words},
    {G4(1, 3, 3, 4), SEP_DASH | SEP_DOT, NEED_NOTHING, RULE_PHONE, "national number",
     is_north_american, phone_words},
    {G4(2, 3, 3, 3), SEP_BLANK, NEED_NOTHING, RULE_DE_TAX_ID, "tax identifier", is_de_tax_id,
     de_tax_words},
    {G4(2, 3, 3, 3), BD, NEED_WORD, RULE_DE_TAX_ID, "tax identifier", is_any_de_tax_id,
     de_tax_words},
    {G4(3, 3, 3, 2), SEP_DOTS_DASH, NEED_NOTHING, RULE_BR_CPF, "CPF", is_cpf, cpf_words},
    {G4(4, 4, 4, 1), BD, NEED_WORD, RULE_CARD, "payment card", is_card, card_words},
    {G4(4, 4, 4, 4), BD, NEED_NOTHING, RULE_CARD, "payment card", is_card, card_words},
    {G5(4, 4, 4, 4, 2), BD, NEED_WORD, RULE_CARD, "payment card", is_card, card_words},
    {G5(4, 4, 4, 4, 3), BD, NEED_NOTHING, RULE_CARD, "payment card", is_card, card_words},
    {G5(1, 2, 2, 2, 3) << 10 | G2(3, 2), BD, NEED_NOTHING, RULE_FR_NIR, "NIR", is_nir_15,
     nir_words},
    {G5(1, 2, 2, 2, 3) << 10 | G2(3, 2), BD, NEED_WORD, RULE_FR_NIR, "NIR", is_any_nir_15,
     nir_words},
    {.shape = UINT64_MAX},
};

static size_t hash_of_shape(uint64_t shape)
{
    return shape * 0x9e3779b97f4a7c15u >> 56;
}

static size_t next_of(size_t hash)
{
    return (hash + 1) % countof(((struct number_index *)0)->firsts);
}

const struct number_form *number_forms(const struct number_index *index, uint64_t shape)
{
    for (size_t i = hash_of_shape(shape); index->firsts[i]; i = next_of(i)) {
        const struct number_form *form = &forms[index->firsts[i] - 1];
        if (form->shape == shape)
            return form;
    }
    return NULL;
}

void number_index_init(struct number_index *index)
{
    *index = (struct number_index){.firsts = {0}};
    for (size_t i = 0; forms[i].shape != UINT64_MAX; i++) {
        size_t hash = hash_of_shape(forms[i].shape);
        word_heads_add(&index->words, forms[i].words);
        if (number_forms(index, forms[i].shape))
            continue;
        while (index->firsts[hash])
            hash = next_of(hash);
        index->firsts[hash] = (uint8_t)(i + 1);
    }
}
