/* test_reply.c: events under a shape become the canonical assistant message, or the right error.
 * The OpenAI shape is the one of lua/orket/llm/providers/openai.lua; the other two show that paths
 * suffice for providers that put things elsewhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "model/reply/reply.h"
#include "support.h"

#define OPENAI                                                                                     \
    "{\"done\":\"[DONE]\",\"stream\":{\"choices\":\"choices\","                                    \
    "\"content\":\"choices.0.delta.content\","                                                     \
    "\"reasoning\":[\"choices.0.delta.reasoning_content\",\"choices.0.delta.reasoning\"],"         \
    "\"calls\":\"choices.0.delta.tool_calls\",\"index\":\"index\",\"id\":\"id\","                  \
    "\"name\":\"function.name\",\"arguments\":\"function.arguments\","                             \
    "\"finish\":\"choices.0.finish_reason\",\"prompt_tokens\":\"usage.prompt_tokens\","            \
    "\"completion_tokens\":\"usage.completion_tokens\",\"error\":\"error\"},"                      \
    "\"whole\":{\"choices\":\"choices\","                                                          \
    "\"content\":[\"choices.0.message.content\",\"choices.0.message.content.*.text\"],"            \
    "\"calls\":\"choices.0.message.tool_calls\",\"id\":\"id\",\"name\":\"function.name\","         \
    "\"arguments\":\"function.arguments\",\"finish\":\"choices.0.finish_reason\","                 \
    "\"prompt_tokens\":\"usage.prompt_tokens\",\"error\":\"error\"}}"

#define ANTHROPIC                                                                                  \
    "{\"stream\":{\"content\":\"delta.text\",\"reasoning\":\"delta.thinking\",\"calls\":\"\","     \
    "\"index\":\"index\",\"id\":\"content_block.id\",\"name\":\"content_block.name\","             \
    "\"arguments\":\"delta.partial_json\",\"finish\":\"delta.stop_reason\","                       \
    "\"prompt_tokens\":\"message.usage.input_tokens\","                                            \
    "\"completion_tokens\":\"usage.output_tokens\",\"error\":\"error\"},"                          \
    "\"whole\":{\"content\":\"content.*.text\",\"calls\":\"content.*\",\"id\":\"id\","             \
    "\"name\":\"name\",\"arguments\":\"input\",\"finish\":\"stop_reason\",\"error\":\"error\"}}"

#define GEMINI                                                                                     \
    "{\"stream\":{\"content\":\"candidates.0.content.parts.*.text\","                              \
    "\"calls\":\"candidates.0.content.parts.*.functionCall\",\"name\":\"name\","                   \
    "\"arguments\":\"args\",\"finish\":\"candidates.0.finishReason\"}}"

/* as lua/orket/providers/{anthropic,gemini}.lua have them: signed thoughts and calls, sums */
#define SIGNED                                                                                     \
    "{\"stream\":{\"content\":\"delta.text\",\"reasoning\":\"delta.thinking\",\"calls\":\"\","     \
    "\"index\":\"index\",\"id\":\"content_block.?type=tool_use.id\",\"name\":"                     \
    "\"content_block.?type=tool_use.name\",\"redacted\":\"content_block.data\","                   \
    "\"end\":\"?type=message_stop\","                                                              \
    "\"arguments\":\"delta.partial_json\",\"signature\":\"delta.signature\","                      \
    "\"finish\":\"delta.stop_reason\",\"prompt_tokens\":[\"usage.input_tokens\","                  \
    "\"usage.cache_read_input_tokens\"],\"error\":\"error\"}}"

#define PARTS                                                                                      \
    "{\"stream\":{\"parts\":\"parts.*\",\"content\":\"!thought.text\",\"reasoning\":"              \
    "\"?thought.text\",\"text_signature\":\"!thought.!functionCall.thoughtSignature\","            \
    "\"calls\":\"\",\"name\":\"functionCall.name\",\"arguments\":\"functionCall.args\","           \
    "\"call_signature\":\"thoughtSignature\",\"finish\":\"finish\"}}"

#define SAY(text)                 "{\"choices\":[{\"delta\":{\"content\":" text "}}]}"
#define CALL(list)                "{\"choices\":[{\"delta\":{\"tool_calls\":[" list "]}}]}"
#define STOP                      "{\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}"
#define ASSISTANT(content, calls) "{\"content\":" content ",\"role\":\"assistant\"" calls "}"
#define TOOL(id, name, arguments)                                                                  \
    "{\"function\":{\"arguments\":" arguments ",\"name\":\"" name "\"},\"id\":\"" id               \
    "\",\"type\":\"function\"}"

