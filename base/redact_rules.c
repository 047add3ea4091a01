#include "base/redact_rules.h"

const struct redact_rule_text redact_rules[REDACT_RULES] = {
#define X(rule, name, mark, action, what) [rule] = {STR_INIT(name), STR_INIT(mark), action, what},
    REDACT_RULES_X(X)
#undef X
};

const char *const redact_action_names[REDACT_ACTIONS + 1] = {
    [REDACT_KEEP] = REDACT_KEEP_TEXT,       [REDACT_MASK] = REDACT_MASK_TEXT,
    [REDACT_PARTIAL] = REDACT_PARTIAL_TEXT, [REDACT_REMOVE] = REDACT_REMOVE_TEXT,
    [REDACT_TOKEN] = REDACT_TOKEN_TEXT,
};
