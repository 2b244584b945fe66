package ai.realm.runtime.guest;

import ai.realm.core.error.GuestRefusal;
import ai.realm.runtime.session.FinishReason;
import ai.realm.runtime.session.Usage;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/** What a guest says of its request's answer beside the text: how it ended, calls of tools, refusals, events; and what it has used. */
final class HostAnswer {
    private static final long MAX_JSON_BYTES = 1 << 20;
    private static final long MAX_NAME_BYTES = 128;
    private static final long MAX_TEXT_BYTES = 2000;
    private static final int OPEN = 1;
    private static final int USAGE_BYTES = 40;
    /** What a call or an event costs at least of the bytes of output. */
    private static final long LEAST_BYTES = 64;
    private static final Set<Integer> STATUSES = Set.of(400, 403, 409, 422, 429);
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_.:-]{1,64}");
    private static final FinishReason[] REASONS = {FinishReason.STOP, FinishReason.LENGTH, FinishReason.CONTENT_FILTER,
            FinishReason.TOOL_CALLS};

    private final GuestRun run;

    HostAnswer(GuestRun run) {
        this.run = run;
    }

    private static String text(GuestMemory memory, long ptr, long len, long most, String what) {
        memory.require(ptr, len, what);
        if (len > most) {
            throw new AbiException(AbiError.BAD_OPTION, what + " must have at most " + most + " bytes, not " + len);
        }
        return Text.withoutNul(memory.readText(ptr, len, what));
    }

    private static String name(GuestMemory memory, long ptr, long len, String what) {
        String name = text(memory, ptr, len, MAX_NAME_BYTES, what);
        if (!NAME.matcher(name).matches()) {
            throw new AbiException(AbiError.BAD_OPTION, what + " must be 1 to 64 letters, digits, _, ., : or -");
        }
        return name;
    }

    long render(GuestMemory memory, int model, long ptr, long len, int flags, long dst, long max) {
        memory.require(dst, max, "destination");
        String json = text(memory, ptr, len, MAX_JSON_BYTES, "messages");
        return HostFunctions.copy(memory, Text.utf8(run.call().chat().render(model, json, (flags & OPEN) != 0)), dst, max);
    }

    long model(GuestMemory memory, int model, long dst, long max) {
        memory.require(dst, max, "destination");
        return HostFunctions.copy(memory, Text.utf8(run.call().chat().describe(model)), dst, max);
    }

    long finish(int reason) {
        if (reason < 0 || reason >= REASONS.length) {
            throw new AbiException(AbiError.BAD_OPTION,
                    "a reason must be 0 stop, 1 length, 2 content_filter or 3 tool_calls, not "
                            + reason);
        }
        run.finish(REASONS[reason]);
        return 0;
    }

    long toolCall(GuestMemory memory, long id, long idLen, long name, long nameLen, long args, long argsLen) {
        String callId = name(memory, id, idLen, "id");
        String tool = name(memory, name, nameLen, "name");
        String arguments = text(memory, args, argsLen, MAX_JSON_BYTES, "arguments");
        if (!run.call().chat().takesToolCalls()) {
            throw new AbiException(AbiError.NOT_PERMITTED, "the answer of this request has no place for calls of tools");
        }
        run.answer().charge(LEAST_BYTES + argsLen);
        run.notices().toolCall(callId, tool, arguments);
        return 0;
    }

    long event(GuestMemory memory, long name, long nameLen, long json, long jsonLen) {
        String called = name(memory, name, nameLen, "name");
        String content = text(memory, json, jsonLen, MAX_JSON_BYTES, "event");
        run.answer().charge(LEAST_BYTES + jsonLen);
        run.notices().event(called, content);
        return 0;
    }

    long refuse(GuestMemory memory, int status, long code, long codeLen, long text, long textLen) {
        String reason = name(memory, code, codeLen, "code");
        String why = text(memory, text, textLen, MAX_TEXT_BYTES, "text");
        if (!STATUSES.contains(status)) {
            throw new AbiException(AbiError.BAD_OPTION, "a status must be 400, 403, 409, 422 or 429, not " + status);
        }
        if (run.answer().begun()) {
            throw new AbiException(AbiError.NOT_PERMITTED, "a part of the answer was sent already");
        }
        throw new GuestAbort(new GuestRefusal(status, reason, why));
    }

    long usage(GuestMemory memory, long dst, long size) {
        memory.require(dst, size, "destination");
        Usage last = run.lastUsage();
        Usage all = run.usage();
        ByteBuffer out = ByteBuffer.allocate(USAGE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (Usage u : new Usage[]{last, all}) {
            out.putInt(u.promptTokens()).putInt(u.cachedTokens()).putInt(u.generatedTokens());
        }
        Supervision s = run.supervision();
        long millis = Math.min(s.remainingNanos(), run.call().context().remainingNanos()) / 1_000_000;
        out.putLong(TimeUnit.NANOSECONDS.toMicros(s.cpuNow())).putInt((int) Math.clamp(millis, 0, Integer.MAX_VALUE))
                .putInt(Math.max(0, run.limits().generatedTokens() - all.generatedTokens()));
        memory.write(dst, out.array(), 0, (int) Math.min(size, USAGE_BYTES), "destination");
        return USAGE_BYTES;
    }

    /** Where calls and events go, in the order of the text. */
    interface Notices {
        void toolCall(String id, String name, String arguments);

        void event(String name, String json);
    }
}