static const struct row {
    const char *name, *shape;
    const char *events[10]; /* one with whole = true: the body */
    bool whole;
    int code;           /* of an event, or of the end */
    const char *answer; /* the message, or a part of the error */
} rows[] = {
    {"text",
     OPENAI,
     {SAY("\"he\""), SAY("\"llo\""), STOP, "[DONE]"},
     .answer = ASSISTANT("\"hello\"", "")},
    {"an empty text lets another speak",
     "{\"stream\":{\"content\":[\"a\",\"b\"],\"end\":\"end\"}}",
     {"{\"b\":\"y\",\"a\":\"x\"}", "{\"b\":\"y\",\"a\":\"\"}", "{\"end\":true}"},
     .answer = ASSISTANT("\"xy\"", "")},
    {"an empty object before the arguments, in an event like theirs",
     OPENAI,
     {CALL("{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"\"}}"),
      CALL("{\"index\":0,\"function\":{\"arguments\":\"{}\"}}"),
      CALL("{\"index\":0,\"function\":{\"arguments\":\"{\\\"x\\\":\"}}"),
      CALL("{\"index\":0,\"function\":{\"arguments\":\"1}\"}}"), STOP},
     .answer = ASSISTANT("null", ",\"tool_calls\":[" TOOL("a", "f", "\"{\\\"x\\\":1}\"") "]")},
    {"no done mark", OPENAI, {SAY("\"x\""), STOP}, .answer = ASSISTANT("\"x\"", "")},
    {"no finish", OPENAI, {SAY("\"x\""), " [DONE] "}, .answer = ASSISTANT("\"x\"", "")},
    {"blank events",
     OPENAI,
     {"", "  \n", SAY("\"x\""), "[DONE]"},
     .answer = ASSISTANT("\"x\"", "")},
    {"nothing after done",
     OPENAI,
     {SAY("\"x\""), "[DONE]", SAY("\"y\""), "{broken"},
     .answer = ASSISTANT("\"x\"", "")},
    {"null fields",
     OPENAI,
     {SAY("null"),
      "{\"choices\":[{\"delta\":{\"content\":null,\"tool_calls\":null},\"finish_reason\":null}],"
      "\"usage\":null,\"error\":null}",
      STOP},
     .answer = ASSISTANT("\"\"", "")},
    {"usage without choices",
     OPENAI,
     {SAY("\"x\""), STOP, "{\"choices\":[],\"usage\":{\"prompt_tokens\":3}}"},
     .answer = ASSISTANT("\"x\"", "")},
    {"no choices",
     OPENAI,
     {"{}", "{\"choices\":{}}", "{\"choices\":[1]}", SAY("\"x\""), STOP},
     .answer = ASSISTANT("\"x\"", "")},
    {"cut off", OPENAI, {SAY("\"x\"")}, .code = ERR_PROTOCOL, .answer = "before it was complete"},
    {"empty", OPENAI, {NULL}, .code = ERR_PROTOCOL, .answer = "holds no message"},
    {"broken event",
     OPENAI,
     {SAY("\"x\""), "{\"choices\":[{\"de"},
     .code = ERR_PROTOCOL,
     .answer = "event 2 of the stream"},
    {"the same name again where a call is whole",
     OPENAI,
     {CALL("{\"index\":0,\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}},{\"index\":0,"
           "\"function\":{\"name\":\"f\","
           "\"arguments\":\"{\\\"a\\\":1}\"}}"),
      STOP},
     .answer = ASSISTANT("null", ",\"tool_calls\":[" TOOL("call_0", "f", "\"{}\"") "," TOOL(
                                     "call_1", "f", "\"{\\\"a\\\":1}\"") "]")},
    {"an empty error is none",
     OPENAI,
     {"{\"error\":{},\"choices\":[{\"delta\":{\"content\":\"x\"}}]}",
      "{\"error\":\"\",\"choices\":[{\"finish_reason\":\"stop\"}]}"},
     .answer = ASSISTANT("\"x\"", "")},
    {"events as one array",
     OPENAI,
     {"[" SAY("\"x\"") "," STOP "]"},
     .whole = true,
     .answer = ASSISTANT("\"x\"", "")},
    {"an error in an array",
     OPENAI,
     {"[{\"error\":{\"message\":\"no\"}}]"},
     .whole = true,
     .code = ERR_HTTP,
     .answer = ": no"},
    {"quotes the event", OPENAI, {"<html>\x01 hi"}, .code = ERR_PROTOCOL, .answer = "<html>  hi"},
    {"not an object", OPENAI, {"[1]"}, .code = ERR_PROTOCOL, .answer = "no JSON object"},
    {"error object",
     OPENAI,
     {SAY("\"x\""), "{\"error\":{\"message\":\"too\\nbusy\",\"code\":503}}"},
     .code = ERR_HTTP,
     .answer = "too busy"},
    {"error text", OPENAI, {"{\"error\":\"no\"}"}, .code = ERR_HTTP, .answer = ": no"},
    {"error of another form",
     OPENAI,
     {"{\"error\":{\"a\":1}}"},
     .code = ERR_HTTP,
     .answer = "{\"a\":1}"},

    {"one call in pieces",
     OPENAI,
     {CALL("{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"\"}}"),
      CALL("{\"index\":0,\"function\":{\"arguments\":\"{\\\"x\\\"\"}}"),
      CALL("{\"index\":0,\"function\":{\"arguments\":\":1}\"}}"), STOP},
     .answer = ASSISTANT("null", ",\"tool_calls\":[" TOOL("a", "f", "\"{\\\"x\\\":1}\"") "]")},
    {"parallel calls interleaved",
     OPENAI,
     {CALL("{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\"}},{\"index\":1,\"id\":\"b\","
           "\"function\":{\"name\":\"g\"}}"),
      CALL("{\"index\":1,\"function\":{\"arguments\":\"[2\"}}"),
      CALL("{\"index\":0,\"function\":{\"arguments\":\"[1\"}}"),
      CALL("{\"index\":1,\"function\":{\"arguments\":\"]\"}},{\"index\":0,\"function\":{"
           "\"arguments\":\"]\"}}"),
      STOP},
     .answer = ASSISTANT(
         "null", ",\"tool_calls\":[" TOOL("a", "f", "\"[1]\"") "," TOOL("b", "g", "\"[2]\"") "]")},
    {"without ids",
     OPENAI,
     {CALL("{\"index\":0,\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}"),
      CALL("{\"index\":1,\"id\":\"\",\"function\":{\"name\":\"g\",\"arguments\":\"{}\"}}"), STOP},
     .answer = ASSISTANT("null", ",\"tool_calls\":[" TOOL("call_0", "f", "\"{}\"") "," TOOL(
                                     "call_1", "g", "\"{}\"") "]")},
    {"equal ids",
     OPENAI,
     {CALL("{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\"}}"),
      CALL("{\"index\":1,\"id\":\"a\",\"function\":{\"name\":\"g\"}}"), STOP},
     .answer = ASSISTANT("null", ",\"tool_calls\":[" TOOL("a", "f", "\"{}\"") "," TOOL(
                                     "call_1", "g", "\"{}\"") "]")},
    {"without indexes, by id",
     OPENAI,
     {CALL("{\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"[\"}}"),
      CALL("{\"id\":\"b\",\"function\":{\"name\":\"g\",\"arguments\":\"{}\"}}"),
      CALL("{\"id\":\"a\",\"function\":{\"arguments\":\"]\"}}"), STOP},
     .answer = ASSISTANT(
         "null", ",\"tool_calls\":[" TOOL("a", "f", "\"[]\"") "," TOOL("b", "g", "\"{}\"") "]")},
    {"without indexes and ids",
     OPENAI,
     {CALL("{\"function\":{\"name\":\"f\",\"arguments\":\"[\"}}"),
      CALL("{\"function\":{\"arguments\":\"]\"}}"),
      CALL("{\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}"), STOP},
     .answer = ASSISTANT("null", ",\"tool_calls\":[" TOOL("call_0", "f", "\"[]\"") "," TOOL(
                                     "call_1", "f", "\"{}\"") "]")},
    {"all with index 0",
     OPENAI,
     {CALL("{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"[\"}}"),
      CALL("{\"index\":0,\"function\":{\"arguments\":\"]\"}}"),
      CALL("{\"index\":0,\"id\":\"b\",\"function\":{\"name\":\"f\",\"arguments\":\"{\"}}"),
      CALL("{\"index\":0,\"function\":{\"arguments\":\"}\"}}"), STOP},
     .answer = ASSISTANT(
         "null", ",\"tool_calls\":[" TOOL("a", "f", "\"[]\"") "," TOOL("b", "f", "\"{}\"") "]")},
    {"the name in every piece",
     OPENAI,
     {CALL("{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"[\"}}"),
      CALL("{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"]\"}}"), STOP},
     .answer = ASSISTANT("null", ",\"tool_calls\":[" TOOL("a", "f", "\"[]\"") "]")},
    {"another name is another call",
     OPENAI,
     {CALL("{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"read_\"}}"),
      CALL("{\"index\":0,\"function\":{\"name\":\"file\"}}"), STOP},
     .answer = ASSISTANT("null", ",\"tool_calls\":[" TOOL("a", "read_", "\"{}\"") "," TOOL(
                                     "call_1", "file", "\"{}\"") "]")},
    {"another name with the same id is another call",
     OPENAI,
     {CALL("{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{\"}}"),
      CALL("{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"g\",\"arguments\":\"}\"}}"), STOP},
     .answer = ASSISTANT(
         "null", ",\"tool_calls\":[" TOOL("a", "f", "\"{\"") "," TOOL("call_1", "g", "\"}\"") "]")},
    {"another name by an id alone is another call",
     OPENAI,
     {CALL("{\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}"),
      CALL("{\"id\":\"a\",\"function\":{\"name\":\"g\",\"arguments\":\"{}\"}}"), STOP},
     .answer = ASSISTANT("null", ",\"tool_calls\":[" TOOL("a", "f", "\"{}\"") "," TOOL(
                                     "call_1", "g", "\"{}\"") "]")},
    {"the name in every piece, without index and id",
     OPENAI,
     {CALL("{\"function\":{\"name\":\"f\",\"arguments\":\"[\"}}"),
      CALL("{\"function\":{\"name\":\"f\",\"arguments\":\"1\"}}"),
      CALL("{\"function\":{\"name\":\"f\",\"arguments\":\"]\"}}"), STOP},
     .answer = ASSISTANT("null", ",\"tool_calls\":[" TOOL("call_0", "f", "\"[1]\"") "]")},
    {"two calls of one tool, without index and id",
     OPENAI,
     {CALL("{\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}"),
      CALL("{\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}"), STOP},
     .answer = ASSISTANT("null", ",\"tool_calls\":[" TOOL("call_0", "f", "\"{}\"") "," TOOL(
                                     "call_1", "f", "\"{}\"") "]")},
    {"an index that comes later",
     OPENAI,
     {CALL("{\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"\"}}"),
      CALL("{\"index\":0,\"function\":{\"arguments\":\"[1\"}}"),
      CALL("{\"index\":0,\"function\":{\"arguments\":\"]\"}}"), STOP},
     .answer = ASSISTANT("null", ",\"tool_calls\":[" TOOL("a", "f", "\"[1]\"") "]")},
    {"arguments before the name",
     OPENAI,
     {CALL("{\"index\":0,\"function\":{\"arguments\":\"[1\"}}"),
      CALL("{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"]\"}}"), STOP},
     .answer = ASSISTANT("null", ",\"tool_calls\":[" TOOL("a", "f", "\"[1]\"") "]")},
    {"a choice among others",
     OPENAI,
     {"{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}},{\"index\":1,\"delta\":{"
      "\"content\":\"x\"}}]}",
      "{\"choices\":[{\"index\":1,\"delta\":{\"content\":\"y\"}}]}",
      "{\"choices\":[{\"index\":1,\"delta\":{\"content\":\"z\"}},{\"index\":0,\"delta\":{"
      "\"content\":\"b\"}}]}",
      "{\"choices\":[{\"index\":1,\"delta\":{},\"finish_reason\":\"length\"}]}", SAY("\"c\""),
      STOP},
     .answer = ASSISTANT("\"abc\"", "")},
    {"a choice without a number",
     OPENAI,
     {"{\"choices\":[{\"index\":\"0\",\"delta\":{\"content\":\"a\"}}]}", STOP},
     .answer = ASSISTANT("\"\"", "")},
    {"arguments as an object",
     OPENAI,
     {CALL("{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":{\"b\":[1,2.0],"
           "\"a\":null}}}"),
      STOP},
     .answer = ASSISTANT(
         "null", ",\"tool_calls\":[" TOOL("a", "f", "\"{\\\"a\\\":null,\\\"b\\\":[1,2.0]}\"") "]")},
    {"call fields of other types",
     OPENAI,
     {CALL("{\"index\":\"0\",\"id\":7,\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}},1,null,[]"
           ",{\"x\":1}"),
      STOP},
     .answer = ASSISTANT("null", ",\"tool_calls\":[" TOOL("call_0", "f", "\"{}\"") "]")},
    {"broken arguments stay",
     OPENAI,
     {SAY("\"t\""),
      CALL("{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"x\\\": "
           "\"}}"),
      STOP},
     .answer = ASSISTANT("\"t\"", ",\"tool_calls\":[" TOOL("a", "f", "\"{\\\"x\\\": \"") "]")},

    {"a body",
     OPENAI,
     {"{\"choices\":[{\"message\":{\"content\":\"hi\",\"tool_calls\":[{\"id\":\"a\",\"function\":{"
      "\"name\":\"f\",\"arguments\":\"{}\"}}]},\"finish_reason\":\"tool_calls\"}]}"},
     .whole = true,
     .answer = ASSISTANT("\"hi\"", ",\"tool_calls\":[" TOOL("a", "f", "\"{}\"") "]")},
    {"a body of parts",
     OPENAI,
     {"{\"choices\":[{\"message\":{\"content\":[{\"type\":\"text\",\"text\":\"a\"},{\"type\":"
      "\"text\",\"text\":\"b\"}]}}]}"},
     .whole = true,
     .answer = ASSISTANT("\"ab\"", "")},
    {"an empty body",
     OPENAI,
     {""},
     .whole = true,
     .code = ERR_PROTOCOL,
     .answer = "the reply is no JSON object"},
    {"another body",
     OPENAI,
     {"{\"object\":\"list\"}"},
     .whole = true,
     .code = ERR_PROTOCOL,
     .answer = "holds no message"},

    {"anthropic stream",
     ANTHROPIC,
     {"{\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":9}}}",
      "{\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}",
      "{\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Let me.\"}}",
      "{\"index\":1,\"content_block\":{\"type\":\"tool_use\",\"id\":\"t1\",\"name\":\"f\","
      "\"input\":{}}}",
      "{\"index\":1,\"delta\":{\"partial_json\":\"{\\\"a\\\"\"}}",
      "{\"index\":1,\"delta\":{\"partial_json\":\":1}\"}}",
      "{\"delta\":{\"stop_reason\":\"tool_use\"},\"usage\":{\"output_tokens\":5}}"},
     .answer =
         ASSISTANT("\"Let me.\"", ",\"tool_calls\":[" TOOL("t1", "f", "\"{\\\"a\\\":1}\"") "]")},
    {"anthropic body",
     ANTHROPIC,
     {"{\"content\":[{\"type\":\"text\",\"text\":\"Hm.\"},{\"type\":\"tool_use\",\"id\":\"t1\","
      "\"name\":\"f\",\"input\":{\"a\":1}}],\"stop_reason\":\"tool_use\"}"},
     .whole = true,
     .answer = ASSISTANT("\"Hm.\"", ",\"tool_calls\":[" TOOL("t1", "f", "\"{\\\"a\\\":1}\"") "]")},
    {"gemini stream",
     GEMINI,
     {"{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"},{\"text\":\"b\"}]}}]}",
      "{\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"name\":\"f\",\"args\":{\"a\":"
      "1}}},{\"functionCall\":{\"name\":\"f\",\"args\":{}}}]},\"finishReason\":\"STOP\"}]}"},
     .answer =
         ASSISTANT("\"ab\"", ",\"tool_calls\":[" TOOL("call_0", "f", "\"{\\\"a\\\":1}\"") "," TOOL(
                                 "call_1", "f", "\"{}\"") "]")},
    {"a signed thought",
     SIGNED,
     {"{\"index\":0,\"delta\":{\"thinking\":\"h\"}}",
      "{\"index\":0,\"delta\":{\"thinking\":\"m\"}}",
      "{\"index\":0,\"delta\":{\"signature\":\"S=\"}}", "{\"index\":1,\"delta\":{\"text\":\"x\"}}",
      "{\"delta\":{\"stop_reason\":\"end_turn\"}}"},
     .answer = "{\"apart\":{\"said\":[{\"reasoning\":\"hm\",\"signature\":\"S=\"},{\"text\":1}]},"
               "\"content\":\"x\",\"role\":\"assistant\"}"},
    {"signed thoughts between calls and texts",
     SIGNED,
     {"{\"index\":0,\"delta\":{\"thinking\":\"one\"}}",
      "{\"index\":0,\"delta\":{\"signature\":\"S\"}}",
      "{\"index\":1,\"content_block\":{\"type\":\"redacted_thinking\",\"data\":\"D\"}}",
      "{\"index\":2,\"delta\":{\"text\":\"a\"}}", "{\"index\":3,\"delta\":{\"signature\":\"T\"}}",
      "{\"index\":4,\"content_block\":{\"id\":\"t\",\"name\":\"f\",\"type\":\"tool_use\"}}",
      "{\"index\":5,\"delta\":{\"thinking\":\"two\"}}",
      "{\"index\":5,\"delta\":{\"signature\":\"U\"}}", "{\"index\":6,\"delta\":{\"text\":\"bc\"}}",
      "{\"type\":\"message_stop\"}"},
     .answer = "{\"apart\":{\"said\":[{\"reasoning\":\"one\",\"signature\":\"S\"},{\"redacted\":"
               "\"D\"},{\"text\":1},"
               "{\"reasoning\":\"\",\"signature\":\"T\"},{\"call\":\"t\"},{\"reasoning\":\"two\","
               "\"signature\":\"U\"},"
               "{\"text\":2}]},\"content\":\"abc\",\"role\":\"assistant\",\"tool_calls\":[" TOOL(
                   "t", "f", "\"{}\"") "]}"},
    {"a tool of the server is no call",
     SIGNED,
     {"{\"index\":0,\"content_block\":{\"id\":\"s\",\"name\":\"web_search\",\"type\":\"server_tool_"
      "use\"}}",
      "{\"index\":0,\"delta\":{\"partial_json\":\"{}\"}}",
      "{\"index\":1,\"delta\":{\"text\":\"x\"}}", "{\"delta\":{\"stop_reason\":\"end_turn\"}}"},
     .answer = ASSISTANT("\"x\"", "")},
    {"thoughts among parts",
     PARTS,
     {"{\"parts\":[{\"text\":\"hm\",\"thought\":true},{\"text\":\"x\",\"thought\":false}]}",
      "{\"parts\":[{\"text\":\"y\",\"thought\":\"\"},{\"text\":\"z\",\"thoughtSignature\":\"S\"}]}",
      "{\"parts\":[{\"text\":\"\",\"thoughtSignature\":\"T\"}]}", "{\"finish\":\"STOP\"}"},
     .answer = "{\"apart\":{\"said\":[{\"reasoning\":\"hm\"},{\"text\":2},{\"signature\":\"S\","
               "\"text\":1},"
               "{\"signature\":\"T\",\"text\":0}]},\"content\":\"xyz\",\"role\":\"assistant\"}"},
    {"signed calls",
     PARTS,
     {"{\"parts\":[{\"functionCall\":{\"name\":\"f\",\"args\":{}},\"thoughtSignature\":\"S\"},"
      "{\"functionCall\":{\"name\":\"g\"}}]}",
      "{\"parts\":[{\"functionCall\":{\"name\":\"h\"},\"thoughtSignature\":\"T\"}]}",
      "{\"finish\":\"STOP\"}"},
     .answer =
         "{\"apart\":{\"said\":[{\"call\":\"call_0\",\"signature\":\"S\"},{\"call\":\"call_1\"},"
         "{\"call\":\"call_2\",\"signature\":\"T\"}]},\"content\":null,"
         "\"role\":\"assistant\",\"tool_calls\":[" TOOL("call_0", "f", "\"{}\"") "," TOOL(
             "call_1", "g", "\"{}\"") "," TOOL("call_2", "h", "\"{}\"") "]}"},
};

