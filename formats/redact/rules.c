#include "formats/redact/rules.h"

const struct redact_rule_text redact_rules[REDACT_RULES] = {
#define X(rule, name, mark, action, what) [rule] = {STR_INIT(name), STR_INIT(mark), action, what},
    REDACT_RULES_X(X)
#undef X
};

const char *const redact_action_names[REDACT_ACTIONS + 1] = {
    [REDACT_KEEP] = "keep",     [REDACT_MASK] = "mask",   [REDACT_PARTIAL] = "partial",
    [REDACT_REMOVE] = "remove", [REDACT_TOKEN] = "token",
};
