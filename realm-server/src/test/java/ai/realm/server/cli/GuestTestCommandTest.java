package ai.realm.server.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code realm guest test}: cases against a guest, without a model. */
class GuestTestCommandTest {
    @TempDir
    private Path dir;

    private final StringWriter out = new StringWriter();

    private int run() {
        PrintWriter writer = new PrintWriter(out);
        int code = RealmCommand.commandLine().setOut(writer).setErr(writer)
                .execute("guest", "test", dir.toString(), "--junit", dir.resolve("junit.xml").toString());
        writer.flush();
        return code;
    }

    private void guest(String script) throws IOException {
        Files.writeString(dir.resolve("guest.js"), script);
        Files.createDirectories(dir.resolve("tests"));
    }

    private void test(String name, String json) throws IOException {
        Files.writeString(dir.resolve("tests").resolve(name), json);
    }

    @Test
    void cases_areComparedOneByOne() throws IOException {
        guest("""
                function generate(p) {
                  if (p === "bad") realm.refuse(409, "conflict_here", "no");
                  realm.event("step", {n: 1});
                  realm.toolCall("call_1", "weather", {city: "Rome"});
                  return realm.generate(p) + realm.setting("s") + realm.kv.get("k") + realm.request().user;
                }""");
        test("1-good.json",
                """
                        {"prompt": "hi", "settings": {"s": "!"}, "store": {"k": "v"}, "request": {"user": "ada"}, "replies": [["a", "b"]],
                         "expect": {"text": "ab!vada", "finish": "stop", "prompts": ["hi"], "events": [{"name": "step", "data": {"n": 1}}],
                           "calls": [{"id": "call_1", "name": "weather", "arguments": {"city": "Rome"}}]}}""");
        test("2-refused.json", """
                {"prompt": "bad", "expect": {"status": 409, "error": "conflict_here", "message": "no"}}""");
        test("3-wrong.json", """
                {"prompt": "hi", "replies": [["<x>"]], "expect": {"finish": "length"}}""");
        test("4-no-reply.json", """
                {"prompt": "hi", "expect": {"text": ""}}""");
        assertThat(run()).isEqualTo(1);
        assertThat(out.toString()).contains("ok      1-good.json").contains("ok      2-refused.json")
                .contains("FAILED  3-wrong.json").contains("finish should be \"length\" but is \"stop\"")
                .contains("FAILED  4-no-reply.json").contains("no reply for generation 1");
        assertThat(Files.readString(dir.resolve("junit.xml"))).contains("tests=\"4\" failures=\"2\"")
                .contains("finish should be &quot;length");
    }

    @Test
    void noCases_isAnError() throws IOException {
        guest("function generate() {}");
        assertThat(run()).isNotZero();
        assertThat(out.toString()).contains("no *.json");
    }
}