static int compile(struct shape *shape, const char *text, struct err *err)
{
    struct json_doc doc = {0};
    int rc = json_parse(&doc, text, strlen(text), NULL, err);
    if (rc == 0)
        rc = shape_init(shape, &doc.root, err);
    json_doc_clear(&doc);
    return rc;
}

static int run(const struct row *row, struct buf *out, struct err *err)
{
    struct shape shape = {0};
    struct reply reply = {0};
    int rc = compile(&shape, row->shape, err);
    reply_init(&reply, &shape);
    for (size_t i = 0; i < COUNT_OF(row->events) && row->events[i] && rc == 0; i++) {
        const char *text = row->events[i];
        rc = row->whole ? reply_body(&reply, text, strlen(text), err)
                        : reply_event(&reply, text, strlen(text), err);
    }
    if (rc == 0)
        rc = reply_end(&reply, err);
    if (rc == 0)
        reply_message(&reply, out);
    if (rc == 0 && !buf_ok(out))
        rc = ERR_MEMORY;
    reply_clear(&reply);
    shape_clear(&shape);
    return rc;
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct buf out = {0};
        struct err err = {0};
        int rc = run(&rows[i], &out, &err);
        const char *got = rc ? err.text : out.data;
        if (rc != rows[i].code ||
            (rc ? !strstr(got, rows[i].answer) : strcmp(got, rows[i].answer) != 0))
            fail_msg("%s: %s %s", rows[i].name, err_name(rc), got);
        if (rc == 0) { // the message is canonical JSON
            struct json_doc doc = {0};
            struct buf again = {0};
            assert_int_equal(json_parse(&doc, out.data, out.len, NULL, NULL), 0);
            json_write(&again, &doc.root);
            assert_string_equal(again.data, out.data);
            buf_clear(&again);
            json_doc_clear(&doc);
        }
        buf_clear(&out);
    }
}

