/*
 * Outputs beside the collector: entries of `outputs` (of a shipper) and `collector.outputs`, by name.
 *
 *     outputs:
 *       collector: {...}                          base/config.h, not one of these
 *       loki:      {url: "http://loki:3100"}      kind: what the name says
 *       loki-eu:   {kind: loki, url: ...}         or is named
 *       elastic:   off                            as if it were not there
 */
#ifndef BASE_CONFIG_OUTPUTS_H
#define BASE_CONFIG_OUTPUTS_H

#include "base/options.h"

enum {
    OUTPUTS_MAX = 16,
    OUTPUT_NAME_MAX = 32, /* lower case letters, digits, - and _, a letter first */
};

enum output_kind { OUTPUT_LOKI, OUTPUT_ELASTIC, OUTPUT_COLLECTOR, OUTPUT_STDOUT, OUTPUT_KINDS };
enum output_metadata { OUTPUT_METADATA_AUTO, OUTPUT_METADATA_OFF };
enum output_encoding { OUTPUT_ENCODING_PROTOBUF, OUTPUT_ENCODING_JSON };
enum output_fields { OUTPUT_FIELDS_FLATTENED, OUTPUT_FIELDS_EXPAND, OUTPUT_FIELDS_NONE };
enum output_form { OUTPUT_FORM_JSON, OUTPUT_FORM_LOGFMT, OUTPUT_FORM_RAW };

/* Empty texts: not given. */
struct config_other_output {
    struct str name;
    int kind;               /* enum output_kind */
    struct str url;         /* unix:///path, http:// or https://; needed but for stdout */
    struct str tenant;      /* loki: X-Scope-OrgID */
    struct str_list labels; /* loki */
    int metadata;           /* loki: enum output_metadata */
    int encoding;           /* loki: enum output_encoding */
    struct str data_stream; /* elastic */
    int fields;             /* elastic: enum output_fields */
    int form;               /* stdout: enum output_form */
    struct str token_file, user, password_file, api_key_file; /* one way to log in at most */
    struct str ca_file, cert_file, key_file;                  /* https; the last two together */
    struct str match;             /* which records: filters as in retention rules; empty: all */
    bool keeps_rejects;           /* on_reject: keep */
    bool skips;                   /* when_full: skip */
    const char *api_key_variable; /* elastic: the environment has the key itself here; or NULL */
    const struct yaml *given;
    struct str text; /* all of it on one line, to tell whether it has changed */
};

struct config_outputs {
    const struct yaml *given;          /* as written, with those that are off */
    struct config_other_output *items; /* by name */
    size_t n;
};

extern const char *const output_kind_names[]; /* ends with NULL */

#endif
