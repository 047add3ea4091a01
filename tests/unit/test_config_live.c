#include "base/config_live.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/time.h"
#include "tests/test.h"

static const char *const sections[] = {"shipper.", "labels", NULL};

struct taker {
    const struct config *taken;
    size_t times;
};

static void take(const struct config *next, void *data)
{
    struct taker *t = data;
    t->taken = next;
    t->times++;
}

static bool set_state(struct config *c, void *data, struct err *err)
{
    (void)data;
    return config_set(c, "shipper.state", STR("/flag"), "--state", err);
}

static const char *write_config(const char *text)
{
    static char path[256];
    struct err err;
    snprintf(path, sizeof path, "%s/live.yml", test_folder());
    REQUIRE_OK(file_replace(path, str_from(text), 0600, &err));
    return path;
}

static struct err err;
static struct warnings w;

#define RELOADS(live, text)                                         \
    do {                                                            \
        defer(buf_free) struct buf report_ = {0};                   \
        REQUIRE_OK(live_config_reload((live), &w, &report_, &err)); \
        CHECK_STR(buf_str(&report_), STR(text));                    \
    } while (0)

TEST(live_config_reports_what_changes_and_what_needs_a_restart) /* 4 */
{
    struct taker taker = {0};
    struct live_config live = {
        .path = write_config("shipper: {flush: 1s}\n"),
        .apply = take,
        .data = &taker,
        .sections = sections,
    };
    REQUIRE_OK(live_config_open(&live, &w, &err));
    RELOADS(&live, "nothing has changed");
    CHECK(live.now != live.first && taker.taken == live.now);
    write_config("shipper: {flush: 2s, state: /other}\nlog: {level: error}\n");
    RELOADS(&live, "shipper.state needs a restart; shipper.flush is now 2s");
    CHECK_INT(taker.taken->shipper.flush_ns, 2 * NS_PER_S);
    /* The restart is still due; the flush is not new any more. */
    RELOADS(&live, "shipper.state needs a restart");
    write_config("labels: {env: prod}\n");
    RELOADS(&live, "labels needs a restart; shipper.flush is now 1s");
    CHECK_STR(live.first->shipper.state, STR("/var/lib/sluice/shipper"));
    CHECK_INT(taker.times, 4);
    live_config_close(&live);
}

TEST(live_config_reports_outputs_by_name)
{
    static const char *const outputs[] = {"outputs.", NULL};
    struct taker taker = {0};
    struct live_config live = {
        .path = write_config("outputs: {loki: {url: http://a}, stdout: {}, elastic: off}\n"),
        .apply = take,
        .data = &taker,
        .sections = outputs,
    };
    REQUIRE_OK(live_config_open(&live, &w, &err));
    write_config("outputs: {loki: {url: http://b}, eu: {kind: loki, url: http://c}}\n");
    RELOADS(&live,
            "outputs.loki is now {url: http://b}; outputs.eu is now {kind: loki, url: http://c}; "
            "outputs.stdout is now off");
    CHECK_INT(taker.taken->outputs.n, 2);
    RELOADS(&live, "nothing has changed");
    live_config_close(&live);
}

TEST(live_config_is_not_changed_by_a_wrong_file) /* 3 */
{
    struct taker taker = {0};
    struct live_config live = {
        .path = write_config("{}"), .apply = take, .data = &taker, .sections = sections};
    defer(buf_free) struct buf report = {0};
    REQUIRE_OK(live_config_open(&live, &w, &err));
    write_config("shipper: {flush: 2s, max_line: 5}\n");
    CHECK(!live_config_reload(&live, &w, &report, &err));
    CHECK(strstr(err.text, "live.yml:1:32: shipper.max_line: '5' has no unit"));
    CHECK(report.len == 0 && taker.times == 0 && live.now == live.first);
    write_config("shipper: {flush: 3s}\n");
    RELOADS(&live, "shipper.flush is now 3s");
    live_config_close(&live);
}

TEST(live_config_lets_flags_win)
{
    struct taker taker = {0};
    struct live_config live = {.path = write_config("{}"),
                               .adjust = set_state,
                               .apply = take,
                               .data = &taker,
                               .sections = sections};
    REQUIRE_OK(live_config_open(&live, &w, &err));
    CHECK_STR(live.first->shipper.state, STR("/flag"));
    CHECK_STR(str_from(options_place(&live.first->options, "shipper.state").file), STR("--state"));
    write_config("shipper: {state: /other}\n");
    RELOADS(&live, "nothing has changed");
    CHECK_STR(live.now->shipper.state, STR("/flag"));
    live_config_close(&live);
}

TEST(config_set_checks_as_a_file_is_checked)
{
    struct config c;
    REQUIRE_OK(config_read(&c, STR(""), "f.yml", &w, &err));
    CHECK(!config_set(&c, "collector.listen", STR("0.0.0.0:1"), "--listen", &err));
    CHECK(strstr(err.text, "--listen: collector.listen: 0.0.0.0:1 is not loopback"));
    REQUIRE_OK(config_set(&c, "collector.listen", STR("off"), "--listen", &err));
    CHECK_INT(c.collector.listen.len, 0);
    REQUIRE_OK(config_set(&c, "collector.data", (struct str){0}, "--data", &err));
    CHECK_STR(c.collector.data, STR("/var/lib/sluice/collector"));
    CHECK(!config_set(&c, "shipper.socket", STR("/run/sluice/sluice.sock"), "--x", &err));
    config_free(&c);
}