static void test_memory_fails(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        bool failed = true;
        struct buf whole = {0};
        (void)!run(&rows[i], &whole, &(struct err){0});
        for (unsigned n = 1; failed; n++) {
            struct buf out = {0};
            struct err err = {0};
            support_fail_at(n);
            int rc = run(&rows[i], &out, &err);
            failed = support_failed();
            support_fail_at(0);
            if (!failed && rc != rows[i].code)
                fail_msg("%s: %s", rows[i].name, err_name(rc));
            if (failed && rc != ERR_MEMORY && rc != rows[i].code)
                fail_msg("%s without allocation %u: %s", rows[i].name, n, err_name(rc));
            if (rc == 0 && (out.len != whole.len || memcmp(out.data, whole.data, out.len) != 0))
                fail_msg("%s without allocation %u is read as %s", rows[i].name, n, out.data);
            buf_clear(&out);
        }
        buf_clear(&whole);
    }
}

static void test_bounds(void **state)
{
    (void)state;
    struct shape shape;
    struct reply reply;
    struct err err = {0};
    char event[200];
    assert_int_equal(compile(&shape, OPENAI, NULL), 0);
    reply_init(&reply, &shape);
    int rc = 0;
    for (int i = 0; i <= REPLY_CALLS_MAX && rc == 0; i++) {
        snprintf(event, sizeof event, CALL("{\"index\":%d,\"function\":{\"name\":\"f\"}}"), i);
        rc = reply_event(&reply, event, strlen(event), &err);
    }
    for (int i = 0; i < 3 * REPLY_CALLS_READ && rc == 0; i++) { // the last one goes on
        const char *more = CALL("{\"index\":128,\"function\":{\"arguments\":\"12345\"}}");
        rc = reply_event(&reply, more, strlen(more), &err);
    }
    assert_int_equal(rc, 0);
    assert_int_equal(reply.call_count, REPLY_CALLS_MAX);
    assert_int_equal(reply.excess, 1);
    rc = reply_event(&reply, STOP, strlen(STOP), &err);
    assert_int_equal(rc, 0);
    assert_int_equal(reply_end(&reply, &err), 0);
    assert_int_equal(reply.call_count, 0);
    assert_int_equal(reply_bytes(&reply), REPLY_CALLS_MAX + 1 + 5 * 3 * REPLY_CALLS_READ);
    reply_clear(&reply);
    reply_init(&reply, &shape);
    for (int i = 0; i <= REPLY_CALLS_MAX + REPLY_CALLS_READ && rc == 0; i++) {
        snprintf(event, sizeof event, CALL("{\"index\":%d,\"function\":{\"name\":\"f\"}}"), i);
        rc = reply_event(&reply, event, strlen(event), &err);
    }
    assert_int_equal(rc, ERR_LIMIT); // there is no end of them
    reply_clear(&reply);
    reply_init(&reply, &shape);
    char name[REPLY_NAME_MAX + 2] = {0};
    char long_event[2 * REPLY_NAME_MAX + 200];
    memset(name, 'n', sizeof name - 1);
    snprintf(long_event, sizeof long_event,
             CALL("{\"index\":0,\"id\":\"%s\",\"function\":{\"name\":\"%s\"}}"), name, name);
    rc = reply_event(&reply, long_event, strlen(long_event), &err);
    assert_int_equal(rc, 0);
    rc = reply_event(&reply, STOP, strlen(STOP), &err);
    assert_int_equal(rc, 0);
    assert_int_equal(reply_end(&reply, &err), 0);
    assert_int_equal(reply.call_count, 1);
    assert_int_equal(reply.calls[0].name.len, REPLY_NAME_MAX);
    assert_string_equal(reply.calls[0].id.data, "call_0");
    reply_clear(&reply);
    shape_clear(&shape);
}

