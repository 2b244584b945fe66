package ai.realm.core.chat.tools;

import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;

/** Finds the format that a chat template's model was trained on. */
public final class ChatFormats {
    private record Family(Predicate<String> fits, Function<String, ChatFormat> format) {}

    /** The more particular first: what the later ones look for can be found in templates of the earlier ones. */
    private static final List<Family> FAMILIES = List.of(new Family(HarmonyFormat::fits, HarmonyFormat::of),
            new Family(CommandFormat::fits, CommandFormat::of), new Family(MiniMaxFormat::fits, MiniMaxFormat::of),
            new Family(GlmFormat::fits, GlmFormat::of), new Family(QwenCoderFormat::fits, QwenCoderFormat::of),
            new Family(KimiFormat::fits, KimiFormat::of), new Family(DeepSeekFormat::fits, DeepSeekFormat::of),
            new Family(MistralFormat::fits, MistralFormat::of), new Family(GemmaFormat::fits, GemmaFormat::of),
            new Family(LfmFormat::fits, LfmFormat::of), new Family(FunctionaryFormat::fits, FunctionaryFormat::of),
            new Family(GraniteFormat::fits, GraniteFormat::of), new Family(PhiFormat::fits, PhiFormat::of),
            new Family(SmolLmFormat::fits, SmolLmFormat::of), new Family(HermesFormat::fits, HermesFormat::of),
            new Family(LlamaPythonFormat::fits, LlamaPythonFormat::of), new Family(LlamaFormat::fits, LlamaFormat::of));

    private ChatFormats() {
    }

    /** The format of a template by its text; the generic one for a text without any marks of calls. */
    public static ChatFormat of(String template) {
        for (Family f : FAMILIES) {
            if (f.fits.test(template)) {
                return f.format.apply(template);
            }
        }
        return GenericFormat.of(template);
    }
}