/* Nobody counts less than nothing, parts of a token, or as if it were all the money of the world.
 */
/* A name with every fragment, and arguments that always look complete and never are. */
static void test_names_without_end(void **state)
{
    (void)state;
    struct shape shape;
    struct reply reply;
    struct buf first = {0};
    const char *more = CALL("{\"index\":0,\"function\":{\"name\":\"f\",\"arguments\":\"}\"}}");
    assert_int_equal(compile(&shape, OPENAI, NULL), 0);
    reply_init(&reply, &shape);
    buf_puts(&first, "{\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{"
                     "\"name\":\"f\",\"arguments\":\"[");
    for (int i = 0; i < 28000; i++)
        buf_puts(&first, "1,");
    buf_puts(&first, "1]}\"}}]}}]}");
    clock_t from = clock();
    assert_int_equal(reply_event(&reply, first.data, first.len, NULL), 0);
    for (int i = 0; i < 9000; i++)
        assert_int_equal(reply_event(&reply, more, strlen(more), NULL), 0);
    assert_true((double)(clock() - from) / CLOCKS_PER_SEC < 1.5); // of CPU; it was 5
    assert_int_equal(reply.call_count, 1);
    reply_clear(&reply);
    shape_clear(&shape);
    buf_clear(&first);
}

static void test_usage_nonsense(void **state)
{
    (void)state;
    static const char *const counts[] = {
        "-1",        "-9223372036854775808", "9223372036854775807", "1e300", "1.5", "\"7\"", "null",
        "1000000001"};
    struct shape shape;
    assert_int_equal(compile(&shape, OPENAI, NULL), 0);
    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        struct reply reply;
        char event[128];
        snprintf(event, sizeof event, "{\"choices\":[],\"usage\":{\"prompt_tokens\":%s}}",
                 counts[i]);
        reply_init(&reply, &shape);
        assert_int_equal(reply_event(&reply, event, strlen(event), NULL), 0);
        assert_int_equal(reply.prompt_tokens, -1);
        const char *told = "{\"choices\":[],\"usage\":{\"prompt_tokens\":1000000000}}";
        assert_int_equal(reply_event(&reply, told, strlen(told), NULL), 0);
        assert_int_equal(reply_event(&reply, event, strlen(event), NULL), 0);
        assert_int_equal(reply.prompt_tokens, 1000000000);
        reply_clear(&reply);
    }
    shape_clear(&shape);
}

/* What a reply had said when it broke off. */
static void test_said(void **state)
{
    (void)state;
    struct shape shape;
    struct reply reply;
    const char *events[] = {
        SAY("\"four\""),
        CALL("{\"index\":0,\"id\":\"i\",\"function\":{\"name\":\"tool\",\"arguments\":\"{1}\"}}")};
    assert_int_equal(compile(&shape, OPENAI, NULL), 0);
    reply_init(&reply, &shape);
    assert_int_equal(reply_bytes(&reply), 0);
    for (size_t i = 0; i < COUNT_OF(events); i++)
        assert_int_equal(reply_event(&reply, events[i], strlen(events[i]), NULL), 0);
    assert_int_equal(reply_bytes(&reply), 4 + 4 + 3);
    reply_clear(&reply);
    shape_clear(&shape);
}

/* Counts that a provider tells apart are one; a 0 that comes late takes nothing back. */
static void test_sums(void **state)
{
    (void)state;
    static const char *const told[] = {
        "{\"usage\":{\"input_tokens\":5}}",
        "{\"usage\":{\"input_tokens\":5,\"cache_read_input_tokens\":7}}",
        "{\"usage\":{\"input_tokens\":0,\"cache_read_input_tokens\":null}}",
        "{\"usage\":{\"input_tokens\":5,\"cache_read_input_tokens\":-1}}",
        "{\"usage\":{\"input_tokens\":999999999,\"cache_read_input_tokens\":2}}",
        "{\"usage\":{}}",
        "{\"usage\":{\"cache_read_input_tokens\":9}}",
    };
    static const int64_t want[] = {5, 12, 12, 12, 12, 12, 14};
    struct shape shape;
    struct reply reply;
    assert_int_equal(compile(&shape, SIGNED, NULL), 0);
    reply_init(&reply, &shape);
    for (size_t i = 0; i < COUNT_OF(told); i++) {
        assert_int_equal(reply_event(&reply, told[i], strlen(told[i]), NULL), 0);
        assert_int_equal(reply.prompt_tokens, want[i]);
    }
    reply_clear(&reply);
    shape_clear(&shape);
}

static void test_usage(void **state)
{
    (void)state;
    struct shape shape;
    struct reply reply;
    const char *events[] = {
        SAY("\"x\""), STOP,
        "{\"choices\":[],\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":3}}"};
    assert_int_equal(compile(&shape, OPENAI, NULL), 0);
    reply_init(&reply, &shape);
    assert_int_equal(reply.prompt_tokens, -1);
    for (size_t i = 0; i < COUNT_OF(events); i++)
        assert_int_equal(reply_event(&reply, events[i], strlen(events[i]), NULL), 0);
    assert_int_equal(reply_end(&reply, NULL), 0);
    assert_int_equal(reply.prompt_tokens, 12);
    assert_int_equal(reply.completion_tokens, 3);
    assert_string_equal(reply.finish.data, "stop");
    reply_clear(&reply);
    shape_clear(&shape);
}

static void test_bad_shapes(void **state)
{
    (void)state;
    static const char *const shapes[] = {
        "1",
        "[]",
        "{\"streams\":{}}",
        "{\"done\":1}",
        "{\"stream\":[]}",
        "{\"stream\":{\"x\":\"a\"}}",
        "{\"stream\":{\"content\":1}}",
        "{\"stream\":{\"content\":[1]}}",
        "{\"stream\":{\"content\":\"a..b\"}}",
        "{\"stream\":{\"content\":\".a\"}}",
        "{\"stream\":{\"content\":\"a.\"}}",
        "{\"stream\":{\"content\":\"1.2.3.4.5.6.7.8.9\"}}",
        "{\"stream\":{\"content\":\"a\\u0000b\"}}",
    };
    for (size_t i = 0; i < COUNT_OF(shapes); i++) {
        struct shape shape;
        struct err err = {0};
        if (compile(&shape, shapes[i], &err) != ERR_CONFIG || !err.text[0])
            fail_msg("%s was taken", shapes[i]);
    }
}

/* ---- events that differ in one text only ---- */

/* Content and finish are one text, and so are a call's id and its arguments. */
#define ODD                                                                                        \
    "{\"stream\":{\"content\":\"t\",\"finish\":\"t\",\"calls\":\"c\",\"id\":\"a\",\"arguments\":"  \
    "\"a\"}}"

static const char *const streams[] = {OPENAI, ANTHROPIC, GEMINI, SIGNED, PARTS, ODD};

/* '@' stands for a text. */
static const char *const kinds[] = {
    SAY("\"@\""),
    "{\"choices\":[{\"delta\":{\"content\":\"@\",\"reasoning\":\"@\"}}],\"id\":\"@\"}",
    "{\"choices\":[{\"delta\":{\"content\":\"\",\"reasoning\":\"@\"},\"finish_reason\":\"x\"}]}",
    CALL("{\"index\":0,\"function\":{\"arguments\":\"@\"}}"),
    CALL("{\"index\":1,\"id\":\"i\",\"function\":{\"arguments\":\"@\"}}"),
    CALL("{\"index\":0,\"function\":{\"arguments\":\"@\"}},{\"index\":9,\"id\":\"i\"}"),
    CALL("{\"id\":\"@\",\"function\":{\"arguments\":\"{\"}}"),
    CALL("{\"index\":0,\"id\":\"i\",\"function\":{\"name\":\"f\",\"arguments\":\"@\"}}"),
    CALL("{\"function\":{\"name\":\"@\",\"arguments\":\"[\"}}"),
    CALL("{\"index\":0,\"function\":{\"arguments\":{\"a\":1}}}],\"content\":[\"@\""),
    "{\"choices\":[{\"delta\":{\"content\":\"@\",\"tool_calls\":[{\"function\":{\"arguments\":[]}}]"
    "}}]}",
    "{\"error\":false,\"choices\":[{\"delta\":{\"content\":\"@\"}}],\"usage\":{\"prompt_tokens\":2}"
    "}",
    "{\"t\":\"@\"}",
    "{\"c\":{\"a\":\"@\"}}",
    "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"@\"}]}}]}",
    "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"@\"},{\"functionCall\":{\"name\":\"f\"}}"
    "]}}]}",
    "{\"delta\":{\"text\":\"@\"}}",
    "{\"delta\":{\"text\":\"@\",\"signature\":\"S\"}}",
    "{\"delta\":{\"thinking\":\"x\",\"signature\":\"@\"}}",
    "{\"parts\":[{\"text\":\"@\",\"thought\":true},{\"text\":\"\"}]}",
    "{\"parts\":[{\"functionCall\":{\"args\":\"@\"},\"thoughtSignature\":\"S\"}]}",
    "{\"delta\":{\"partial_json\":\"@\"},\"index\":1}",
};

static const char *const texts[] = {
    "a",
    "",
    "a longer text of more than eight bytes",
    "\\\"",
    "\\\\",
    "\\n\\u00e9\\ud83d\\ude00",
    "\xC3\xA9",
    "\"",
    "\\",
    "x\"}}]}",
    "\",\"b\":\"",
    "\x01",
    "\xC3",
    "\\ud83d",
    "\" ",
    "\"}}],\"x\":[{\"y\":{\"z\":\"",
};

/* An event with `blanks` where no text changes them; more than the one before has means that it
 * must be parsed. */
static void put_event(struct buf *out, const char *kind, const char *text, unsigned blanks)
{
    buf_reset(out);
    buf_putc(out, '{');
    while (blanks-- > 0)
        buf_putc(out, ' ');
    for (const char *p = kind + 1; *p; p++) {
        if (*p == '@')
            buf_puts(out, text);
        else
            buf_putc(out, *p);
    }
}

static void assert_same(struct reply *a, struct reply *b)
{
    struct buf one = {0}, two = {0};
    reply_message(a, &one);
    reply_message(b, &two);
    assert_string_equal(one.data, two.data);
    assert_string_equal(a->reasoning.len ? a->reasoning.data : "",
                        b->reasoning.len ? b->reasoning.data : "");
    assert_string_equal(a->finish.len ? a->finish.data : "", b->finish.len ? b->finish.data : "");
    assert_true(a->seen == b->seen && a->events == b->events && a->call_count == b->call_count &&
                a->prompt_tokens == b->prompt_tokens);
    buf_clear(&one);
    buf_clear(&two);
}

/* Runs of one kind of event, now and then another; the same with every event parsed. */
static void test_one_text_differs(void **state)
{
    (void)state;
    unsigned seed = 1;
    struct buf plain = {0}, parsed = {0};
    for (unsigned round = 0; round < 4000; round++) {
        struct shape shape;
        struct reply a, b;
        const char *kind = kinds[round % COUNT_OF(kinds)];
        int rc = compile(&shape, streams[round / COUNT_OF(kinds) % COUNT_OF(streams)], NULL);
        reply_init(&a, &shape);
        reply_init(&b, &shape);
        for (unsigned i = 0; i < 8 && rc == 0; i++) {
            seed = seed * 1103515245u + 12345u;
            if (seed >> 16 & 1 && seed >> 17 & 1)
                kind = kinds[(seed >> 18) % COUNT_OF(kinds)];
            const char *text = texts[(seed >> 24) % (i < 4 ? 7 : COUNT_OF(texts))];
            put_event(&plain, kind, text, 0);
            put_event(&parsed, kind, text, i % 2 + 1);
            rc = reply_event(&a, plain.data, plain.len, NULL);
            assert_int_equal(rc, reply_event(&b, parsed.data, parsed.len, NULL));
            assert_same(&a, &b);
        }
        reply_clear(&a);
        reply_clear(&b);
        shape_clear(&shape);
    }
    buf_clear(&plain);
    buf_clear(&parsed);
}

static void test_error_text(void **state)
{
    (void)state;
    static const struct {
        const char *body, *text, *kinds;
    } cases[] = {
        {"{\"error\":{\"message\":\"bad key\"}}", "bad key", NULL},
        {"{\"error\":\"no\"}", "no", NULL},
        {"{\"error\":[{\"message\":\"m\",\"code\":503,\"type\":\"t\",\"status\":\"S\"}]}", "m (t)",
         "t S 503"},
        {"{\"error\":{\"message\":\"m\",\"type\":{},\"code\":null}}", "m", NULL},
        {"<html>\nno\xff", "<html> no\xEF\xBF\xBD", NULL},
        {"{\"detail\":1}", "{\"detail\":1}", NULL},
    };
    struct shape shape;
    assert_int_equal(compile(&shape, OPENAI, NULL), 0);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buf out = {0}, said_kinds = {0};
        reply_error_text(&shape, cases[i].body, strlen(cases[i].body), &out, &said_kinds);
        assert_string_equal(out.data, cases[i].text);
        if (cases[i].kinds)
            assert_string_equal(said_kinds.data, cases[i].kinds);
        else
            assert_int_equal(said_kinds.len, 0);
        buf_clear(&said_kinds);
        buf_clear(&out);
    }
    shape_clear(&shape);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),       cmocka_unit_test(test_memory_fails),
        cmocka_unit_test(test_bounds),     cmocka_unit_test(test_usage),
        cmocka_unit_test(test_sums),       cmocka_unit_test(test_usage_nonsense),
        cmocka_unit_test(test_said),       cmocka_unit_test(test_bad_shapes),
        cmocka_unit_test(test_error_text), cmocka_unit_test(test_one_text_differs),
        cmocka_unit_test(test_names_without_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
